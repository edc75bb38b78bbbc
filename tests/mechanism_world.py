"""Cohorts with known mechanisms, in the form in which the mechanism stage reads them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from opt_frame import opt_arm, opt_columns, opt_frame, opt_outcome

SETTINGS = {"seed": 1, "outcome": "y", "randomised": True}


def with_design(frame: pd.DataFrame, arm: np.ndarray, stratum: object = "all") -> pd.DataFrame:
    """The columns of a design without clusters."""
    return frame.assign(
        unit=np.arange(len(frame)),
        treated=arm.astype(np.int8),
        cluster=np.arange(len(frame)),
        weight=1.0,
        stratum=stratum,
    )


def opt_inputs() -> tuple[pd.DataFrame, pd.DataFrame, list[Column]]:
    """Cohort, outcomes and columns of OPT."""
    frame = opt_frame()
    cohort = with_design(frame, opt_arm(), frame["Clinic"].astype(str))
    return cohort, pd.DataFrame({"unit": cohort["unit"], "y": opt_outcome()}), opt_columns()


def made_up(
    n: int, seed: int, arm_effect: float = 0.0, fixed: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame, list[Column]]:
    """Complete a and b; `ruled` is missing by a rule in a, `random` by the arm at most; `late` is of a later visit."""
    rng = np.random.default_rng(seed)
    X, arm = rng.normal(size=(n, 5)), np.tile([0, 1], n // 2)
    X[X[:, 0] > 0.6, 2] = np.nan
    X[rng.random(n) < 0.25 + arm_effect * arm, 3] = np.nan
    X[rng.random(n) < 0.2, 4] = np.nan
    y = X[:, 0] + rng.normal(size=n)
    y[rng.random(n) < 0.15] = np.nan
    names = ["a", "b", "ruled", "random", "late"]
    cohort = with_design(pd.DataFrame(X, columns=names), arm)
    columns = [
        Column(
            name,
            "continuous",
            role="auxiliary" if name == "late" else "covariate",
            visit=2 if name == "late" else 0,
            mask_fixed_before_randomisation=fixed and name == "random",
        )
        for name in names
    ]
    return cohort, pd.DataFrame({"unit": cohort["unit"], "y": y}), columns
