"""Whether the arms can be compared: overlap of the propensity and balance of the covariates, aggregated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hetflow.nuisance.folds import Floats, Integers

LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
RANGES = ((0.01, 0.99), (0.05, 0.95), (0.1, 0.9))
BINS = 20


def diagnose_overlap(
    X: Floats, names: Sequence[str], treated: Integers, propensity: Floats, weight: Floats
) -> dict[str, Any]:
    """Tables of overlap and balance, ready for JSON.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        Covariates; NaN where missing, and means are then over observed cells.
    names : sequence of str, length p
    treated, propensity, weight : ndarray, shape (n,)

    Returns
    -------
    dict
        ``quantiles``: rows of arm and quantiles of the propensity. ``outside``: share of each arm's weight
        outside [.01, .99], [.05, .95], [.1, .9]. ``effective_sample_size``: rows of arm, number, and (sum
        w)^2 / sum w^2 for the sample weights alone, for inverse probability weights (target: everybody) and
        for overlap weights. ``balance``: rows of covariate and standardised difference, see
        `standardised_differences`. ``histogram``: rows of bin and counts by arm.
    """
    arms = {"control": treated == 0, "treated": treated == 1}
    weights = {"before": weight} | balancing_weights(treated, propensity, weight)
    sizes = [
        {"arm": arm, "number": int(rows.sum())}
        | {name: effective_size(w[rows]) for name, w in weights.items()}
        for arm, rows in arms.items()
    ]
    return {
        "quantiles": [
            {"arm": arm} | _quantiles(propensity[rows], weight[rows]) for arm, rows in arms.items()
        ],
        "outside": [
            {
                "arm": arm,
                "low": low,
                "high": high,
                "share": _share_outside(propensity[rows], weight[rows], low, high),
            }
            for arm, rows in arms.items()
            for low, high in RANGES
        ],
        "effective_sample_size": sizes,
        "balance": standardised_differences(X, names, treated, weights),
        "histogram": histogram(propensity, treated),
    }


def balancing_weights(treated: Integers, propensity: Floats, weight: Floats) -> dict[str, Floats]:
    """Inverse probability weights (1/e, 1/(1-e)) and overlap weights (1-e, e), times the sample weights.

    Overlap weights: Li, Morgan and Zaslavsky, JASA 113 (2018) 390-400.
    """
    own = np.where(treated == 1, propensity, 1 - propensity)
    return {"inverse_probability": weight / own, "overlap": weight * (1 - own)}


def effective_size(weight: Floats) -> float:
    """Kish's effective sample size, (sum w)^2 / sum w^2; 0 without weight."""
    square = float(weight @ weight)
    return float(weight.sum() ** 2 / square) if square > 0 else 0.0


def standardised_differences(
    X: Floats, names: Sequence[str], treated: Integers, weights: dict[str, Floats]
) -> list[dict[str, Any]]:
    """Difference of the arms' weighted means over the pooled standard deviation, by weighting.

    The standard deviation is the root of the mean of the arms' variances under the sample weights alone
    (``before``), so that the weightings share a denominator. It is None for a covariate without variation,
    or unobserved in an arm.

    Returns
    -------
    list of dict
        ``covariate``, ``mean_treated``, ``mean_control`` (under ``before``), and one key a weighting.
    """
    rows: list[dict[str, Any]] = []
    for name, column in zip(names, X.T, strict=True):
        seen = ~np.isnan(column)
        one, zero = seen & (treated == 1), seen & (treated == 0)
        means = {key: (_mean(column, w, one), _mean(column, w, zero)) for key, w in weights.items()}
        base = weights["before"]
        spread = np.sqrt((_variance(column, base, one) + _variance(column, base, zero)) / 2)
        known = bool(np.isfinite(spread) and spread > 1e-12 * (1 + np.abs(means["before"]).max()))
        row = {
            "covariate": name,
            "mean_treated": _finite(means["before"][0]),
            "mean_control": _finite(means["before"][1]),
        }
        rows.append(
            row | {key: _finite((m1 - m0) / spread) if known else None for key, (m1, m0) in means.items()}
        )
    return rows


def histogram(propensity: Floats, treated: Integers, bins: int = BINS) -> list[dict[str, Any]]:
    """Counts of units by arm in equal bins of the propensity over [0, 1]; the last bin holds 1."""
    edges = np.arange(bins + 1) / bins
    one, zero = (np.histogram(propensity[treated == arm], bins=edges)[0] for arm in (1, 0))
    return [
        {"low": float(edges[b]), "high": float(edges[b + 1]), "treated": int(one[b]), "control": int(zero[b])}
        for b in range(bins)
    ]


def _quantiles(values: Floats, weight: Floats) -> dict[str, float | None]:
    """Weighted quantiles: the least value whose cumulative share of the weight reaches the level."""
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weight[order])
    if len(values) == 0 or cumulative[-1] <= 0:
        return {f"q{level:g}": None for level in LEVELS}
    at = np.searchsorted(cumulative, np.array(LEVELS) * cumulative[-1] * (1 - 1e-12))
    return {f"q{level:g}": float(values[order][i]) for level, i in zip(LEVELS, at, strict=True)}


def _share_outside(values: Floats, weight: Floats, low: float, high: float) -> float:
    total = float(weight.sum())
    return float(weight[(values < low) | (values > high)].sum() / total) if total > 0 else 0.0


def _mean(column: Floats, weight: Floats, rows: np.ndarray) -> float:
    total = weight[rows].sum()
    return float(weight[rows] @ column[rows] / total) if total > 0 else float("nan")


def _variance(column: Floats, weight: Floats, rows: np.ndarray) -> float:
    total = weight[rows].sum()
    mean = _mean(column, weight, rows)
    return float(weight[rows] @ (column[rows] - mean) ** 2 / total) if total > 0 else float("nan")


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
