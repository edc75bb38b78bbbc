"""What the sensitivity stage leaves of missing outcomes, of a simulated trial, for the tests of the report."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from hetflow.effects.sensitivity import Sensitivity, sensitivity
from hetflow.report.inputs import ReportInputs
from lost_outcomes import clean_parts, imputed_sets, lost_trial, scores_of
from report_fixture import report_inputs

ESTIMATES: dict[str, Any] = {
    "groups": 2,
    "rules": {"x": {"covariate": "X1", "cuts": [0.0]}},
    "projection": ["X1"],
    "ranking_draws": 60,
    "confidence": 0.95,
    "better": "higher",
    "randomised": True,
    "sensitivity": {"deltas": [-1.0, 1.0], "units": "sd", "arms": ["both", "treated", "control"]},
}


@cache
def found(imputed: bool, n: int = 300) -> Sensitivity:
    trial = lost_trial(np.random.default_rng(4), n=n)
    if imputed:
        sets = imputed_sets(trial, 3, 4)
        jumps = imputed_sets(trial, 3, 4, "jump to reference")
        changes = [b.outcome_residual - a.outcome_residual for a, b in zip(sets, jumps, strict=True)]
        references = {"jump to reference": changes}
    else:
        mean, effect, fold = clean_parts(trial, np.random.default_rng(4))
        completed = np.where(trial.observed, trial.outcome, mean + (trial.arm - 0.5) * effect)
        sets, references = [scores_of(trial, completed, mean, effect, fold)], None
    settings = ESTIMATES | {"imputed": imputed}
    return sensitivity(sets, [trial.frame], trial.columns, trial.outcome, settings, 4, references=references)


def with_sensitivity(
    imputed: bool, analysis: str = "primary", base: ReportInputs | None = None, **facts: Any
) -> ReportInputs:
    """The made-up study, or another, with shifts of the missing outcomes of one analysis."""
    whole = base or report_inputs()
    made = found(imputed)
    more = {"imputed": imputed, "binary": False} | facts
    held = replace(
        whole.analyses[analysis],
        shifts=made.shifts,
        tipping=made.tipping,
        plane=made.plane,
        sensitivity=made.facts | more,
    )
    return replace(whole, analyses=dict(whole.analyses) | {analysis: held})
