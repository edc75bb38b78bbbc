"""What the stages `risk` and `confounding` leave behind, of simulated studies, for the tests of the report."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from confounded_world import Confounded
from hetflow.effects.benchmarks import Gain
from hetflow.effects.confounding import (
    Groups,
    benchmark_table,
    bounds_table,
    contour_table,
    robustness_table,
    targets,
)
from hetflow.effects.controls import COLUMNS, controls_table
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from report_fixture import estimates, report_inputs
from risk_world import risk_trial

GAINS = {"Age": Gain(0.03, 0.02, 0.6, 0.1), "BMI": Gain(0.0, 0.01, 0.0, -0.02)}


@cache
def risk_appraisal(
    binary: bool = True, better: str = "lower", external: bool = False, n: int = 600
) -> AppraisalInputs:
    """Of a trial whose effect is a constant odds ratio, or a constant shift."""
    trial = risk_trial(np.random.default_rng(3), n, log_odds=-0.7, binary=binary)
    made = trial.appraised(external=trial.index if external else None, better=better)
    facts = made.facts | {"score": "Age" if external else None, "groups": 4, "randomised": True}
    return AppraisalInputs(made.tables, facts)


@cache
def contour(farthest: float) -> pd.DataFrame:
    """Bounds over strengths up to `farthest`, of the study with a hidden confounder."""
    scores, outcome = Confounded().scores(np.random.default_rng(4), 500)
    asked, _ = targets([scores], outcome, [], [], False)
    return contour_table(asked[0], farthest, 1.0, 0.95)


@cache
def confounding_appraisal(
    groups: int = 2, controls: bool = False, ratio: bool = False, rare: int = 0
) -> AppraisalInputs:
    """Of a study with a hidden confounder; the first `rare` units are a group of their own if there are any."""
    scores, outcome = Confounded().scores(np.random.default_rng(4), 500)
    codes = (np.arange(500) % groups).astype(np.int64)
    if rare:
        codes = np.where(np.arange(500) < rare, 0, 1).astype(np.int64)
    labels = ("<= 23", "> 23")
    asked, notices = targets([scores], outcome, [Groups("age", labels, [codes])], [0.05, 0.1], False)
    strong = benchmark_table(asked[0], GAINS, [1, 2], 1.0, 0.95)
    ate = estimates().query("estimand == 'ATE'").head(1)
    tables = {
        "robustness": robustness_table(asked, 0.95),
        "bounds": bounds_table(asked, [0.01, 0.1], 1.0, 0.95),
        "benchmarks": strong,
        "contour": contour(0.4),
        "controls": controls_table([ate] if controls else [], {"pd_reduction": "A control"}),
    }
    assert list(tables["controls"].columns) == COLUMNS
    facts: dict[str, Any] = {
        "rho": 1.0,
        "units": 500,
        "benchmark_units": 500,
        "notices": notices,
        "lost": False,
    }
    if ratio:
        names = ("risk_ratio", "lower", "upper", "e_value", "e_value_limit")
        facts["ratio"] = dict(zip(names, (0.6, 0.4, 0.9, 2.72, 1.46), strict=True))
    return AppraisalInputs(tables, facts)


def with_appraisals(kind: str = "randomised", better: str = "lower", **made: AppraisalInputs) -> ReportInputs:
    """The made-up study with appraisals of its primary analysis; `kind` is the design's."""
    whole = report_inputs(kind=kind, better=better)
    held = replace(whole.analyses[whole.primary], appraisals=made)
    return replace(whole, analyses=dict(whole.analyses) | {whole.primary: held})
