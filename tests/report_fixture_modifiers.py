"""What the stage `modifiers` leaves behind, made up: two curves, levels, cells, three measures of importance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from report_fixture import report_inputs

#: A count below the minimum of ten that must not be printed, in a level and in a cell that say so.
SMALL, SECRET = 7, "rare level"


def _effects(estimate: np.ndarray, n: np.ndarray) -> pd.DataFrame:
    se = 0.05 + 0 * estimate
    return pd.DataFrame(
        {"n": n, "estimate": estimate, "se": se, "lower": estimate - 2 * se, "upper": estimate + 2 * se}
    ).assign(df=np.nan, imputations=10, target="if covariates were measured", scale="outcome")


def displays() -> pd.DataFrame:
    """displays.parquet."""
    x = np.linspace(20, 40, 9)
    curve = _effects(0.3 + x / 100, np.arange(61, 70)).assign(
        covariate="Age", label="Age at enrolment", unit="years", kind="curve", x=x, level="", critical=2.9
    )
    curve = curve.assign(
        uniform_lower=curve["lower"] - 0.1, uniform_upper=curve["upper"] + 0.1, bandwidth=3.0
    )
    levels = _effects(np.array([0.2, 0.5, 9.0]), np.array([400, 100, SMALL])).assign(
        covariate="Use.Tob", label="Tobacco use", unit="", kind="group", x=np.nan, level=["No", "Yes", SECRET]
    )
    away = _effects(np.array([0.1]), np.array([80])).assign(
        covariate="Age",
        label="Age at enrolment",
        unit="years",
        kind="group",
        x=np.nan,
        level="not applicable",
    )
    rest = dict.fromkeys(("uniform_lower", "uniform_upper", "critical", "bandwidth"), np.nan)
    return pd.concat([curve, away.assign(**rest), levels.assign(**rest)], ignore_index=True)


def cells() -> pd.DataFrame:
    """cells.parquet."""
    return _effects(np.array([0.1, -0.2, 0.3, 8.0]), np.array([60, 50, 40, SMALL])).assign(
        first="Age",
        second="Use.Tob",
        first_label="Age at enrolment",
        second_label="Tobacco use",
        first_level=["<= 30", "<= 30", "> 30", "> 30"],
        second_level=["No", "Yes", "No", SECRET],
    )


def importance(steady: float = 0.95) -> pd.DataFrame:
    """importance.parquet; `Age` leads every measure in so many draws."""
    rows = []
    for measure, size in (("permutation", 0.02), ("shapley", 0.05), ("splits", 0.3)):
        for rank, (kind, name, label) in enumerate(
            [
                ("covariate", "Age", "Age at enrolment"),
                ("covariate", "BMI", "Body mass index"),
                ("block", "laboratory", "laboratory"),
            ]
        ):
            value = size / (rank + 1)
            rows.append(
                {"measure": measure, "kind": kind, "name": name, "label": label, "estimate": value}
                | {"lower": value / 2, "upper": 2 * value, "rank": rank + 1.0 if kind == "covariate" else 1.0}
                | {"rank_lower": 1.0, "rank_upper": 3.0, "top": steady if rank == 0 else 0.3}
                | {"null": size / 9, "null_upper": size / 4, "above_null": steady if rank == 0 else 0.3}
                | {"members": 18 if kind == "block" else 1}
            )
    return pd.DataFrame(rows)


def facts() -> dict:
    """modifiers.json."""
    return {"units": 659, "units_of": 659, "draws": 10, "explained": 0.13, "fidelity": 0.97} | {
        "additivity_gap": 1e-16,
        "notices": ["modifiers: BMI: missing values"],
        "top": 1,
    }


def modifier_inputs(steady: float = 0.95, **more: object) -> ReportInputs:
    """The report's inputs with this appraisal."""
    base = report_inputs(**more)  # type: ignore[arg-type]
    tables = {"importance": importance(steady), "displays": displays(), "cells": cells()}
    primary = replace(base.analyses["primary"], appraisals={"modifiers": AppraisalInputs(tables, facts())})
    return replace(base, analyses={**base.analyses, "primary": primary})
