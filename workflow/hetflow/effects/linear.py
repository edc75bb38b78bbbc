"""Shared algebra: weighted means, weighted least squares and their cluster-robust covariances.

Names follow the sandwich literature: score, meat, bread. A cluster of one unit each is the independent
case, and all formulas reduce to their usual forms there. Units of zero weight count neither as units nor as
clusters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hetflow.errors import refuse

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

#: A column counts as dependent when the part of it that others do not explain is shorter than this share of
#: it.
RANK_TOLERANCE = 1e-9
TINY = float(np.finfo(np.float64).tiny)
#: A cluster determines a coefficient alone when leaving it out keeps less than this share of some direction.
LEVERAGE_TOLERANCE = 1e-9
#: Numbers held at once by the outer products of clustered HC3.
_CELLS = 8_000_000


@dataclass(frozen=True, slots=True)
class Fit:
    """A weighted least-squares fit.

    Attributes
    ----------
    coefficients : ndarray, shape (k,)
    bread : ndarray, shape (k, k)
        ``(X'WX)^-1``.
    residual : ndarray, shape (n,)
        Outcome minus fitted value, unweighted.
    df : int
        Units of positive weight minus k.
    """

    coefficients: Vector
    bread: Matrix
    residual: Vector
    df: int


def cluster_codes(cluster: NDArray[np.int64]) -> Codes:
    """Clusters numbered 0..G-1 in the order of their labels, shape (n,)."""
    if (np.diff(cluster) > 0).all():
        return np.arange(cluster.size, dtype=np.int64)
    return np.unique(cluster, return_inverse=True)[1].astype(np.int64)


def is_clustered(cluster: NDArray[np.int64], weight: Vector) -> bool:
    """Whether any two units of positive weight share a cluster."""
    held = cluster[weight > 0]
    if (np.diff(held) > 0).all():
        return False
    return np.unique(held).size < held.size


def cluster_sums(values: NDArray[np.float64], codes: Codes) -> NDArray[np.float64]:
    """Sums over the units of each cluster, shape (G, ...) for values of shape (n, ...)."""
    if alone(codes):
        return values.copy()
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    return np.add.reduceat(values[order], starts, axis=0)


def alone(codes: Codes) -> bool:
    """Whether every unit is a cluster of its own, in the order of the clusters."""
    return bool(codes.size) and int(codes[-1]) == codes.size - 1 and bool((np.diff(codes) == 1).all())


def cluster_count(codes: Codes, weight: Vector) -> int:
    """Number of clusters that hold a unit of positive weight."""
    return int(np.count_nonzero(np.bincount(codes[weight > 0])))


def count_factor(clusters: int, what: str) -> float:
    """G / (G - 1), refused for fewer than two clusters."""
    if clusters < 2:
        refuse(
            what,
            "at least two independent units (or clusters) of positive weight",
            str(clusters),
            "merge groups, or leave this estimate out",
        )
    return clusters / (clusters - 1)


def reference_df(cluster: NDArray[np.int64], weight: Vector, units: float = np.inf) -> float:
    """Degrees of freedom of a t reference: clusters less one where units share clusters, but at most `units`.

    A cluster-robust variance is estimated from as many squares as there are clusters (Cameron and Miller 2015).

    Parameters
    ----------
    cluster : ndarray of int64, shape (n,)
    weight : ndarray, shape (n,)
    units : float
        Degrees of freedom without clusters; infinite for a normal reference.
    """
    if not is_clustered(cluster, weight):
        return float(units)
    return float(min(units, np.unique(cluster[weight > 0]).size - 1))


def weighted_mean(values: Vector, weight: Vector, codes: Codes, what: str = "average") -> tuple[float, float]:
    """A weighted mean and its cluster-robust standard error.

    Parameters
    ----------
    values, weight : ndarray, shape (n,)
    codes : ndarray of int, shape (n,)
        From `cluster_codes`.
    what : str
        Name of the estimate, for refusals.

    Returns
    -------
    mean, se : float
        ``se^2 = G/(G-1) sum_g (sum_{i in g} w_i (v_i - mean))^2 / (sum w)^2`` over the G clusters of
        positive weight.

    Raises
    ------
    Refused
        If fewer than two clusters have positive weight.
    """
    factor = count_factor(cluster_count(codes, weight), what)
    total = weight.sum()
    mean = float(weight @ values / total)
    score = cluster_sums(weight * (values - mean), codes)
    return mean, float(np.sqrt(factor * (score @ score)) / total)


def independent_columns(X: Matrix, weight: Vector) -> list[int]:
    """Columns, in order, that the columns before them do not determine (among units of positive weight)."""
    held = X if (weight > 0).all() else X[weight > 0]
    R = np.asarray(np.linalg.qr(held, mode="r"))
    if held.shape[0] >= held.shape[1] and _independent(R, np.linalg.norm(held, axis=0)):
        return list(range(held.shape[1]))
    kept: list[int] = []
    basis = np.empty((held.shape[0], 0))
    for j in range(held.shape[1]):
        column = held[:, j]
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        length = float(np.linalg.norm(rest))
        if length > RANK_TOLERANCE * max(float(np.linalg.norm(column)), TINY):
            basis = np.column_stack([basis, rest / length])
            kept.append(j)
    return kept


def _independent(R: Matrix, lengths: Vector) -> bool:
    """Whether no column is determined by those before it: a diagonal entry of R is what they leave unexplained."""
    return bool((np.abs(np.diag(R)) > RANK_TOLERANCE * np.maximum(lengths, TINY)).all())


def least_squares(X: Matrix, y: Vector, weight: Vector, what: str = "regression") -> Fit:
    """Weighted least squares by QR.

    Parameters
    ----------
    X : ndarray, shape (n, k)
        The design, with its intercept column if there is one.
    y, weight : ndarray, shape (n,)
        Weights are not negative; their scale does not matter for the coefficients.
    what : str
        Name of the estimate, for refusals.

    Raises
    ------
    Refused
        If a column is constant zero or determined by others, or there are no more units than columns.
    """
    k = X.shape[1]
    units = int(np.count_nonzero(weight))
    root = np.sqrt(weight)
    scaled = root[:, None] * X
    Q, R = np.linalg.qr(scaled)
    regular = units > k and _independent(R, np.linalg.norm(scaled, axis=0))
    dependent = [] if regular else sorted(set(range(k)) - set(independent_columns(X, weight)))
    if dependent or units <= k:
        refuse(
            what,
            "more units than terms, and no term that the others determine",
            f"{units} units, {k} terms, determined by the others: {[j + 1 for j in dependent]}",
            "take the redundant covariate out",
        )
    coefficients = np.linalg.solve(R, Q.T @ (root * y))
    inverse = np.linalg.inv(R)
    return Fit(coefficients, inverse @ inverse.T, y - X @ coefficients, units - k)


def hc3_covariance(X: Matrix, fit: Fit, weight: Vector, codes: Codes, what: str = "regression") -> Matrix:
    """HC3 covariance of a weighted fit, clustered where clusters hold several units.

    The score of cluster g is ``X_g' (I - H_gg)^-1 (w * e)_g`` with ``H_gg = X_g bread X_g' W_g``; the meat
    is the sum of its outer products, without a small-sample factor (Bell and McCaffrey 2002 in the form of
    R's sandwich 3). By Woodbury's identity only k x k systems are solved, so that clusters may be large.

    Returns
    -------
    ndarray, shape (k, k)

    Raises
    ------
    Refused
        If one unit or cluster alone determines a coefficient.
    """
    scores = _lone_scores if alone(codes) else _cluster_scores
    score, leverage = scores(X, fit, weight, codes)
    if leverage > 1 - LEVERAGE_TOLERANCE:
        refuse(
            what,
            "every coefficient estimated from several units (or clusters)",
            "one that a single unit or cluster determines alone",
            "take that covariate out or merge its rare level",
        )
    return np.asarray(fit.bread @ (score.T @ score) @ fit.bread)


def _lone_scores(X: Matrix, fit: Fit, weight: Vector, codes: Codes) -> tuple[Matrix, float]:
    """HC3 scores of units that are clusters of their own, ``x w e / (1 - h)``, and the greatest leverage h."""
    leverage = weight * np.einsum("ij,ij->i", X @ fit.bread, X)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = weight * fit.residual / (1 - leverage)
    return share[:, None] * X, float(leverage.max())


def _cluster_scores(X: Matrix, fit: Fit, weight: Vector, codes: Codes) -> tuple[Matrix, float]:
    """HC3 scores of clusters, and the greatest eigenvalue of their leverages; some clusters at a time."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    ends = np.r_[starts[1:], order.size]
    chol = np.asarray(np.linalg.cholesky(fit.bread), dtype=np.float64)
    inverse = np.asarray(np.linalg.inv(fit.bread), dtype=np.float64)
    score, largest, first = np.empty((starts.size, X.shape[1])), -np.inf, 0
    while first < starts.size:
        most = starts[first] + max(1, _CELLS // X.shape[1] ** 2)
        last = max(first + 1, int(np.searchsorted(ends, most, side="right")))
        rows, begin = order[starts[first] : ends[last - 1]], starts[first:last] - starts[first]
        part, top = _scores_of(X[rows], fit.residual[rows], weight[rows], begin, (chol, inverse))
        score[first:last], largest, first = part, max(largest, top), last
    return score, largest


def _scores_of(
    X: Matrix, residual: Vector, weight: Vector, starts: Codes, bread: tuple[Matrix, Matrix]
) -> tuple[Matrix, float]:
    """`_cluster_scores` of clusters that follow one another and begin at `starts`; `bread` is its root and inverse."""
    chol, inverse = bread
    outer = X[:, :, None] * X[:, None, :]
    plain = np.add.reduceat(outer, starts, axis=0)
    weighted = np.add.reduceat(weight[:, None, None] * outer, starts, axis=0)
    first = np.add.reduceat((weight * residual)[:, None] * X, starts, axis=0)
    second = np.add.reduceat((weight**2 * residual)[:, None] * X, starts, axis=0)
    shares = np.linalg.eigvalsh(chol.T @ weighted @ chol)
    if shares.max() > 1 - LEVERAGE_TOLERANCE:
        return first, float(shares.max())
    return first + (plain @ np.linalg.solve(inverse - weighted, second[:, :, None]))[:, :, 0], float(
        shares.max()
    )


def hc1_covariance(X: Matrix, fit: Fit, weight: Vector, codes: Codes) -> Matrix:
    """Cluster sandwich with the factor ``G/(G-1) (n-1)/(n-k)``, shape (k, k)."""
    score = cluster_sums((weight * fit.residual)[:, None] * X, codes)
    units = fit.df + X.shape[1]
    factor = count_factor(cluster_count(codes, weight), "regression") * (units - 1) / fit.df
    return np.asarray(factor * fit.bread @ (score.T @ score) @ fit.bread)
