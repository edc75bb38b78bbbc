"""How well a nuisance predicts out of fold."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import logit
from sklearn.metrics import roc_auc_score

from hetflow.nuisance.folds import Floats, Integers
from hetflow.nuisance.linear import logistic_path

EDGE = 1e-12  # probabilities of exactly 0 or 1 are moved by this much before a logarithm


def performance(
    prediction: Floats, target: Floats, weight: Floats, fold: Integers, kind: str
) -> dict[str, Any]:
    """Out-of-fold performance, overall and in each fold.

    Parameters
    ----------
    prediction, target, weight : ndarray, shape (n,)
    fold : ndarray of int, shape (n,)
    kind : str
        ``regression``: r2, rmse, calibration_slope. ``classification``: r2 (Brier score against the mean's),
        log_loss, auc, calibration_slope (of the logit).

    Returns
    -------
    dict
        ``{"overall": {...}, "folds": [{"fold": k, ...}, ...]}``; a measure that does not exist (one class
        only, no variation) is None.
    """
    folds = [
        {"fold": int(k)} | _measures(prediction[fold == k], target[fold == k], weight[fold == k], kind)
        for k in np.unique(fold)
    ]
    return {"overall": _measures(prediction, target, weight, kind), "folds": folds}


def _measures(prediction: Floats, target: Floats, weight: Floats, kind: str) -> dict[str, float | None]:
    use = weight > 0
    prediction, target, weight = prediction[use], target[use], weight[use]
    total = weight.sum()
    error = float(weight @ (target - prediction) ** 2)
    spread = float(weight @ (target - weight @ target / total) ** 2)
    r2 = 1 - error / spread if spread > 0 else None
    if kind == "regression":
        slope = _slope(prediction, target, weight)
        return {"r2": r2, "rmse": float(np.sqrt(error / total)), "calibration_slope": slope}
    both = bool(np.ptp(target) > 0)
    return {
        "r2": r2,
        "log_loss": _log_loss(prediction, target, weight),
        "auc": float(roc_auc_score(target, prediction, sample_weight=weight)) if both else None,
        "calibration_slope": _logit_slope(prediction, target, weight) if both else None,
    }


def _log_loss(prediction: Floats, target: Floats, weight: Floats) -> float:
    p = np.clip(prediction, EDGE, 1 - EDGE)
    return float(-(weight @ (target * np.log(p) + (1 - target) * np.log1p(-p))) / weight.sum())


def _slope(prediction: Floats, target: Floats, weight: Floats) -> float | None:
    """Weighted least-squares slope of the target on its prediction; 1 is calibrated."""
    centred = prediction - weight @ prediction / weight.sum()
    spread = float(weight @ centred**2)
    if np.sqrt(spread / weight.sum()) <= EDGE * (1 + np.abs(prediction).max()):
        return None
    return float(weight @ (centred * target) / spread)


def _logit_slope(prediction: Floats, target: Floats, weight: Floats) -> float | None:
    """Slope of a logistic regression of the target on the logit of its prediction; 1 is calibrated."""
    linear = logit(np.clip(prediction, EDGE, 1 - EDGE))
    if np.std(linear) <= EDGE * (1 + np.abs(linear).max()):
        return None
    return float(logistic_path(linear[:, None], target, weight, np.array([0.0]))[0, 1])
