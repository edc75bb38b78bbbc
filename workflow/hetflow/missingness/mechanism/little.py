"""Little's test: do the means of the observed values differ between patterns of missing values?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.stats import chi2

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
STEPS = 500
"""Most steps of the EM algorithm."""
TOLERANCE = 1e-6
"""Largest change of a standardised mean or covariance at which the algorithm has arrived."""
ALIKE = 0.99
"""Absolute correlation (of rows where both are observed) above which one of two columns is left out."""
ROWS_A_COLUMN = 10
"""Fewest rows a column."""
MOST_COLUMNS = 20
"""More would make most patterns unique, and the covariances unsure."""
FEWEST_PAIRS = 10
"""Fewest rows in which two columns are observed together."""
_SINGULAR = 1e-6


@dataclass(frozen=True, slots=True)
class LittleTest:
    """Result of Little's test.

    Attributes
    ----------
    statistic, p : float
        Chi-square statistic and its p-value; NaN where the test could not be made.
    df, patterns, iterations : int
        Degrees of freedom, patterns of missing values, steps of the EM algorithm.
    columns : tuple of int
        Places of the columns that the test used.
    reason : str
        Why the test could not be made; empty when it was.
    """

    statistic: float
    df: int
    p: float
    patterns: int
    iterations: int
    columns: tuple[int, ...]
    reason: str = ""


def little_test(X: FloatArray) -> LittleTest:
    """Test that values are missing completely at random, by the means of patterns.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        Numeric columns, NaN where missing; rows without any value do not count. Columns are best given in an order
        that does not depend on the file's.

    Returns
    -------
    LittleTest
        d2 = sum over patterns of n_k (m_k - mu_k)' S_k^-1 (m_k - mu_k), with m_k the means of the pattern's rows, mu
        the maximum-likelihood means and S n / (n - 1) times the maximum-likelihood covariance, restricted to the
        columns that the pattern observes; chi-square with (sum of their numbers) - p degrees of freedom (Little, J.
        Am. Stat. Assoc. 83:1198, 1988, equation 5). Assumes normality; with many rows only the means' normality. It
        is blind to missingness that leaves means alone.
    """
    chosen = choose_columns(X)
    data = X[:, chosen]
    data = data[np.isfinite(data).any(axis=1)]
    refusal = _refusal(data)
    if refusal:
        return LittleTest(np.nan, 0, np.nan, 0, 0, tuple(chosen), refusal)
    scaled = (data - np.nanmean(data, axis=0)) / np.nanstd(data, axis=0)
    observed, member = np.unique(np.isfinite(scaled), axis=0, return_inverse=True)
    parts = [scaled[member == k][:, row] for k, row in enumerate(observed)]
    mean, covariance, steps = normal_em(parts, observed)
    if steps > STEPS or np.linalg.eigvalsh(covariance)[0] < _SINGULAR:
        reason = "the covariance of these columns cannot be estimated from the pairs observed together"
        return LittleTest(np.nan, 0, np.nan, len(observed), steps, tuple(chosen), reason)
    unbiased = covariance * len(scaled) / (len(scaled) - 1)
    statistic = 0.0
    for rows, row in zip(parts, observed, strict=True):
        gap = rows.mean(axis=0) - mean[row]
        statistic += len(rows) * float(gap @ np.linalg.solve(unbiased[np.ix_(row, row)], gap))
    df = int(observed.sum()) - scaled.shape[1]
    return LittleTest(statistic, df, float(chi2.sf(statistic, df)), len(observed), steps, tuple(chosen))


def choose_columns(X: FloatArray) -> list[int]:
    """Columns that the test can use, in the order given.

    Constant columns are left out, and the later of two whose correlation exceeds 0.99. At most 20 stay, and no more
    than a tenth of the rows: half of them those with most missing values, the others those with fewest.
    """
    given = np.isfinite(X)
    usable = [j for j in range(X.shape[1]) if given[:, j].sum() > 2 and np.ptp(X[given[:, j], j]) > 0]
    kept: list[int] = []
    for j in usable:
        if not any(_alike(X[:, i], X[:, j]) for i in kept):
            kept.append(j)
    most = min(MOST_COLUMNS, len(X) // ROWS_A_COLUMN)
    if len(kept) > most:
        rising = sorted(kept, key=lambda j: (int((~given[:, j]).sum()), j))
        kept = sorted(rising[len(rising) - most // 2 :] + rising[: most - most // 2])
    return kept


def _alike(x: FloatArray, y: FloatArray) -> bool:
    both = np.isfinite(x) & np.isfinite(y)
    if both.sum() < 3 or np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0:
        return False
    return bool(abs(np.corrcoef(x[both], y[both])[0, 1]) > ALIKE)


def _refusal(data: FloatArray) -> str:
    """Why the test cannot be made of these columns."""
    given = np.isfinite(data)
    if data.shape[1] < 2:
        return "fewer than two numeric columns that vary"
    if given.all():
        return "no missing value in the columns that the test uses"
    if (given.T.astype(float) @ given.astype(float)).min() < FEWEST_PAIRS:
        return f"two columns are observed together in fewer than {FEWEST_PAIRS} rows"
    return ""


def normal_em(parts: list[FloatArray], observed: BoolArray) -> tuple[FloatArray, FloatArray, int]:
    """Maximum-likelihood mean and covariance of a normal distribution from incomplete rows.

    Parameters
    ----------
    parts : list of ndarray
        Observed values of each pattern's rows, shape (rows, observed columns), standardised.
    observed : ndarray of bool, shape (patterns, p)
        Columns that a pattern observes.

    Returns
    -------
    mean : ndarray, shape (p,)
    covariance : ndarray, shape (p, p)
    steps : int
        Steps taken; 501 when the algorithm did not arrive.
    """
    p = observed.shape[1]
    n = sum(len(rows) for rows in parts)
    mean, covariance = np.zeros(p), np.eye(p)
    moments = [(len(rows), rows.mean(axis=0), rows.T @ rows / len(rows)) for rows in parts]
    for step in range(1, STEPS + 1):
        first, second = np.zeros(p), np.zeros((p, p))
        for (count, centre, square), row in zip(moments, observed, strict=True):
            own_first, own_second = _expected(mean, covariance, row, centre, square)
            first += count * own_first
            second += count * own_second
        new = first / n
        changed = second / n - np.outer(new, new)
        moved = max(float(np.abs(new - mean).max()), float(np.abs(changed - covariance).max()))
        mean, covariance = new, (changed + changed.T) / 2
        if moved < TOLERANCE:
            return mean, covariance, step
    return mean, covariance, STEPS + 1


def _expected(
    mean: FloatArray, covariance: FloatArray, row: BoolArray, centre: FloatArray, square: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Expected first and second moments of a pattern's complete rows, given its observed moments."""
    if row.all():
        return centre, square
    inside = covariance[np.ix_(row, row)] + 1e-10 * np.eye(int(row.sum()))
    slope = cho_solve(cho_factor(inside), covariance[np.ix_(row, ~row)])
    offset = mean[~row] - mean[row] @ slope
    first, second = np.empty(len(row)), np.empty((len(row), len(row)))
    first[row], first[~row] = centre, offset + centre @ slope
    cross = square @ slope + np.outer(centre, offset)
    rest = covariance[np.ix_(~row, ~row)] - covariance[np.ix_(~row, row)] @ slope
    told = slope.T @ square @ slope
    shift = np.outer(centre @ slope, offset)
    second[np.ix_(row, row)] = square
    second[np.ix_(row, ~row)], second[np.ix_(~row, row)] = cross, cross.T
    second[np.ix_(~row, ~row)] = rest + told + shift + shift.T + np.outer(offset, offset)
    return first, second
