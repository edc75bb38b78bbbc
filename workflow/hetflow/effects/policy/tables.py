"""Quantities pooled over sets of scores and laid out as tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hetflow.effects.linear import Vector
from hetflow.effects.policy.compared import Area
from hetflow.effects.policy.priorities import SEQUENTIAL
from hetflow.effects.policy.sampled import Sampled
from hetflow.effects.policy.values import Policy
from hetflow.effects.table import interval, p_values
from hetflow.effects.terms import GREATER, TWO_SIDED
from hetflow.pooling import pool

RANKING_COLUMNS = [
    *("rule", "against", "measure", "basis", "estimate", "se", "lower", "upper", "p", "alternative"),
    *("n", "imputations"),
]


def pooled_frame(
    estimates: Sequence[Vector],
    variances: Sequence[Vector],
    one_sided: bool,
    level: float,
    df: float = np.inf,
) -> pd.DataFrame:
    """Quantities of one or several sets of scores, pooled by Rubin's rules.

    Parameters
    ----------
    estimates, variances : sequence of ndarray, shape (k,)
        One entry a set.
    one_sided : bool
        Whether there is only a lower bound.
    level : float
    df : float
        Degrees of freedom where nothing is missing.

    Returns
    -------
    DataFrame, k rows
        ``estimate, se, lower, upper, df, alternative``.
    """
    pooled = pool(np.stack(estimates), np.stack(variances), df)
    se = np.sqrt(pooled.total)
    alternative = GREATER if one_sided else TWO_SIDED
    lower, upper = interval(pooled.estimate, se, pooled.df, level, alternative)
    return pd.DataFrame(
        {
            "estimate": pooled.estimate,
            "se": se,
            "lower": lower,
            "upper": upper,
            "df": pooled.df,
            "alternative": alternative,
        }
    )


def sampled_frame(sets: Sequence[Sampled], one_sided: bool, level: float) -> pd.DataFrame:
    """As `pooled_frame`, of quantities with replicates; without degrees of freedom."""
    df = min(one.df for one in sets)
    frame = pooled_frame([one.estimate for one in sets], [one.variance for one in sets], one_sided, level, df)
    return frame.drop(columns="df")


def ranking_frame(
    sets: Sequence[Sequence[Area]], randomised: bool, level: float, imputations: int, df: float = np.inf
) -> pd.DataFrame:
    """Areas and their differences, `RANKING_COLUMNS`; p-values only of a randomised design's simulated tests.

    `df` are the degrees of freedom under clusters; sequential differences have wider standard errors instead.
    """
    rows = []
    for same in zip(*sets, strict=True):
        first = same[0]
        one_sided = first.alternative == GREATER
        frame = pooled_frame(
            [np.array([one.estimate]) for one in same],
            [np.array([one.variance]) for one in same],
            one_sided,
            level,
            np.inf if first.basis == SEQUENTIAL else df,
        )
        estimate, se, own = (frame[key].to_numpy() for key in ("estimate", "se", "df"))
        p = p_values(estimate, se, own, first.alternative)
        frame["p"] = p if first.tested and randomised else np.nan
        for key in ("rule", "against", "measure", "basis", "n"):
            frame[key] = getattr(first, key)
        rows.append(frame.assign(imputations=imputations))
    return pd.concat(rows, ignore_index=True)[RANKING_COLUMNS]


def policy_frame(
    policy: Policy, names: Sequence[str], sets: Sequence[Sampled], level: float, n: int, budget: float
) -> pd.DataFrame:
    """One row a quantity of a policy."""
    frame = sampled_frame(sets, policy.one_sided, level)
    frame.insert(0, "policy", policy.name)
    frame.insert(1, "label", policy.label)
    frame.insert(2, "basis", policy.basis)
    frame.insert(3, "budget", budget)
    frame.insert(4, "quantity", list(names))
    return frame.assign(n=n)
