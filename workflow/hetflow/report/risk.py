"""Effects by baseline risk on the page: what the risk is worth, what it says of the effect, table and figure."""

from __future__ import annotations

from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.captions import Caption
from hetflow.report.disclosure import mask_counts
from hetflow.report.drawn import Drawn, Shown
from hetflow.report.figures_risk import risk_figure
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from hetflow.report.printed import Number, number_of
from hetflow.report.risk_tables import by_group, groups_table, performance_table, relation_table
from hetflow.report.words import Words, opening, part

RELATIVE = {"ratio": "ratio of the arms' means", "odds ratio": "odds ratio"}


def shown(inputs: ReportInputs, words: Words, minimum: int) -> Shown:
    """Tables, figure, and what may leave the study."""
    found = inputs.appraisal("risk")
    if found is None or not found.facts["models"]:
        return Shown()
    tables = [
        groups_table(found, words, minimum),
        relation_table(found, words),
        performance_table(found, words),
    ]
    groups = by_group(found, minimum)
    exported = {"risk_groups": groups, "risk_performance": found.tables["performance"]}
    effects = found.tables["effects"].copy()
    few = effects["n"] < minimum
    effects.loc[few, ["estimate", "se", "lower", "upper", "p"]] = float("nan")
    exported["risk_effects"] = mask_counts(effects, ["n"], minimum)
    figure = _draw(found, words, minimum)
    return Shown(tables, {"risk": figure} if figure else {}, exported)


def parts(inputs: ReportInputs, words: Words, minimum: int) -> list[tuple[str, Any]]:
    """Sentences, figure and tables of the section; nothing where the appraisal was not made."""
    found = inputs.appraisal("risk")
    if found is None:
        return []
    left_out = [("text", f"{opening(str(notice))}.") for notice in found.facts["notices"]]
    if not found.facts["models"]:
        return left_out
    texts = [_made(found, words), _worth(found, words), _absolute(found, words), _relative(found, words)]
    return [
        *(("text", text) for text in texts if text),
        ("figure", "risk"),
        ("table", "risk_groups"),
        ("table", "risk_relation"),
        ("table", "risk_performance"),
        *left_out,
    ]


def _made(found: AppraisalInputs, words: Words) -> str:
    facts = found.facts
    own = (
        "The prognosis is the expected outcome given covariates, predicted for both arms together without being told "
        "the arm, by models that have not seen the participant's fold, and recalibrated on the other folds."
    )
    if facts["preferred"] == "external":
        score = words.covariate(str(facts["score"]))
        own = f"“{score}”, a score developed elsewhere, goes first; the study's own risk stands beside it. {own}"
    caution = (
        " It is the mean over both arms: where the effect differs much between participants, it is itself a part of "
        "this prognosis, and an effect that goes with it says no more than that."
    )
    rest = "" if words.randomised else " In an observational study this describes, and brings no p-value."
    return own + (caution if "internal" in facts["models"] else "") + rest


def measure(found: AppraisalInputs, name: str) -> Number | None:
    """A measure of the preferred, recalibrated risk."""
    table = found.tables["performance"]
    rows = table[(table["model"] == found.facts["preferred"]) & (table["version"] == "recalibrated")]
    rows = rows[rows["measure"] == name]
    if rows.empty:
        return None
    return number_of(rows.to_dict("records")[0])


def _worth(found: AppraisalInputs, words: Words) -> str:
    auc, slope = measure(found, "auc"), measure(found, "calibration_slope")
    r2 = measure(found, "brier_r2" if found.facts["binary"] else "r2")
    said = []
    if auc is not None:
        said.append(
            f"Of two participants with and without the outcome, it ranks the pair rightly in "
            f"{fmt.percent(auc.estimate)} of the cases (C-statistic {_bare(auc, words)})"
        )
    elif r2 is not None:
        share = fmt.percent(max(r2.estimate, 0.0))
        said.append(f"It explains {share} of the outcome's variation (R² {_bare(r2, words)})")
    if slope is not None:
        value = f"{fmt.number(slope.estimate, slope.places)} ({slope.evidence(words.level)})"
        said.append(f"its calibration slope after recalibration is {value}, where 1 is right")
    return "; ".join(said) + "." if said else ""


def _bare(value: Number, words: Words) -> str:
    """``0.29; 95 % CI 0.21 to 0.36``, for use within brackets."""
    return f"{fmt.number(value.estimate, value.places)}; {value.evidence(words.level)}"


def effect_rows(found: AppraisalInputs, estimand: str) -> list[dict[str, Any]]:
    """Rows of one estimand for the preferred risk."""
    table = found.tables["effects"]
    keep = (table["model"] == found.facts["preferred"]) & (table["estimand"] == estimand)
    return [{str(key): value for key, value in row.items()} for row in table[keep].to_dict("records")]


