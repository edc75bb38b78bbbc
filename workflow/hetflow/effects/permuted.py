"""The null distribution of AUTOC for forests trained on covariates that have seen arm and outcome.

Such a forest is evaluated at covariates that have not, which wins back power where blocks are missing; but no theory
gives the size of a test then. So the arms are drawn anew as the design drew them, with the average effect held
constant, and the chain from the imputation to AUTOC is gone through again: under a constant effect the arms as they are
and the arms drawn anew are exchangeable, and the rank of AUTOC among the draws is a p-value (Fisher's randomisation
test; Lehmann and Romano 2005, section 15.2, for the plus one).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.effects.ranking import evaluate_ranking
from hetflow.effects.scores import direction, doubly_robust_score
from hetflow.errors import refuse
from hetflow.seeds import generator

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
PERMUTED = "AUTOC"
"""The estimand whose p-value comes from permutations."""
UNTESTED = ("sequential_AUTOC",)
"""Estimands whose ordinary p-values are withheld: nothing is known of their size."""


def permute_arms(
    treated: NDArray[np.int8], within: NDArray[np.str_], cluster: Integers | None, seed: int, number: int
) -> NDArray[np.int8]:
    """Arms drawn anew as the design drew them.

    Parameters
    ----------
    treated : ndarray of int, shape (n,)
        Arms 0/1.
    within : ndarray of str, shape (n,)
        Arms are permuted among units with the same text: stratum, probability, whether the outcome was observed.
    cluster : ndarray of int, shape (n,), or None
        Where the arm is the same throughout every cluster, clusters change arms as a whole, within the text of their
        first unit; otherwise clusters do not matter.
    seed : int
        The study's seed.
    number : int
        Number of the permutation; 0 leaves the arms as they are.

    Returns
    -------
    ndarray of int, shape (n,)
    """
    if number == 0:
        return treated.copy()
    rng = generator(seed, "permutation", number, "arms")
    if cluster is not None and _whole_clusters(treated, cluster):
        _, first, code = np.unique(cluster, return_index=True, return_inverse=True)
        return np.asarray(_shuffled(treated[first], within[first], rng)[code])
    return _shuffled(treated, within, rng)


def _whole_clusters(treated: NDArray[np.int8], cluster: Integers) -> bool:
    share = pd.Series(treated).groupby(cluster).mean().to_numpy()
    return bool(np.isin(share, (0.0, 1.0)).all())


def _shuffled(
    treated: NDArray[np.int8], within: NDArray[np.str_], rng: np.random.Generator
) -> NDArray[np.int8]:
    drawn = treated.copy()
    for text in np.unique(within):
        rows = np.flatnonzero(within == text)
        drawn[rows] = treated[rng.permutation(rows)]
    return drawn


def constant_effect(nuisance: pd.DataFrame) -> float:
    """The effect that is added back, in outcome units: sum w t y / sum w t² of the residuals t and y."""
    t, y, w = (
        nuisance[name].to_numpy(dtype=np.float64)
        for name in ("treatment_residual", "outcome_residual", "weight")
    )
    return float((w * t * y).sum() / (w * t * t).sum())


def permuted_nuisance(nuisance: pd.DataFrame, treated: NDArray[np.int8], effect: float) -> pd.DataFrame:
    """Residuals as they would be with other arms and the same effect for everybody.

    Parameters
    ----------
    nuisance : DataFrame, n rows
        Under the contract `nuisance`, with the design's propensities.
    treated : ndarray of int, shape (n,)
        Arms drawn anew.
    effect : float
        In outcome units.

    Returns
    -------
    DataFrame
        The outcome is y + effect (treated - arm as it was); its mean over both arms, given covariates, is the same, so
        that the outcome mean stays.
    """
    residual = treated - nuisance["propensity"].to_numpy(dtype=np.float64)
    moved = residual - nuisance["treatment_residual"].to_numpy(dtype=np.float64)
    return nuisance.assign(
        treated=treated.astype(np.int8),
        treatment_residual=residual,
        outcome_residual=nuisance["outcome_residual"] + effect * moved,
    )


def autoc(cate: Floats, nuisance: pd.DataFrame, better: str) -> float:
    """AUTOC of out-of-bag effects, in benefit units.

    Parameters
    ----------
    cate : ndarray, shape (n,)
        Averaged over imputations.
    nuisance : DataFrame, n rows
        Of the same units in the same order.
    better : {"higher", "lower"}

    Raises
    ------
    Refused
        If a unit has no out-of-bag effect.
    """
    unseen = int((~np.isfinite(cate)).sum())
    if unseen:
        refuse(
            "forest.permutation_trees",
            "trees enough to leave every unit out of some",
            f"{unseen} units without an out-of-bag effect",
            "raise forest.permutation_trees",
        )
    columns = ("treatment_residual", "outcome_residual", "propensity", "weight")
    t, y, e, weight = (nuisance[name].to_numpy(dtype=np.float64) for name in columns)
    sign = direction(better)
    benefit = sign * doubly_robust_score(cate, t, y, e)
    none = np.zeros((1, len(cate)), dtype=bool)
    none[0, : len(cate) // 2] = True
    unit = np.arange(len(cate), dtype=np.int64)
    kept = weight > 0
    return evaluate_ranking(benefit[kept], sign * cate[kept], weight[kept], unit[kept], none[:, kept]).autoc


def permutation_p(statistics: Sequence[float]) -> float:
    """One-sided p-value: (1 + draws at least as great as the first) / (1 + draws).

    Parameters
    ----------
    statistics : sequence of float
        That of the arms as they are, then one for each permutation.
    """
    values = np.asarray(statistics, dtype=np.float64)
    return float((1 + (values[1:] >= values[0]).sum()) / len(values))


def with_permutation_p(table: pd.DataFrame, statistics: Sequence[float]) -> pd.DataFrame:
    """Estimates whose out-of-bag AUTOC has its p-value from permutations, and no other test of the forest a p-value.

    The bound of AUTOC is withheld too, as it is the ordinary test in another form.
    """
    own = table["estimand"] == PERMUTED
    withheld = table["estimand"].isin(UNTESTED)
    p = table["p"].mask(withheld).mask(own, permutation_p(statistics))
    return table.assign(p=p, lower=table["lower"].mask(own | withheld), upper=table["upper"].mask(withheld))


def permutation_notice(statistics: Sequence[float]) -> str:
    """What the report says of an analysis whose forest was trained on inference-mode covariates."""
    draws = len(statistics) - 1
    return (
        "EXPERIMENTAL: the forest was trained on covariates imputed by arm and with the outcome, and evaluated at "
        f"covariates imputed without them. The p-value of AUTOC is its rank among {draws} permutations of the arm "
        f"under a constant effect, through the whole chain with fewer trees (at least {1 / (draws + 1):.3g}); no "
        "other test of this forest has a p-value"
    )
