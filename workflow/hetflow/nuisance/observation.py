"""Missing outcomes: the probability that an outcome is observed, and the outcome completed by it.

With R = 1 where the outcome Y is observed, A the arm, X the covariates and L auxiliaries that may have been recorded
after treatment began, assume that losing the outcome does not depend on what it would have been, given these: Y and R
independent given (A, X, L), and P(R = 1 | A, X, L) = p > 0. With q = E[Y | A, X, L, R = 1],

    Y* = q + (R / p) (Y - q)

has E[Y* | A, X] = E[Y | A, X] if p or q is right: the augmented inverse-probability-weighted (AIPW) transformation of
Robins, Rotnitzky and Zhao (JASA 89 (1994) 846-866); with L recorded after treatment Davidian, Tsiatis and Leon
(Statistical Science 20 (2005) 261-301); as a transformation of the outcome Rubin and van der Laan (International
Journal of Biostatistics 3 (2007) 4); for conditional effects the mDR-learner of Pryce and others (arXiv:2412.19711).

Whatever is linear in the outcome given arm and covariates may therefore read Y* in its place, for all units: the
doubly robust score, its averages, groups and projections, the effect of the treated, overlap-weighted slopes, and the
forest. The score is then ``tau + (A - e) / (e (1 - e)) (Y* - m - (A - e) tau)``; where q equals m + (A - e) tau, it is
``tau + (R / p) (A - e) / (e (1 - e)) (Y - m - (A - e) tau)``, the weighted residual of the mDR-learner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hetflow.nuisance.crossfit import cross_fit
from hetflow.nuisance.folds import Floats, Integers, check_folds
from hetflow.nuisance.learners import CLASSIFICATION, REGRESSION

ARMS = {"control": 0, "treated": 1}


@dataclass(frozen=True, slots=True)
class Units:
    """What the observation of outcomes is modelled from; arrays have one entry a unit, sorted by unit.

    Attributes
    ----------
    X : ndarray, shape (n, p)
        Covariates and auxiliaries as numbers; NaN where missing, and a gap counts as a value of its own.
    treated : ndarray of int, shape (n,)
        1 treated, 0 control.
    outcome : ndarray, shape (n,)
        In its own units; NaN where it is missing.
    fold : ndarray of int, shape (n,)
    weight : ndarray, shape (n,)
        Sample weights.
    cluster : ndarray of int, shape (n,), or None
    """

    X: Floats
    treated: Integers
    outcome: Floats
    fold: Integers
    weight: Floats
    cluster: Integers | None = None

    @property
    def observed(self) -> NDArray[np.bool_]:
        """Whether the outcome is observed, shape (n,)."""
        return np.isfinite(self.outcome)


@dataclass(frozen=True, slots=True)
class Observation:
    """What is put in the place of outcomes that are not all observed.

    Attributes
    ----------
    observed : ndarray of bool, shape (n,)
    probability : ndarray, shape (n,)
        Of an observed outcome, out of fold, not below ``smallest``; 1 throughout an arm without a missing outcome.
    raw : ndarray, shape (n,)
        The same before it was raised to ``smallest``.
    mean : ndarray, shape (n,)
        q: the outcome's mean given arm, covariates and auxiliaries, out of fold.
    outcome : ndarray, shape (n,)
        Y*, in the outcome's units; the observed outcome where the probability is 1.
    performance : dict
        By arm with missing outcomes: ``observation`` and ``outcome``, see `hetflow.nuisance.performance`.
    """

    observed: NDArray[np.bool_]
    probability: Floats
    raw: Floats
    mean: Floats
    outcome: Floats
    performance: dict[str, Any]

    @property
    def weight(self) -> Floats:
        """Inverse-probability weights R / p, shape (n,); 0 where the outcome is missing."""
        return np.where(self.observed, 1.0 / self.probability, 0.0)


def complete_outcome(
    units: Units,
    settings: Mapping[str, Any],
    learner: str,
    seed: int,
    key: tuple[str | int, ...],
    binary: bool = False,
) -> Observation:
    """Model who has an outcome, and complete the outcome by the transformation above.

    Both models are fitted in each arm apart, on folds that are not the unit's own: drop-out and outcome may depend on
    covariates in another way in each arm, and a learner that shrinks would shrink that difference away.

    Parameters
    ----------
    units : Units
    settings : mapping
        ``learner`` of the probability of observation; ``smallest`` probability, in (0, 0.5].
    learner : str
        Of the outcome's mean q.
    seed : int
        The study's seed.
    key : tuple
        Keys the random streams, as in `hetflow.nuisance.nuisance.nuisance`.
    binary : bool
        Whether the outcome is 0/1; Y* then is not, but its conditional mean is that of the outcome.

    Returns
    -------
    Observation

    Raises
    ------
    Refused
        If some fold lacks units of an arm with an observed outcome, and whatever `cross_fit` refuses.
    """
    observed = units.observed
    check_folds(
        units.fold[observed], units.treated[observed], int(units.fold.max()), where="observed outcomes"
    )
    raw, mean = np.ones(len(observed)), np.where(observed, units.outcome, 0.0)
    performance: dict[str, Any] = {}
    for name, arm in ARMS.items():
        rows = units.treated == arm
        if observed[rows].all():
            continue
        seen, target = observed[rows].astype(np.float64), mean[rows]
        kind = CLASSIFICATION if binary else REGRESSION
        chance = _fit(
            units, rows, seen, str(settings["learner"]), None, seed, ("observed", name, *key), CLASSIFICATION
        )
        outcome = _fit(units, rows, target, learner, seen, seed, ("outcome if observed", name, *key), kind)
        raw[rows], mean[rows] = chance.prediction, outcome.prediction
        performance[name] = {"observation": chance.performance, "outcome": outcome.performance}
    probability = np.maximum(raw, float(settings["smallest"]))
    correction = np.where(observed, units.outcome - mean, 0.0) / probability
    completed = np.where(observed & (probability == 1.0), units.outcome, mean + correction)
    return Observation(observed, probability, raw, mean, completed, performance)


def _fit(
    units: Units,
    rows: NDArray[np.bool_],
    target: Floats,
    learner: str,
    use: Floats | None,
    seed: int,
    key: tuple[str | int, ...],
    kind: str,
) -> Any:
    """Cross-fit within one arm; `use` is 1 where a unit is learnt from."""
    weight = units.weight[rows] if use is None else units.weight[rows] * use
    cluster = None if units.cluster is None else units.cluster[rows]
    return cross_fit(units.X[rows], target, units.fold[rows], learner, weight, seed, key, kind, cluster)
