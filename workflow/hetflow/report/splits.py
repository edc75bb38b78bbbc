"""What the page shows of repeated sample splits: the slope under heterogeneity, groups and who is in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.captions import Caption
from hetflow.report.disclosure import enough
from hetflow.report.drawn import Drawn, Shown
from hetflow.report.figures_effects import dots_figure
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from hetflow.report.printed import number_of
from hetflow.report.splits_prose import (
    DESCRIBED,
    LEARNERS,
    chosen_rows,
    gap_sentence,
    how,
    left_out,
    slope_sentence,
)
from hetflow.report.tables import Cell, Table, estimate_text
from hetflow.report.words import Words, opening

GATES, WHO, SLOPE = "splits_groups", "splits_who", "splits_slope"
#: Counts below are none, but for rounding.
_NOBODY = 1e-9
_BY = {"repeated splits": "By repeated splits", "sequential forests": "By the forests of the folds before"}


def shown(inputs: ReportInputs, words: Words, minimum: int) -> Shown:
    """Tables, figure and what may leave the study; nothing where the primary analysis was not split."""
    found = inputs.appraisal("splits")
    if found is None:
        return Shown()
    tables = [_slope_table(found, words), _groups_table(found, words, minimum)]
    who = _who_table(inputs, found, words, minimum)
    figure = _figure(found, words, minimum)
    return Shown(
        tables if who is None else [*tables, who],
        {} if figure is None else {GATES: figure},
        {
            "splits_blp": enough(found.tables["blp"], "n", minimum),
            "splits_gates": enough(found.tables["gates"], "n", minimum),
            "splits_proxies": found.tables["proxies"],
            "splits_clan": _releasable(found.tables["clan"], _shares(inputs), minimum),
        },
    )


def slope_parts(inputs: ReportInputs, words: Words, minimum: int) -> list[tuple[str, Any]]:
    """For the section on heterogeneity: heading, sentences, table."""
    found = inputs.appraisal("splits")
    if found is None:
        return [("text", left_out(inputs, words))]
    texts = [("text", how(found)), ("text", slope_sentence(found, words))]
    return [("heading", "Learnt on one half, judged by the other"), *texts, ("table", SLOPE)]


def groups_parts(inputs: ReportInputs, words: Words, minimum: int) -> list[tuple[str, Any]]:
    """For the section on whom: heading, sentences, figure and tables."""
    found = inputs.appraisal("splits")
    if found is None:
        return []
    return [
        ("heading", "Groups by predicted benefit, over many splits"),
        ("text", gap_sentence(found, words)),
        ("figure", GATES),
        ("table", GATES),
        ("text", DESCRIBED),
        ("table", WHO),
    ]


def _slope_table(found: AppraisalInputs, words: Words) -> Table:
    strategy = found.facts["strategy"]
    proxies, table = (
        frame[frame["strategy"] == strategy] for frame in (found.tables["proxies"], found.tables["blp"])
    )
    told = dict(zip(proxies["learner"], np.sqrt(proxies["Lambda"].clip(lower=0)), strict=True))
    rows = []
    for learner in dict.fromkeys(table["learner"]):
        terms = {row["term"]: row for row in table[table["learner"] == learner].to_dict("records")}
        mean = number_of(terms["average"], words.factor)
        slope = number_of(terms["slope"], 1.0)
        spread = fmt.number(words.factor * told[learner], mean.places)
        name = opening(LEARNERS[learner])
        rows.append(Cell((name, estimate_text(mean), estimate_text(slope), spread, fmt.p_cell(slope.p))))
    interval = f"({words.level}\u00a0CI)"
    head = (
        *("Learner", f"Average effect{words.after_comma} {interval}", f"Slope {interval}"),
        *(f"Spread told (sd){words.after_comma}", "p"),
    )
    note = (
        "Slope of the effect on its prediction: 1 where predictions are right in size, 0 where they say nothing. "
        "Spread told: standard deviation of the effect between participants that the predictions account for; the "
        f"learner with the largest is tested, one-sided. {_strategy(found)}"
    )
    return Table(SLOPE, "Best linear predictor of the effect", head, tuple(rows), (0,), note)


def _strategy(found: AppraisalInputs) -> str:
    plain = found.facts["strategy"] == "regression"
    start = (
        "Weighted regression of the outcome"
        if plain
        else "Regression after a Horvitz-Thompson transformation"
    )
    clustered = ", clustered" if found.facts["clustered"] else ""
    return f"{start}, adjusted for the predicted outcome; standard errors HC3{clustered}."


def _groups_table(found: AppraisalInputs, words: Words, minimum: int) -> Table:
    rows = []
    for row in chosen_rows(found.tables["gates"]):
        cells = (fmt.count(row["n"]), estimate_text(number_of(row, words.factor)), fmt.p_cell(row["p"]))
        rows.append(
            Cell((row["group"], *(cells if row["n"] >= minimum else (f"<{minimum}", "not shown", ""))))
        )
    head = ("Group", "Participants", f"Effect{words.after_comma} ({words.level}\u00a0CI)", "p")
    note = (
        f"Effects are {words.treated} minus {words.control}; {words.better} is better. Participants: of one judging "
        "half, the median over splits. The p-value is one-sided, towards more benefit in the last group. "
        f"{_strategy(found)}"
    )
    return Table(
        GATES, "Effects of groups by predicted benefit, over sample splits", head, tuple(rows), (0,), note
    )


def _figure(found: AppraisalInputs, words: Words, minimum: int) -> Drawn | None:
    rows = [row for row in chosen_rows(found.tables["gates"])[:-1] if row["n"] >= minimum]
    if not rows:
        return None
    numbers = [number_of(row, words.factor, str(row["group"])) for row in rows]
    frame = pd.DataFrame(
        {
            "label": [number.label for number in numbers],
            "estimate": [number.estimate for number in numbers],
            "lower": [number.lower for number in numbers],
            "upper": [number.upper for number in numbers],
            "text": [estimate_text(number) for number in numbers],
        }
    )
    read = "; ".join(f"group {number.label}: {number.shown(words.unit, words.level)}" for number in numbers)
    caption = Caption(
        "Effects by predicted benefit, over sample splits",
        f"Medians over {fmt.count(found.facts['splits'])} splits with {words.level} intervals; predictions had not "
        "seen the participants whom they sorted. Dashed: the average effect.",
        f"Dot plot of effects with intervals. {read}.",
    )
    average = number_of(chosen_rows(found.tables["blp"], term="average")[0], words.factor).estimate
    svg = dots_figure(frame, GATES, words.effect_axis, caption.title, caption.alternative, average)
    return Drawn(svg, caption, frame.drop(columns="text"))


def _who_table(inputs: ReportInputs, found: AppraisalInputs, words: Words, minimum: int) -> Table | None:
    shares = _shares(inputs)
    table = _releasable(found.tables["clan"], shares, minimum)
    rows: list[Cell] = []
    for by in _BY:
        block = [row for row in chosen_rows(table, by=by) if row["shown"] == 1]
        rows += [Cell((_BY[by],), heading=True)] if block else []
        rows += [Cell(_who_cells(covariate, block, shares, words), 1) for covariate in _order(block)]
    if not rows:
        return None
    interval = f"Difference ({words.level}\u00a0CI)"
    head = ("Covariate", "Least predicted benefit", "Greatest predicted benefit", interval)
    note = (
        "Means of covariates as patients are seen, gaps filled by the mean of the deployment-mode imputations; of a "
        "level, the share in per cent. First the covariates that the study names, then those in which the groups "
        "differ most (in standard deviations). Covariates that do not apply to all: of those to whom they do. Left out "
        f"are those with fewer than {minimum} participants in a group or a level of it."
    )
    return Table(WHO, "Who is in the outer groups", head, tuple(rows), (0,), note)


def _order(block: list[dict[str, Any]]) -> list[str]:
    """Named covariates first, then by rank."""
    gap = [row for row in block if row["group"] == "difference"]
    ranked = sorted(gap, key=lambda row: (-row["named"], row["rank"] if fmt.known(row["rank"]) else np.inf))
    return [str(row["covariate"]) for row in ranked]


def _who_cells(
    covariate: str, block: list[dict[str, Any]], shares: set[str], words: Words
) -> tuple[str, ...]:
    base, share = covariate.split("=")[0], _is_share(covariate, shares)
    one = {
        row["group"]: number_of(row, 100.0 if share else 1.0)
        for row in block
        if row["covariate"] == covariate
    }
    gap = one["difference"]
    sides = [fmt.number(one[group].estimate, gap.places) for group in ("least", "greatest")]
    level = f", {words.step(base).split(' against ')[0]}" if covariate in shares else ""
    label = words.covariate(covariate) + level
    return (f"{label}, %" if share else label, *sides, estimate_text(gap))


def _shares(inputs: ReportInputs) -> set[str]:
    """Covariates whose means are shares of participants."""
    return {column["name"] for column in inputs.cohort["columns"] if column["kind"] in ("binary", "nominal")}


def _is_share(covariate: str, shares: set[str]) -> bool:
    return covariate.split("=")[0] in shares or covariate.endswith(("__applies", "__missing"))


def _releasable(clan: pd.DataFrame, shares: set[str], minimum: int) -> pd.DataFrame:
    """Covariates both of whose groups are large enough, and so is every level of a share, if it is not empty."""
    keys = ["by", "learner", "covariate"]
    sides = clan[clan["group"] != "difference"]
    n = sides["n"].to_numpy(dtype=np.float64)
    share = np.array([_is_share(name, shares) for name in sides["covariate"]], dtype=bool)
    held = np.where(share, sides["estimate"] * n, n)
    few = (n < minimum) | (share & (_tiny(held, minimum) | _tiny(n - held, minimum)))
    hidden = sides.assign(few=few).groupby(keys)["few"].any().reset_index()
    marked = clan.merge(hidden, on=keys, how="left", sort=False)
    return marked[~marked["few"].to_numpy(dtype=bool)].drop(columns="few").reset_index(drop=True)


def _tiny(count: np.ndarray, minimum: int) -> np.ndarray:
    """Whether counts lie between none and the minimum; means over imputations need not be whole."""
    return (count > _NOBODY) & (count < minimum)
