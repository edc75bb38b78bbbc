"""ICEMAN: is a suggested effect modification credible? The questions for trials, in words of our own.

The instrument judges one modifier at a time, and only where the data suggest a modification (p below 0.1). Its response
options and its overall rating are a judgement of people, which hetflow does not make; it says where what they need is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hetflow.multiplicity import holm
from hetflow.report import formats as fmt
from hetflow.report import picks
from hetflow.report.reporting.items import NOT_APPLICABLE, Answer, Checklist, Item, Rule, authors, shown
from hetflow.report.reporting.run import PLAN, Run
from hetflow.report.words import listed

SUGGESTED = 0.1
"""The p-value of an interaction below which the instrument speaks of a suggested modification."""
SLOPES = "#table-projection"


@dataclass(frozen=True, slots=True)
class Modifier:
    """A covariate that the study file names, as the projection sees it."""

    term: str
    label: str
    kind: str
    p: float
    p_holm: float


def modifiers(run: Run) -> list[Modifier]:
    """Terms of the primary analysis' projection, with their p-values where these may be printed."""
    rows = picks.projection_rows(run.inputs.estimates, run.inputs.primary)
    adjusted = holm(rows["p"].to_numpy(dtype=np.float64)) if len(rows) else np.empty(0)
    kinds = {column["name"]: str(column["kind"]) for column in run.inputs.cohort["columns"]}
    return [
        Modifier(
            str(row["term"]),
            run.words.covariate(str(row["term"])),
            kinds.get(str(row["term"]).partition("=")[0], ""),
            float(row["p"]),
            float(p),
        )
        for row, p in zip(rows.to_dict("records"), adjusted, strict=True)
    ]


def suggested(run: Run) -> list[Modifier]:
    """Those whose slope suggests a modification."""
    return [one for one in modifiers(run) if one.p < SUGGESTED]


def _if_suggested(rule: Rule) -> Rule:
    """The rule where a modification is suggested; else why the instrument does not apply."""

    def answer(run: Run) -> Answer:
        named = modifiers(run)
        if not named:
            return Answer(f"{NOT_APPLICABLE}: the study file names no covariate (`estimates.projection`)")
        if all(one.p != one.p for one in named):
            return Answer(f"{NOT_APPLICABLE}: slopes bring no p-value in an observational design")
        if not suggested(run):
            return Answer(
                f"{NOT_APPLICABLE}: no named covariate has a slope with p below {SUGGESTED}", (SLOPES,)
            )
        return rule(run)

    return answer


def _which(run: Run) -> Answer:
    names = listed([f"“{one.label}”" for one in suggested(run)])
    return Answer("reported", run.there((SLOPES,)), f"Slopes suggest it for {names}; one form for each")


def _chance(run: Run) -> Answer:
    told = [
        f"“{one.label}” {fmt.p_value(one.p)}, by Holm {fmt.p_value(one.p_holm)}" for one in suggested(run)
    ]
    return Answer("reported", run.there((SLOPES, "#table-ledger")), "; ".join(told))


def _number(run: Run) -> Answer:
    count = len(modifiers(run))
    note = f"{count} slopes were fitted together; p-values by Holm allow for their number"
    return Answer("reported", run.there((SLOPES, "#table-ledger")), note)


def _cuts(run: Run) -> Answer:
    smooth = [one for one in suggested(run) if one.kind in ("continuous", "count")]
    if not smooth:
        return Answer(f"{NOT_APPLICABLE}: no suggested modifier is continuous")
    names = {one.term for one in smooth}
    rules = run.methods["estimates"]["rules"].values()
    cut = [rule for rule in rules if rule["covariate"] in names and not rule.get("levels")]
    note = "Slopes use the covariate as measured"
    if any(rule.get("cuts") for rule in cut):
        note += "; groups use cut points of the study file: say why these"
    elif cut:
        note += "; groups are cut at quantiles, and only describe"
    return Answer("reported", run.there((SLOPES, "#figure-displays", "#table-groups")), note)


_SECTIONS = (
    (
        "First",
        (
            Item("a", "One outcome and its time", _if_suggested(shown("#table-estimand"))),
            Item(
                "b",
                "One measure of effect",
                _if_suggested(shown("#table-estimand", more=(SLOPES,), note="Slopes of the absolute effect")),
            ),
            Item("c", "One modifier", _if_suggested(_which)),
        ),
    ),
    (
        "Questions for trials",
        (
            Item(
                "1",
                "Was the direction foreseen?",
                _if_suggested(authors("The study file names covariates, not directions", PLAN)),
            ),
            Item("2", "Does evidence from before support it?", _if_suggested(authors())),
            Item("3", "Is chance an unlikely explanation, by a test of interaction?", _if_suggested(_chance)),
            Item(
                "4", "Were few modifiers looked at, or was their number allowed for?", _if_suggested(_number)
            ),
            Item("5", "If it is continuous, were arbitrary cut points avoided?", _if_suggested(_cuts)),
        ),
    ),
    (
        "Judgement",
        (
            Item("6", "Anything else that makes it more or less credible", _if_suggested(authors())),
            Item("7", "Overall credibility, judged by two people apart", _if_suggested(authors())),
        ),
    ),
)
ICEMAN = Checklist(
    "iceman",
    "ICEMAN",
    "Schandelmaier and others, CMAJ 2020;192:E901-6. Questions 1 to 7 are those of the form for trials, the wording is "
    "not; it is filled in once for each suggested modifier.",
    "schandelmaier2020",
    _SECTIONS,
)
