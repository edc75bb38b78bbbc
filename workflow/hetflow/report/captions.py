"""Titles, captions and alternative texts of the figures, in the study's words."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.described import said_of_displays
from hetflow.report.figures_displays import NOT_APPLICABLE
from hetflow.report.printed import Number
from hetflow.report.words import Words, listed

ORDER = (
    *("flow", "missingness", "masks", "patterns", "comissing", "nesting", "dependence", "dropout"),
    *("sensitivity", "overlap", "average", "toc", "groups", "displays", "analyses"),
)


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands under a figure, and what is read aloud in its place."""

    title: str
    text: str
    alternative: str


def flow_caption(steps: pd.DataFrame) -> Caption:
    """Of the participant flow."""
    chain = "; ".join(f"{row.label}: {row.count}" for row in steps.itertuples())
    return Caption(
        "Participant flow",
        "From the data file to those analysed; boxes to the right count who left, and why.",
        f"Flow chart from top to bottom. {chain}.",
    )


def missingness_caption(shares: pd.DataFrame) -> Caption:
    """Of the bars of missing values."""
    top = "; ".join(
        f"{row['label']} {fmt.percent(row['missing'])}" for row in shares.head(5).to_dict("records")
    )
    return Caption(
        "What is missing",
        "Share of participants without a value. Variables of one panel, or missing in exactly the same "
        "participants, share a bar (the mean of the panel). Grey: the value does not exist for these "
        "participants, so it is not missing.",
        f"Bar chart of the share missing, from most to least. {top}.",
    )


def masks_caption(patterns: pd.DataFrame, minimum: int) -> Caption:
    """Of the map of missingness patterns."""
    own = int((patterns["label"] == "pattern").sum())
    rest = patterns.loc[patterns["label"] == "others", "units"].sum()
    tail = (
        f" The last band puts together {fmt.count(rest)} participants in patterns shared by fewer than "
        f"{minimum}; its shade is the share missing."
        if rest
        else ""
    )
    return Caption(
        "What goes missing together",
        "A column stands for variables missing in the same participants, a band for participants who miss "
        f"the same; a band's height is their share. Blue: missing.{tail}",
        f"Map of {own} patterns of missing values against {patterns.shape[1] - 2} sets of variables. The most frequent "
        f"pattern is that of {_share_of_first(patterns)} of the participants shown.",
    )


def _share_of_first(patterns: pd.DataFrame) -> str:
    units = patterns.loc[patterns["label"] == "pattern", "units"]
    return fmt.percent(float(units.max() / patterns["units"].sum())) if len(units) else "none"


def sensitivity_caption(words: Words, shares: dict[str, float], ranked: bool, reach: float) -> Caption:
    """Of the planes of shifts and the effect by shift."""
    ranking = (
        " Right: where the ranking by predicted effect is still shown to find those who gain more."
        if ranked
        else ""
    )
    return Caption(
        "What missing outcomes could change",
        "Suppose that outcomes nobody saw were higher or lower than the observed ones predict. Across: by how much of "
        f"a standard deviation in the treated ({words.treated}); upwards: in the controls ({words.control}). The dot "
        "is no shift; rings mark where the finding tips if one arm is shifted alone. Left: whether the "
        f"{words.level} interval of the average effect shows a benefit or a harm, or includes none.{ranking} Beneath: "
        "the average effect by shift. The outcome is missing for "
        f"{fmt.percent(shares['treated'])} with {words.treated} and {fmt.percent(shares['control'])} with "
        f"{words.control}.",
        f"Maps of the findings over shifts of the missing outcomes of both arms, up to {fmt.number(reach, 1)} standard "
        "deviations either way, and the average effect with its interval against the shift. The tables below have "
        "the numbers.",
    )


def overlap_caption(words: Words, balance: pd.DataFrame, histogram: bool) -> Caption:
    """Of overlap and balance."""
    widest = balance["before"].abs().max() if len(balance) else 0.0
    above = "Above: how likely treatment was for those treated and those not. Below: d" if histogram else "D"
    return Caption(
        "Overlap and balance" if histogram else "Balance of the arms",
        f"{above}ifferences of covariate means between the arms in standard deviations; the band marks ±0.1. "
        "The covariates that differ most come first.",
        f"{'Mirrored histogram of the propensity by arm, and ' if histogram else ''}dot plot of standardised "
        f"differences of {len(balance)} covariate terms; the largest is {fmt.number(widest, 2)}.",
    )


