"""Drop-out: when units are missed for the first time, by arm and by what was seen of them last."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from hetflow.missingness.mechanism.logistic import fit_logistic

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
FEWEST = 10
"""First missed visits for the model to be fitted."""


def dropout_curves(seen: BoolArray, arm: NDArray[np.int8], visits: Sequence[str]) -> pd.DataFrame:
    """Share of units of an arm that no visit so far has missed.

    Parameters
    ----------
    seen : ndarray of bool, shape (n, v)
        Whether anything was observed of a unit at a visit, in the order of time.
    arm : ndarray of int, shape (n,)
        1 treated, 0 control.
    visits : sequence of str, length v
        Names of the visits.

    Returns
    -------
    DataFrame
        visit, order (from 1), arm, at_risk (units seen at all visits before), missed (of these, not at this one),
        hazard (missed over at risk), seen (share of the arm seen at all visits so far).
    """
    still = np.column_stack([np.ones(len(seen), dtype=bool), np.logical_and.accumulate(seen, axis=1)])
    rows = []
    for value in (0, 1):
        inside = arm == value
        for place, visit in enumerate(visits):
            risk = int(still[inside, place].sum())
            stayed = int(still[inside, place + 1].sum())
            rows.append(
                {
                    "visit": visit,
                    "order": place + 1,
                    "arm": "treated" if value else "control",
                    "at_risk": risk,
                    "missed": risk - stayed,
                    "hazard": (risk - stayed) / risk if risk else np.nan,
                    "seen": stayed / max(int(inside.sum()), 1),
                }
            )
    return pd.DataFrame(rows)


def dropout_hazard(
    seen: BoolArray, last: FloatArray, arm: NDArray[np.int8], visits: Sequence[str]
) -> pd.DataFrame:
    """Discrete-time logistic model of the first missed visit on arm, last value and their product.

    Parameters
    ----------
    seen, arm, visits
        As for `dropout_curves`.
    last : ndarray, shape (n, v)
        What was seen of a unit at the visit before, as one number (see `leading_component`).

    Returns
    -------
    DataFrame
        term (``treated``, ``last value``, ``treated x last value``), estimate (log odds ratio of being missed),
        se (model-based), p (two-sided), events, at_risk. The last value is centred over the units at risk, so that
        ``treated`` is the contrast at its mean. Every visit has an intercept. Empty with fewer than 10 events.
    """
    still = np.column_stack([np.ones(len(seen), dtype=bool), np.logical_and.accumulate(seen, axis=1)[:, :-1]])
    unit, visit = np.nonzero(still)
    event = (~seen[unit, visit]).astype(np.float64)
    names = ["term", "estimate", "se", "p", "events", "at_risk"]
    if event.sum() < FEWEST or len(event) - event.sum() < FEWEST:
        return pd.DataFrame(columns=names)
    value = last[unit, visit] - last[unit, visit].mean()
    treated = arm[unit].astype(np.float64)
    times = [(visit == place).astype(np.float64) for place in range(1, len(visits))]
    features = np.column_stack([treated, value, treated * value, *times])
    fit = fit_logistic(features, event)
    estimate, se = fit.coefficients[1:4], np.sqrt(np.diag(fit.covariance)[1:4])
    varies = features[:, :3].std(axis=0) > 0
    estimate, se = np.where(varies, estimate, np.nan), np.where(varies, se, np.nan)
    return pd.DataFrame(
        {
            "term": ["treated", "last value", "treated x last value"],
            "estimate": estimate,
            "se": se,
            "p": 2 * norm.sf(np.abs(estimate / se)),
            "events": int(event.sum()),
            "at_risk": len(event),
        }
    )[names]


def leading_component(values: FloatArray) -> FloatArray:
    """The first principal component of a visit's numeric columns, standardised, shape (n,).

    Parameters
    ----------
    values : ndarray, shape (n, w)
        NaN where missing, which counts as the mean. The component's sign makes the sum of its loadings positive.
    """
    given = np.isfinite(values)
    if not given.any():
        return np.zeros(len(values))
    count = np.maximum(given.sum(axis=0), 1)
    centred = np.where(given, values - np.where(given, values, 0.0).sum(axis=0) / count, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / count)
    Z = centred[:, spread > 0] / spread[spread > 0]
    if not Z.shape[1]:
        return np.zeros(len(values))
    vector = np.linalg.eigh(Z.T @ Z)[1][:, -1]
    component = Z @ (vector if vector.sum() >= 0 else -vector)
    size = component.std()
    return np.asarray(component / size if size > 0 else component, dtype=np.float64)
