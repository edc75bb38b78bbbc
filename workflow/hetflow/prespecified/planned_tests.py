"""Which tests a study will make, told from its settings: those that a plan names before any is made.

A test is named by its analysis, its stage and its name, as in the multiplicity ledger (`hetflow.report.ledger`). Data
may leave a planned test out (a single slope has no joint test); none is made that is not named here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hetflow.report.ledger_rows import EXPLORATORY, PLANNED, SENSITIVITY
from hetflow.study.base import PRIMARY

Test = dict[str, str]
#: Appraisals that print no p-value, and the one whose tests are named one by one.
_UNTESTED = frozenset({"modifiers", "confounding", "learners", "stability"})
_GLOBAL = "evidence"
#: What the others test beside the global tests; all of it is exploratory.
_EXPLORED = {
    "splits": "groups by predicted benefit in repeated splits",
    "policy": "rankings by different rules, each and compared",
    "risk": "effects by baseline risk",
}
_EVIDENCE = ("independence", "score_residual")
_ROUGH = "independence_plain"
_SHIFTED = "sensitivity"


def planned_tests(
    analyses: Mapping[str, Mapping[str, Any]],
    appraised: Mapping[str, Sequence[str]],
    sensitive: Sequence[str],
    randomised: bool,
) -> list[Test]:
    """Every test that will carry a p-value.

    Parameters
    ----------
    analyses : mapping
        Resolved analyses by name, the primary first.
    appraised : mapping of str to sequence of str
        Appraisals and the analyses that go through them.
    sensitive : sequence of str
        Analyses whose missing outcomes are shifted.
    randomised : bool
        In observational designs tests of heterogeneity carry no p-value.

    Returns
    -------
    list of dict
        analysis, stage, test, plan (as in the ledger: pre-specified, sensitivity, exploratory).
    """
    found: list[Test] = []
    for name, settings in analyses.items():
        plan = PLANNED if name == PRIMARY else SENSITIVITY
        found += [_test(name, "estimates", test, plan) for test in _estimated(settings, randomised)]
        if randomised:
            found += [_test(name, "joint", test, plan) for test in _joint(settings)]
            if name in appraised.get(_GLOBAL, ()) and _tested(settings):
                found += _evidence(name, settings, plan)
            if name in appraised.get("splits", ()):
                found.append(_test(name, "splits", "BLP", plan))
        if name in sensitive:
            found.append(_test(name, _SHIFTED, "estimates under shifted outcomes", SENSITIVITY))
        found += _explored(name, appraised, randomised)
    missing = ("missing completely at random", "what each mask depends on", "which masks go together")
    return [*found, *(_test("", "missingness", of, EXPLORATORY) for of in missing)]


def key(row: Mapping[Any, Any]) -> tuple[str, ...]:
    """By what a test is found again: an exploratory one, or one under shifted outcomes, by analysis and stage alone."""
    named = "" if row["plan"] == EXPLORATORY or row["stage"] == _SHIFTED else str(row["test"])
    return str(row["analysis"]), str(row["stage"]), named


def _test(analysis: str, stage: str, test: str, plan: str) -> Test:
    return {"analysis": analysis, "stage": stage, "test": test, "plan": plan}


def _estimated(settings: Mapping[str, Any], randomised: bool) -> Iterator[str]:
    yield from settings["estimates"]["average"]
    if not randomised:
        return
    if settings["estimates"]["projection"]:
        yield "projection"
    if settings["estimates"]["rules"]:
        yield "rule_groups_difference"
    if settings["missing_outcome"]["strategy"] != "imputation":
        yield "AUTOC"
        if settings["forest"]["held_out_trees"]:
            yield "sequential_AUTOC"


def _joint(settings: Mapping[str, Any]) -> Iterator[str]:
    if settings["estimates"]["projection"]:
        yield "projection"
    if settings["estimates"]["rules"]:
        yield "rule_groups"


def _explored(name: str, appraised: Mapping[str, Sequence[str]], randomised: bool) -> Iterator[Test]:
    for part, analyses in appraised.items():
        if part in _UNTESTED or part == _GLOBAL or name not in analyses or not randomised:
            continue
        yield _test(name, part, _EXPLORED.get(part, part), EXPLORATORY)


def _tested(settings: Mapping[str, Any]) -> bool:
    """Whether global tests are made (`hetflow.study.evidence.unsuited`)."""
    complete = settings["missing_outcome"]["strategy"] == "complete_case"
    return complete and settings["forest"]["training"] == "deployment"


def _evidence(name: str, settings: Mapping[str, Any], plan: str) -> Iterator[Test]:
    kinds = ("all", "named") if settings["estimates"]["projection"] else ("all",)
    for kind in kinds:
        for test in _EVIDENCE:
            yield _test(name, "evidence", f"{test}_{kind}", plan)
    yield _test(name, "evidence", "calibration", plan)
    for kind in kinds:
        yield _test(name, "evidence", f"{_ROUGH}_{kind}", EXPLORATORY)