def _absolute(found: AppraisalInputs, words: Words) -> str:
    groups = effect_rows(found, "risk_groups")
    gap = effect_rows(found, "risk_groups_difference")
    if len(groups) < 2 or not gap:
        return ""
    best, worst = (number_of(groups[place], words.factor) for place in (0, -1))
    difference = number_of(gap[0], words.factor)
    piece = part(len(groups))
    verdict = {
        0: "the interval of the difference includes 0",
        1: "the difference is shown to be positive",
        -1: "the difference is shown to be negative",
    }[difference.direction]
    return (
        f"On the absolute scale, the effect is {worst.shown(words.unit, words.level)} in the {piece} with the worst "
        f"prognosis and {best.shown(words.unit, words.level)} in that with the best; worst minus best "
        f"{difference.shown(words.unit, words.level)}: {verdict}."
    )


def _relative(found: AppraisalInputs, words: Words) -> str:
    rows = effect_rows(found, "interaction")
    if not rows:
        if effect_rows(found, "ratio"):
            return ""
        return "A relative effect has no meaning for an outcome that can be negative, and is left out."
    row = rows[0]
    bounds = f"{words.level}\u00a0CI {fmt.interval(row['lower'], row['upper'], 2)}"
    p = f"; {fmt.p_value(row['p'])}" if fmt.known(row["p"]) else ""
    tells = "holds" if row["lower"] <= 1 <= row["upper"] else "leaves out"
    return (
        f"On the relative scale, one standard deviation of worse prognosis multiplies the {RELATIVE[row['scale']]} of "
        f"treated to controls by {fmt.number(row['estimate'], 2)} ({bounds}{p}); the interval {tells} 1, that is the "
        f"same relative effect at every risk. {_constant(str(row['scale']), words)}"
    )


def _constant(scale: str, words: Words) -> str:
    """What a constant relative effect does to the absolute one: it follows the expected outcome, not the prognosis."""
    if scale == "odds ratio":
        return "A constant odds ratio makes the absolute effect largest where about half have the outcome."
    towards = "worse" if words.better == "lower" else "better"
    return (
        "A constant ratio makes the absolute effect grow with the expected outcome, that is towards the "
        f"{towards} prognosis."
    )


def _draw(found: AppraisalInputs, words: Words, minimum: int) -> Drawn | None:
    """The effect against the predicted outcome, absolutely and, if there, relatively, over the distribution of risk."""
    groups = by_group(found, minimum)
    groups = groups[(groups["model"] == found.facts["preferred"]) & groups["predicted"].notna()]
    effects = pd.DataFrame(effect_rows(found, "risk_groups"))
    ratios = pd.DataFrame(effect_rows(found, "odds_ratio") or effect_rows(found, "ratio"))
    frame = groups[["group", "predicted"]].merge(effects[["group", "estimate", "lower", "upper"]], on="group")
    if len(frame) < 2:
        return None
    frame[["predicted", "estimate", "lower", "upper"]] *= words.factor
    if len(ratios):
        names = {"estimate": "ratio", "lower": "ratio_lower", "upper": "ratio_upper"}
        frame = frame.merge(ratios[["group", *names]].rename(columns=names), on="group", how="left")
    bars = found.tables["distribution"]
    bars = bars[(bars["model"] == found.facts["preferred"]) & (bars["n"] >= minimum)]
    bars = bars[["lower", "upper", "n"]].assign(
        lower=words.factor * bars["lower"], upper=words.factor * bars["upper"]
    )
    caption = _caption(frame, words, "ratio" in frame)
    relative = "Odds ratio" if len(effect_rows(found, "odds_ratio")) else "Ratio of means"
    svg = risk_figure(frame, bars, words, relative, caption.title, caption.alternative)
    return Drawn(svg, caption, frame)


def _caption(frame: pd.DataFrame, words: Words, relative: bool) -> Caption:
    piece = part(len(frame))
    low, high = frame["estimate"].iloc[0], frame["estimate"].iloc[-1]
    beneath = " Beneath: treated over controls, on a logarithmic axis; 1 is no effect." if relative else ""
    return Caption(
        "The effect by baseline risk",
        f"Effect in each {piece} of the prognosis, with {words.level} intervals, at the outcome predicted for its "
        f"members; the worse prognosis is to the right.{beneath} Grey: how many participants have such a prognosis "
        "(bins with few are left out).",
        f"Effects in {len(frame)} groups from the best to the worst prognosis: from "
        f"{fmt.with_unit(fmt.number(low, 2), words.unit)} to {fmt.with_unit(fmt.number(high, 2), words.unit)}. "
        "The table below has the numbers.",
    )