def average_caption(words: Words, effects: list[Number]) -> Caption:
    """Of the average effects."""
    values = "; ".join(f"{effect.label}: {effect.shown(words.unit, words.level)}" for effect in effects)
    return Caption(
        "The average effect, over four target populations",
        f"{words.treated} minus {words.control}, with {words.level} intervals. {words.better.capitalize()} "
        "is better.",
        f"Dot plot of average effects. {values}.",
    )


def toc_caption(words: Words, curve: pd.DataFrame) -> Caption:
    """Of the targeting operator characteristic."""
    near = curve.iloc[(curve["q"] - 0.25).abs().argsort()[:1]]
    share, gain = 100 * float(near["q"].iloc[0]), float(near["estimate"].iloc[0])
    return Caption(
        "What treating those ranked first would gain",
        "Benefit among the share of participants ranked first by out-of-bag predicted effect, beyond the "
        "average benefit; the area under it is the AUTOC. The shade reaches down to the pointwise one-sided "
        f"{words.level} lower bound. A flat curve at zero means that the ranking finds nobody who gains "
        "more. Where there is nothing to find, out-of-bag effects rank a little the wrong way round: a curve below "
        "zero says no more than a flat one.",
        f"Curve that falls to zero at 100 per cent; at {share:.0f} per cent it stands at "
        f"{fmt.with_unit(fmt.number(gain, 2), words.unit)}.",
    )


def groups_caption(words: Words, groups: pd.DataFrame) -> Caption:
    """Of the effects by group: ``section, label, text``."""
    told = "; ".join(
        f"{section}: " + ", ".join(f"{row['label']} {row['text']}" for row in rows.to_dict("records"))
        for section, rows in groups.groupby("section", sort=False)
    )
    return Caption(
        "For whom: effects by group",
        f"{words.treated} minus {words.control} in each group, with {words.level} intervals; the dashed line "
        f"is the average effect. {words.better.capitalize()} is better. Groups by predicted benefit use "
        "forests of the folds before the participant's own: the first fold is left out, and groups are made within a "
        "fold.",
        f"Dot plot of effects in groups{words.in_unit}. {told}.",
    )


def displays_caption(words: Words, displays: pd.DataFrame) -> Caption:
    """Of the effects against covariates."""
    labels = list(dict.fromkeys(displays["label"]))
    away = displays["level"] == NOT_APPLICABLE
    hollow = "Hollow: participants to whom the covariate does not apply. " if away.any() else ""
    return Caption(
        "The effect against each covariate",
        f"Mean effect in bins of a covariate, with pointwise {words.level} intervals; the dashed line is the "
        f"average effect. {hollow}One covariate at a time: a pattern here may belong to another covariate "
        "that goes with it.",
        f"Panels of effects in bins of {listed(labels)}. {said_of_displays(displays, words)}",
    )


def analyses_caption(words: Words, analyses: pd.DataFrame) -> Caption:
    """Of the forest plot over analyses: ``label, ATE_estimate, ATE_se``."""
    labels, effects = list(analyses["label"]), analyses["ATE_estimate"].dropna()
    places = fmt.decimals(float(analyses["ATE_se"].median()))
    reach = [
        fmt.with_unit(fmt.number(float(end), places), words.unit) for end in (effects.min(), effects.max())
    ]
    told = f" Average effects lie between {reach[0]} and {reach[1]}." if len(effects) else ""
    return Caption(
        "How the analyses differ",
        f"The primary analysis in colour, the others beneath. Effects are {words.treated} minus "
        f"{words.control}; AUTOC and the gap between the groups of greatest and least predicted benefit are "
        "in benefit units. AUTOC has a one-sided interval.",
        f"Forest plot of average effect, AUTOC and gap over {len(labels)} analyses: {listed(labels)}.{told}",
    )
