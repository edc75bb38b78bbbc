"""Missing outcomes: where an arm lost few units, nothing is published that tells how many, or what became of them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from hetflow.publish.log import Log
from hetflow.report.inputs import AnalysisInputs

_ARMS = ("treated", "control")
IMPUTATION = "imputation"


def few_lost(cohort: Mapping[str, Any], threshold: int) -> set[str]:
    """Outcomes that some, but fewer than the threshold, of an arm lack."""
    return {
        name
        for name, facts in cohort.get("outcomes", {}).items()
        if any(0 < (facts.get(f"missing_{arm}") or 0) < threshold for arm in _ARMS)
    }


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
    """An analysis of such an outcome: no shifts of the few missing outcomes, no weights by arm.

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
