"""Estimates under shifts of the outcomes that were not observed: linear in the shifts, exactly.

Let outcomes that are missing be, on average, higher by ``delta_a`` in arm a than the assumption behind the
scores (missing at random given covariates) has it: a pattern-mixture model (Little 1993; for trials Carpenter,
Roger and Kenward 2013; White, Carpenter and Horton 2018). With R whether the outcome was observed and p_a the share
of arm a without one, the outcome moves by ``(1 - R) delta_W``, its mean by ``e p_1 delta_1 + (1 - e) p_0 delta_0``
and the effect by ``p_1 delta_1 - p_0 delta_0``. The doubly robust score therefore changes by

    delta_1 [p_1 + W / e (1 - R - p_1)] - delta_0 [p_0 + (1 - W) / (1 - e) (1 - R - p_0)]

whether the missing outcome was imputed or the observed ones were weighted up, and the average effect of a trial by
``delta_1 p_1 - delta_0 p_0``. Nothing is imputed anew. An estimate that is linear in the scores is then linear in the
two shifts, and a variance that is a quadratic form of the scores is a quadratic form of ``(1, delta_1, delta_0)``;
both are recovered by evaluating the estimator, as it stands, on the score and the two shift columns and on their sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy import stats

from hetflow.effects.linear import Vector
from hetflow.effects.scores import Scores, require
from hetflow.effects.table import p_values
from hetflow.effects.terms import GREATER, Terms
from hetflow.pooling import pool

#: Base, shift of the treated, shift of the controls.
PARTS = 3
#: A variance below this share of its largest part is rounding of the polarisation.
ROUNDING = 1e-12


class Point(NamedTuple):
    """Estimates at one pair of shifts; arrays of shape (k,), as in the contract `estimates`."""

    estimate: Vector
    se: Vector
    df: Vector
    lower: Vector
    upper: Vector
    p: Vector
    fmi: Vector


@dataclass(frozen=True, slots=True)
class Linear:
    """k estimates as functions of the two shifts.

    Attributes
    ----------
    terms : Terms
        What is estimated, from the first set of scores; its estimate and covariance are those without shift.
    estimates : ndarray, shape (m, 3, k)
        Of every set of scores: the estimate on the score and on the two shift columns.
    covariances : ndarray, shape (m, 3, 3, k)
        Their sampling covariances, estimate by estimate.
    """

    terms: Terms
    estimates: np.ndarray
    covariances: np.ndarray

    def at(self, treated: float | Vector, control: float | Vector, confidence: float) -> Point:
        """Estimates pooled over the sets, when missing outcomes are shifted (outcome units).

        Parameters
        ----------
        treated, control : float, or ndarray of shape (p,)
            Shifts of the missing outcomes of the two arms. Of a single estimate p pairs may be asked for at once: the
            arrays then have shape (p,).
        confidence : float
            Level of the interval; of a one-sided estimate, of its lower bound (upper is NaN).
        """
        c = np.stack(np.broadcast_arrays(1.0, treated, control), axis=-1)
        sets = len(self.estimates)
        estimates = np.einsum("...c,mck->m...k", c, self.estimates).reshape(sets, -1)
        variances = np.einsum("...c,mcdk,...d->m...k", c, self.covariances, c).reshape(sets, -1)
        largest = np.einsum("...c,mcck->m...k", c**2, self.covariances).reshape(sets, -1)
        variances = np.where(variances < ROUNDING * largest, 0.0, variances)
        pooled = pool(estimates, variances, self.terms.df)
        se = np.sqrt(pooled.total)
        one_sided = self.terms.alternative == GREATER
        reach = stats.t.ppf(confidence if one_sided else 0.5 + confidence / 2, pooled.df) * se
        upper = np.full(se.size, np.nan) if one_sided else pooled.estimate + reach
        p = p_values(pooled.estimate, se, pooled.df, self.terms.alternative)
        return Point(pooled.estimate, se, pooled.df, pooled.estimate - reach, upper, p, pooled.fmi)


def shift_columns(scores: Scores) -> tuple[Vector, Vector]:
    """By how much each unit's score changes for a shift of one, of the treated and of the controls.

    Parameters
    ----------
    scores : Scores
        Of all units, those without an outcome too (`observed` 0).

    Returns
    -------
    treated, control : ndarray, shape (n,)
    """
    lost = np.where(scores.observed == 1, 0.0, 1.0)
    return arm_score(scores, lost, 1), -arm_score(scores, lost, 0)


def arm_score(scores: Scores, change: Vector, arm: int) -> Vector:
    """Doubly robust score of the mean of `change` in an arm: the arm's own mean serves as its prediction.

    Parameters
    ----------
    scores : Scores
    change : ndarray, shape (n,)
        Of each unit's outcome.
    arm : int
        1 treated, 0 control.

    Returns
    -------
    ndarray, shape (n,)
        ``c + 1(W = arm) / P(W = arm) (change - c)``, c the weighted mean of the arm.
    """
    require(scores, "sensitivity", "score", "propensity")
    inside = scores.treated == arm
    weight = scores.weight * inside
    mean = float(weight @ change / weight.sum())
    chance = scores.propensity if arm == 1 else 1 - scores.propensity
    return np.asarray(mean + np.where(inside, (change - mean) / chance, 0.0))


def linear_in_shifts(
    evaluate: Callable[[Scores, int], list[Terms]], score_sets: Sequence[Scores]
) -> list[Linear]:
    """Estimates and variances of a family of estimators as functions of the shifts.

    Parameters
    ----------
    evaluate : callable
        (scores, number of the set) to Terms: linear in `scores.score`, their variances quadratic forms of it,
        reading no other column that depends on outcomes of their own.
    score_sets : sequence of Scores, length m
        One, or one an imputation of the outcome.

    Returns
    -------
    list of Linear
        One for each of the Terms.
    """
    sets = [_forms(evaluate, scores, number) for number, scores in enumerate(score_sets)]
    return [
        Linear(
            same[0][0],
            np.stack([estimates for _, estimates, _ in same]),
            np.stack([covariances for _, _, covariances in same]),
        )
        for same in zip(*sets, strict=True)
    ]


def _forms(
    evaluate: Callable[[Scores, int], list[Terms]], scores: Scores, number: int
) -> list[tuple[Terms, np.ndarray, np.ndarray]]:
    """Of one set and each of the Terms: the Terms, estimates (3, k) and covariances (3, 3, k)."""
    columns = [scores.score, *shift_columns(scores)]

    def at(values: Vector) -> list[Terms]:
        return evaluate(replace(scores, score=values), number)

    single = [at(values) for values in columns]
    both = {(i, j): at(columns[i] + columns[j]) for i in range(PARTS) for j in range(i)}
    found = []
    for place, terms in enumerate(single[0]):
        forms = np.empty((PARTS, PARTS, terms.estimate.size))
        for i in range(PARTS):
            forms[i, i] = np.diag(single[i][place].covariance)
        for (i, j), sums in both.items():
            forms[i, j] = forms[j, i] = (np.diag(sums[place].covariance) - forms[i, i] - forms[j, j]) / 2
        found.append((terms, np.stack([one[place].estimate for one in single]), forms))
    return found


def pick(linear: Linear, place: int) -> Linear:
    """One of the k estimates."""
    terms = linear.terms
    one = replace(
        terms,
        groups=(terms.groups[place],),
        terms=(terms.terms[place],),
        estimate=terms.estimate[[place]],
        covariance=terms.covariance[[place]][:, [place]],
        n=(terms.n[place],),
    )
    return Linear(one, linear.estimates[:, :, [place]], linear.covariances[:, :, :, [place]])
