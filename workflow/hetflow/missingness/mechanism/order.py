"""Chain or block? Given the order in which values are measured, does a mask remember more than the step before?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from hetflow.missingness.mechanism.logistic import fit_logistic

FloatArray = NDArray[np.float64]
MOST_FEATURES = 30
"""Features of the values that the test takes as they are; of more, the masks' scores stand for them."""


def order_test(
    M: FloatArray, scores: FloatArray, visit: Sequence[float], basis: FloatArray
) -> tuple[float, int]:
    """Likelihood-ratio test of lags 2 and beyond given lag 1 and the values, over the masks of one community.

    Parameters
    ----------
    M : ndarray, shape (n, k)
        Masks of the community.
    scores : ndarray, shape (n, k)
        Their log odds given observed values.
    visit : sequence of float, length k
        When each was measured. Masks of one visit are not ordered among themselves.
    basis : ndarray, shape (n, d)
        Features of the values, used in place of `scores` where there are at most 30.

    Returns
    -------
    p : float
        P-value that each mask depends on those before it only through those of the visit just before (a first-order
        chain); the statistics of the masks, conditionally independent, are added up. NaN with fewer than three
        visits: one order of measurement is then as good as another.
    df : int
        Its degrees of freedom.
    """
    levels = sorted(set(visit))
    at = np.array([levels.index(one) for one in visit])
    values = basis if basis.shape[1] <= MOST_FEATURES else scores
    statistic, df = 0.0, 0
    for k in np.flatnonzero(at >= 2):
        last, earlier = at == at[k] - 1, at < at[k] - 1
        base = np.column_stack([values, M[:, last]])
        extra = _new_directions(base, M[:, earlier])
        if extra.shape[1]:
            short = fit_logistic(base, M[:, k]).log_likelihood
            statistic += 2 * (fit_logistic(np.column_stack([base, extra]), M[:, k]).log_likelihood - short)
            df += extra.shape[1]
    return (float(chi2.sf(max(statistic, 0.0), df)), df) if df else (np.nan, 0)


def _new_directions(base: FloatArray, extra: FloatArray) -> FloatArray:
    """Columns of `extra` that `base` and the columns before them do not already span."""
    kept: list[FloatArray] = []
    for column in range(extra.shape[1]):
        known = np.column_stack([np.ones(len(base)), base, *kept])
        x = extra[:, column]
        rest = x - known @ np.linalg.lstsq(known, x, rcond=None)[0]
        if (rest**2).mean() > 1e-8:
            kept.append(x)
    return np.column_stack(kept) if kept else np.empty((len(base), 0))
