"""Would we find it again? What seeds, imputations, folds and settings add to the error of the headline numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report import picks
from hetflow.report.captions import Caption
from hetflow.report.drawn import Drawn, Shown
from hetflow.report.figures_stability import stability_figure
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words, listed, opening

NAME = "stability"
_LABELS = {
    "ATE": "average effect",
    "AUTOC": "ranking (AUTOC, out of bag)",
    "sequential_AUTOC": "sequential RATE",
    "sequential_groups_difference": "gap between groups by predicted benefit",
    "calibration": "calibration: spread",
}
_SOURCES = ("seed", "imputations", "folds", "tuning")
_HEADS = {
    "seed": "Seed of the forests",
    "imputations": "Finite imputations",
    "folds": "Draw of the folds",
    "tuning": "Other settings",
}
_AGAIN = {
    "seed": "another seed of the forests",
    "imputations": "other imputations",
    "folds": "another draw of the folds",
    "tuning": "other forest settings",
}
_RANKINGS = ("AUTOC", "sequential_AUTOC")
#: Greatest share that is printed as it is.
_MOST_SHARE = 10.0
#: Most estimates that are drawn; the table has all.
_MOST_DRAWN = 16


def found(inputs: ReportInputs) -> AppraisalInputs | None:
    """What the primary analysis' appraisal left behind, if it was asked for and looked at any number."""
    own = inputs.appraisal(NAME)
    return own if own is not None and len(own.tables["components"]) else None


def shown(inputs: ReportInputs, words: Words, minimum: int) -> Shown:
    """Table, figure and exported tables; nothing where stability was not looked at."""
    own = found(inputs)
    if own is None:
        return Shown()
    parts, moved = own.tables["components"], own.tables["refits"]
    drawn = moves_drawn(parts, moved, words)
    exported = {"stability_components": parts, "stability_refits": moved}
    return Shown([stability_table(parts, own.facts, words)], {NAME: drawn}, exported)


def parts(inputs: ReportInputs, words: Words, minimum: int) -> list[tuple[str, Any]]:
    """Sentences, figure and table of the section."""
    own = found(inputs)
    if own is None:
        return []
    section = inputs.methods[NAME]
    texts = [
        _done(own.facts, section),
        _monte_carlo(own.tables["components"], own.facts, words),
        *advice(own.facts, words.randomised),
        *(_moved(own.tables["components"], source, words) for source in ("folds", "tuning")),
    ]
    return [*(("text", text) for text in texts if text), ("figure", NAME), ("table", NAME)]


def label(row: Mapping[Any, Any], words: Words) -> str:
    """What an estimate is called."""
    estimand, term = str(row["estimand"]), str(row["term"])
    if estimand == "projection":
        return f"slope: {words.covariate(term)}"
    if estimand == "rule_groups_difference":
        return f"{words.rule(term)}: {picks.between(str(row['group']))}"
    return _LABELS[estimand]


def _called(row: Mapping[Any, Any], words: Words) -> str:
    """The same within a sentence."""
    named = label(row, words)
    return f"the {named}" if str(row["estimand"]) in _LABELS else f"“{opening(named)}”"


