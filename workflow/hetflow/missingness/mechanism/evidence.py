"""All that is measured of the distinct masks of a table before they are labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import chi2, ncx2

from hetflow.missingness.masks import Masks
from hetflow.missingness.mechanism.order import order_test
from hetflow.missingness.mechanism.ridge import mask_scores
from hetflow.missingness.mechanism.rows import canonical_order, draw_folds
from hetflow.missingness.mechanism.structure import LEVEL, Relations, find_relations
from hetflow.missingness.mechanism.values import FEWEST, FOLDS, ValueDependence, calibrate, value_dependence
from hetflow.multiplicity import holm

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
POWER = 0.8
"""Power at which a gain counts as detectable."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured of the k masks that at least 10 units have and at least 10 have not.

    Attributes
    ----------
    places : ndarray of int, shape (k,)
        Their places among all distinct masks.
    values : ValueDependence
        Dependence on observed values.
    adjusted : ndarray, shape (k,)
        Its p-values after Holm's adjustment over the masks.
    detectable : float
        Least gain in nats that is found with power 0.8.
    relations : Relations
        Relations of the masks to one another.
    structure_nats : ndarray, shape (k,)
        Gain of all other masks over observed values, out of fold, nats a unit.
    order_p : ndarray, shape (k,)
        P-value of the order test of the mask's community; NaN where no order of three visits is known.
    """

    places: IntArray
    values: ValueDependence
    adjusted: FloatArray
    detectable: float
    relations: Relations
    structure_nats: FloatArray
    order_p: FloatArray


def gather(
    masks: Masks, covariates: FloatArray, seed: int, visit: Sequence[float | None] | None = None
) -> Evidence | None:
    """Measure dependence on values, and relations between masks.

    Parameters
    ----------
    masks : Masks
        Distinct masks.
    covariates : ndarray, shape (n, q)
        Complete numeric covariates, in an order of columns that does not depend on the file's.
    seed : int
        The study's seed.
    visit : sequence of float or None, length len(masks), optional
        When the columns of each mask were measured.

    Returns
    -------
    Evidence or None
        None when every mask is too rare or too common. Neither the order of rows nor that of masks matters.
    """
    places = studied(masks)
    if not len(places):
        return None
    order = canonical_order(masks.missing[:, places], covariates)
    M, X = masks.missing[order][:, places].astype(np.float64), covariates[order]
    values = value_dependence(X, M, seed)
    relations = find_relations(M, values.probability, values.auc)
    limit = detectable(len(M), max(values.basis.shape[1], 1), len(places))
    when = None if visit is None else [visit[place] for place in places]
    return Evidence(
        places=places,
        values=values,
        adjusted=holm(values.p),
        detectable=limit,
        relations=relations,
        structure_nats=_structure_nats(M, values, seed),
        order_p=_order_p(M, values, relations, when),
    )


def studied(masks: Masks) -> IntArray:
    """Places of the masks with enough units on either side, in the order of their names."""
    rows = masks.rows
    fit = np.flatnonzero((rows >= FEWEST) & (rows <= len(masks.missing) - FEWEST))
    return np.array(sorted(fit, key=lambda place: masks.names[place]), dtype=np.int64)


def detectable(n: int, df: int, tests: int) -> float:
    """Least information in nats that a test finds with power 0.8 at level 0.01 divided by the number of tests.

    The likelihood-ratio statistic of a relation worth g nats a unit is about chi-square with noncentrality 2 n g.
    """
    critical = float(chi2.isf(LEVEL / tests, df))
    size = brentq(lambda size: float(ncx2.sf(critical, df, size)) - POWER, 1e-6, 4 * critical + 100.0)
    return float(size) / (2 * n)


def _structure_nats(M: FloatArray, values: ValueDependence, seed: int) -> FloatArray:
    """What all other masks add to observed values, out of fold."""
    if M.shape[1] == 1:
        return np.zeros(1)
    scores = mask_scores(values.basis, M, draw_folds(len(M), FOLDS, seed, "folds"))
    both = [
        calibrate(np.column_stack([own, other]), m)[1]
        for own, other, m in zip(values.scores.T, scores.T, M.T, strict=True)
    ]
    return np.maximum(0.0, np.array(both) - values.nats)


def _order_p(
    M: FloatArray, values: ValueDependence, relations: Relations, visit: Sequence[float | None] | None
) -> FloatArray:
    """P-value of the order test of each mask's community; NaN where the order is not known."""
    out = np.full(M.shape[1], np.nan)
    known = np.array([when is not None for when in visit or []], dtype=bool)
    for one in np.unique(relations.community) if known.any() else []:
        members = np.flatnonzero((relations.community == one) & known)
        when = [float((visit or [])[int(k)] or 0) for k in members]
        if len(set(when)) > 2:
            out[members], _ = order_test(M[:, members], values.scores[:, members], when, values.basis)
    return out
