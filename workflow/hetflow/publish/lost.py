"""Missing outcomes: where an arm lost few units, or few of it have the event, nothing tells how many."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from hetflow.publish.log import Log
from hetflow.publish.structure import coarse
from hetflow.report.inputs import AnalysisInputs

_ARMS = ("treated", "control")
IMPUTATION = "imputation"
_SHIFT = "shift"
#: Estimands of parts of the units: groups, their differences, and slopes, which groups by one covariate are too.
_OF_PARTS = (
    *("rule_groups", "rule_groups_difference", "sequential_groups", "sequential_groups_difference"),
    "projection",
)


def few_lost(cohort: Mapping[str, Any], threshold: int) -> set[str]:
    """Outcomes that some, but fewer than the threshold, of an arm lack."""
    return {
        name
        for name, facts in cohort.get("outcomes", {}).items()
        if any(0 < (facts.get(f"missing_{arm}") or 0) < threshold for arm in _ARMS)
    }


def few_events(one: AnalysisInputs, binary: bool, threshold: int) -> bool:
    """Whether few of an arm have a binary outcome's event, or lack it: the mean outcome by arm would tell how many."""
    for row in one.nuisance.get("observation", {}).get("arms", []) if binary else []:
        seen, mean = row.get("observed"), row.get("mean_observed")
        if seen is None or mean is None:
            continue
        events = round(seen * mean)
        if any(0 < count < threshold for count in (events, seen - events)):
            return True
    return False


def without_lost(cohort: Mapping[str, Any], outcomes: set[str], log: Log) -> dict[str, Any]:
    """The cohort's facts, by which the flow does not tell how many of each arm have one of the outcomes.

    Sentences say ``fewer than 10``.
    """
    out = copy.deepcopy(dict(cohort))
    for name in sorted(outcomes):
        log.add(f"participants with {name}, by arm", "lost outcomes", len(_ARMS))
        out["outcomes"][name]["by_arm"] = False
    return out


def analysis_without_lost(one: AnalysisInputs, where: str, log: Log) -> AnalysisInputs:
    """An analysis of such an outcome: no shifts of missing outcomes, no weights and no means by arm.

    Where outcomes were imputed, the page says how many were, and prints fewer than the threshold as such.
    """
    nuisance = dict(one.nuisance)
    held = nuisance.pop("observation", None)
    if held and held.get("strategy") == IMPUTATION:
        kept = [{key: row[key] for key in ("arm", "units", "observed")} for row in held["arms"]]
        nuisance["observation"] = {"strategy": IMPUTATION, "arms": kept, "notices": held.get("notices", [])}
    log.add(f"{where}: model of missing outcomes", "lost outcomes", int(held is not None))
    log.add(f"{where}: sensitivity to missing outcomes", "lost outcomes", len(one.plane) + len(one.shifts))
    nothing = pd.DataFrame()
    return replace(
        one,
        nuisance=nuisance,
        shifts=nothing,
        tipping=nothing,
        plane=nothing,
        sensitivity={},
    )


def shifts_of_parts(shifts: pd.DataFrame, where: str, log: Log) -> pd.DataFrame:
    """Estimates under shifted outcomes, of which those of groups and slopes keep a p-value raised to a level alone.

    Estimates are linear in the shifts. How fast a group's moves, times its size, tells how many of it in that arm
    have no outcome, exactly; p-values at several shifts would tell the same.
    """
    if shifts.empty:
        return shifts
    parts = shifts["estimand"].isin(_OF_PARTS) & (shifts["assumption"] == _SHIFT) & (shifts["delta"] != 0)
    out = shifts.copy()
    out.loc[parts, ["estimate", "se", "df", "lower", "upper", "fmi"]] = float("nan")
    out.loc[parts, "p"] = coarse(out.loc[parts, "p"])
    log.add(f"{where}: shifts of groups and slopes", "lost outcomes", int(parts.sum()))
    return out[~parts | out["p"].notna()].reset_index(drop=True)