def _keys(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    columns = ["estimand", "group", "term"]
    return list(table[columns].drop_duplicates().itertuples(index=False, name=None))


def _of(table: pd.DataFrame, key: tuple[Any, ...]) -> pd.DataFrame:
    return table[(table["estimand"] == key[0]) & (table["group"] == key[1]) & (table["term"] == key[2])]


def stability_table(table: pd.DataFrame, facts: Mapping[str, Any], words: Words) -> Table:
    """Shares of the sampling variance by source, with their intervals."""
    rows = []
    for key in _keys(table):
        own = _of(table, key).set_index("source")
        cells = [_share(own, source) for source in _SOURCES]
        error = fmt.percent(float(own["share"]["monte_carlo"]) ** 0.5)
        name = opening(label(own.reset_index().to_dict("records")[0], words))
        rows.append(Cell((name, *cells, error)))
    level = fmt.level(float(facts["confidence"]))
    note = (
        f"Variance from each source as a share of the sampling variance (the squared standard error), with {level} "
        "intervals; a component estimated below zero is given as 0. The last column is the standard deviation from "
        "finitely many trees and imputations together, as a share of the standard error. Standard errors hold none "
        "of this."
    )
    head = ("Estimate", *(_HEADS[source] for source in _SOURCES), "Monte Carlo error")
    caption = "What another run would change, as shares of the sampling variance"
    return Table(NAME, caption, head, tuple(rows), (0,), note)


def _share(own: pd.DataFrame, source: str) -> str:
    if source not in own.index:
        return fmt.NONE
    share, low, high = (float(own[name][source]) for name in ("share", "share_lower", "share_upper"))
    return f"{_percent(share)} ({_percent(low)}{fmt.SPACE}to{fmt.SPACE}{_percent(high)})"


def _percent(share: float) -> str:
    """A share as per cent; what is many times the sampling variance is not told to the last digit."""
    return fmt.percent(share) if share <= _MOST_SHARE else f">{fmt.SPACE}{fmt.percent(_MOST_SHARE)}"


def ranking_sentence(inputs: ReportInputs) -> str:
    """For the first page: what of that which was looked at moves the ranking most, with the interval of how far."""
    own = found(inputs)
    if own is None:
        return ""
    table = own.tables["components"]
    rows = table[table["estimand"].isin(_RANKINGS) & table["source"].isin(_SOURCES) & table["share"].notna()]
    if rows.empty:
        return ""
    worst = rows.sort_values(["share", "share_upper"], kind="stable").to_dict("records")[-1]
    looked = [_AGAIN[source] for source in _SOURCES if source in set(rows["source"])]
    low, high = _percent(float(worst["share_lower"])), _percent(float(worst["share_upper"]))
    level = fmt.level(float(own.facts["confidence"]))
    few = "; so few refits cannot say more" if worst["share_upper"] > 1 else ""
    size = f"some {_percent(float(worst['share']))} ({level} interval {low} to {high}{few})"
    adds = f"would add {size} to the sampling variance of the {_LABELS[worst['estimand']]}"
    if len(looked) == 1:
        return f"{opening(looked[0])} {adds}."
    several = worst["source"] in ("imputations", "tuning")
    moves = "move this ranking most: they" if several else "moves this ranking most: it"
    return f"Of {listed(looked)}, {_AGAIN[worst['source']]} {moves} {adds}."


def _done(facts: Mapping[str, Any], section: Mapping[str, Any]) -> str:
    refits = facts["refits"]
    draws = sum(name.startswith("folds-") for name in refits)
    settings = [
        name.removeprefix("tuning-").replace("_", " ") for name in refits if name.startswith("tuning-")
    ]
    how = [f"with {draws} further draw{'s' if draws > 1 else ''} of the folds"] if draws else []
    how += [f"with other settings ({listed(settings)})"] if settings else []
    return (
        f"The analysis was gone through again {len(refits)} times from its outcome mean and propensity on, "
        f"{listed(['with its own folds and settings', *how])}. Each time the forests had {section['trees']} trees "
        f"for each of {min(section['imputations'], facts['used']['imputations'])} completed data sets; the share of "
        "the differences that so few trees explain was taken off."
    )


def _monte_carlo(table: pd.DataFrame, facts: Mapping[str, Any], words: Words) -> str:
    rows = table[table["source"] == "monte_carlo"]
    errors = rows["share"].to_numpy() ** 0.5
    worst = rows.to_dict("records")[int(errors.argmax())]
    used, several = facts["used"], facts["used"]["imputations"] > 1
    what = "another seed and other imputations" if several else "another seed"
    first = rows[rows["estimand"] == "ATE"]
    head = f"{opening(what)} would move "
    if len(first):
        error = fmt.percent(float(first["share"].iloc[0]) ** 0.5)
        head += f"the average effect by some {error} of its standard error, and "
    verdict = "which is within" if facts["enough"] else "which exceeds"
    return (
        f"{head}no number of the table by more than some {fmt.percent(float(errors.max()))} ({label(worst, words)}), "
        f"{verdict} the {fmt.percent(facts['permitted'])} that the study permits. It has {fmt.count(used['trees'])} "
        f"trees for each of {used['imputations']} completed data sets."
    )


def advice(facts: Mapping[str, Any], randomised: bool) -> list[str]:
    """What to write into the study file where seeds and imputations move the numbers too much."""
    wanted, used = facts["advice"], facts["used"]
    if not wanted:
        return []
    names = {"trees": "forest.trees", "held_out_trees": "forest.held_out_trees"}
    names["imputations"] = "missingness.imputations"
    raised = [f"{names[key]}: {wanted[key]}" for key in names if wanted[key] > used[key]]
    text = f"{listed(raised)} should be enough. Write this into the study file and run it again."
    if wanted["imputations"] > used["imputations"]:
        text += (
            " Completed data sets that are there stay; the outcome mean reads all of them"
            if randomised
            else ""
        )
        text += ", so that it and the forests are made anew." if randomised else ""
    else:
        text += " Trees that are there stay as they are, and the refits too."
    return [text]


def _moved(table: pd.DataFrame, source: str, words: Words) -> str:
    rows = table[table["source"] == source]
    if rows.empty:
        return ""
    ordered: Sequence[Mapping[Any, Any]] = rows.sort_values("share", ascending=False, kind="stable").to_dict(
        "records"
    )
    most = ordered[0]
    what = "Another draw of the folds" if source == "folds" else "Other settings that are as defensible"
    mean = rows[rows["estimand"] == "ATE"]
    text = f"{what} would move "
    if len(mean):
        text += f"the average effect by some {_error(mean.to_dict('records')[0])} of its standard error"
        text += (
            f", and most of all {_called(most, words)}, by {_error(most)}"
            if most["estimand"] != "ATE"
            else ""
        )
    else:
        text += f"most of all {_called(most, words)}, by {_error(most)} of its standard error"
    return text + " (standard deviations)."


def _error(row: Mapping[Any, Any]) -> str:
    """Standard deviation as a share of the standard error, with its bounds."""
    low, high = float(row["share_lower"]) ** 0.5, float(row["share_upper"]) ** 0.5
    return f"{_percent(float(row['share']) ** 0.5)} ({_percent(low)} to {_percent(high)})"


def moves_drawn(table: pd.DataFrame, moved: pd.DataFrame, words: Words) -> Drawn:
    """The figure of how far each refit's estimates lie from those of the study's own folds and settings."""
    keys = _keys(table)[:_MOST_DRAWN]
    names = [opening(label(_of(table, key).to_dict("records")[0], words)) for key in keys]
    errors = [float(_of(table, key).set_index("source")["share"]["monte_carlo"]) ** 0.5 for key in keys]
    rows = [
        _of(moved, key).assign(label=name, monte_carlo_error=error)
        for key, name, error in zip(keys, names, errors, strict=True)
    ]
    frame = pd.concat(rows, ignore_index=True)
    frame = frame[frame["source"] != "base"].reset_index(drop=True)
    caption = Caption(
        "How far other folds and settings move the headline numbers",
        "Each point is a refit: how far its estimate lies from that of a refit with the study's own folds and "
        "settings, in standard errors of the estimate. Refits have fewer trees than the study, so that a part of the "
        "spread is theirs. The bar is one standard deviation either way of what finitely many trees and imputations "
        "do to the study's own estimate.",
        _alternative(frame, names),
    )
    svg = stability_figure(frame, names, errors, caption.title, caption.alternative)
    return Drawn(svg, caption, frame)


def _alternative(frame: pd.DataFrame, names: Sequence[str]) -> str:
    ranges = []
    for name in names:
        own = frame.loc[frame["label"] == name, "moved"]
        if len(own):
            ranges.append(f"{name} {fmt.signed(float(own.min()))} to {fmt.signed(float(own.max()))}")
    return f"Strip of points for each estimate, in standard errors. {'; '.join(ranges)}."
