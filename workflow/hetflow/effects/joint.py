"""Joint tests of estimates that belong together: are all slopes of a projection 0, are all groups of a rule alike?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from hetflow.contracts import CONTRACTS
from hetflow.effects.linear import Matrix
from hetflow.effects.table import Frame
from hetflow.effects.terms import Terms
from hetflow.pooling import wald_d1

COLUMNS = list(CONTRACTS["joint"].columns)
#: Estimands whose terms are tested together.
JOINT = ("projection", "rule_groups")


def joint_row(sets: Sequence[Terms], frame: Frame, target: str, imputations: int) -> dict[str, Any] | None:
    """The joint test of the terms of several imputations.

    Statistic D1 of Li, Raghunathan and Rubin (1991), in Hotelling's form where degrees of freedom are finite: all
    slopes of a projection are 0, or all groups of a rule have the effect of the first.

    Parameters
    ----------
    sets : sequence of Terms
        Of one of the estimands `JOINT`, one an imputation.
    frame : Frame
        In observational designs no p-value is printed.
    target : str
    imputations : int

    Returns
    -------
    dict or None
        Under the contract `joint`; None for other estimands, where there are fewer than two contrasts, as many as
        degrees of freedom or more, or where their covariance is singular.
    """
    first = sets[0]
    if first.estimand not in JOINT:
        return None
    contrasts = _contrasts(first)
    if contrasts.shape[0] < 2:
        return None
    estimates = np.stack([contrasts @ one.estimate for one in sets])
    covariances = np.stack([contrasts @ one.covariance @ contrasts.T for one in sets])
    if np.linalg.matrix_rank(covariances.mean(axis=0)) < contrasts.shape[0]:
        return None
    df = min(one.df for one in sets)
    if df < contrasts.shape[0]:
        return None
    wald = wald_d1(estimates, covariances, df_complete=df)
    return {
        "analysis": frame.analysis,
        "outcome": frame.outcome,
        "contrast": frame.contrast,
        "estimand": first.estimand,
        "target": target,
        "term": "all slopes" if first.estimand == "projection" else first.terms[0],
        "statistic": wald.statistic,
        "df1": wald.df1,
        "df2": wald.df2 if np.isfinite(wald.df2) else np.nan,
        "p": wald.p if frame.randomised else np.nan,
        "n": round(float(np.mean([max(one.n) if _shared(one) else sum(one.n) for one in sets]))),
        "imputations": imputations,
    }


def joint_table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Rows under the contract `joint`."""
    return pd.DataFrame(list(rows), columns=COLUMNS)


def _contrasts(terms: Terms) -> Matrix:
    """Slopes without the intercept; groups minus the first."""
    k = len(terms.terms)
    if _shared(terms):
        return np.eye(k)[[name != "intercept" for name in terms.terms]]
    return np.column_stack([-np.ones(k - 1), np.eye(k - 1)])


def _shared(terms: Terms) -> bool:
    """Whether all terms speak of the same units."""
    return terms.estimand == "projection"
