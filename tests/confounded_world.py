"""Observational studies with a confounder that is left out, and its true strength."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hetflow.effects.scores import Scores, make_scores
from numpy.typing import NDArray
from scipy.special import expit, logit
from score_world import nuisance_frame

#: Units of the sample in which true strengths are worked out.
LARGE = 400_000


@dataclass(frozen=True, slots=True)
class Truth:
    """The full model's effect, and what leaving the binary confounder out does.

    Attributes
    ----------
    effect, biased : float
        Average effect; what adjusting for the covariate alone converges to.
    c_y, c_t, rho : float
        True strength of the confounder, and correlation of its two parts.
    bound : float
        Largest bias that a confounder of this strength could cause.
    """

    effect: float
    biased: float
    c_y: float
    c_t: float
    rho: float
    bound: float


@dataclass(frozen=True, slots=True)
class Confounded:
    """A study: covariate x, hidden binary u, treatment and outcome that both depend on them.

    Attributes
    ----------
    on_treatment, on_outcome : float
        Log odds ratio of treatment, and change of the outcome, for u = 1 against 0.
    slope : float
        How the effect goes with u.
    """

    on_treatment: float = 1.0
    on_outcome: float = 1.0
    slope: float = 0.0

    def chances(self, x: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Of treatment given x and u = 0, u = 1, and given x alone."""
        low, high = (expit(-0.3 + 0.6 * x + self.on_treatment * (u - 0.5)) for u in (0, 1))
        return low, high, 0.5 * (low + high)

    def means(self, x: NDArray, treated: NDArray) -> tuple[NDArray, NDArray]:
        """The outcome's mean given x, arm and u, for u = 0 and u = 1."""
        base = x + treated * (1 + 0.3 * x)
        low, high = (base + (self.on_outcome + self.slope * treated) * (u - 0.5) for u in (0, 1))
        return low, high

    def short_mean(self, x: NDArray, treated: NDArray) -> NDArray:
        """The outcome's mean given x and arm: u is more frequent among those treated."""
        _, high, e = self.chances(x)
        share = np.where(treated == 1, 0.5 * high / e, 0.5 * (1 - high) / (1 - e))
        first, second = self.means(x, treated)
        return (1 - share) * first + share * second

    def draw(self, rng: np.random.Generator, n: int) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """x, u, treatment, outcome (noise of unit variance)."""
        x, u = rng.normal(size=n), rng.integers(0, 2, n)
        low, high, _ = self.chances(x)
        treated = (rng.random(n) < np.where(u == 1, high, low)).astype(np.int8)
        first, second = self.means(x, treated)
        outcome = np.where(u == 1, second, first) + rng.normal(size=n)
        return x, u, treated, outcome

    def scores(self, rng: np.random.Generator, n: int) -> tuple[Scores, NDArray]:
        """Scores with the true short nuisances plus estimation noise of order 1 / sqrt(n), and the outcome."""
        x, _, treated, outcome = self.draw(rng, n)
        shift = rng.normal(scale=1 / np.sqrt(n), size=3)
        e = expit(logit(self.chances(x)[2]) + shift[0])
        g0 = self.short_mean(x, np.zeros(n)) + shift[1]
        g1 = self.short_mean(x, np.ones(n)) + shift[2]
        mean = (1 - e) * g0 + e * g1
        frame = nuisance_frame(treated, outcome - mean, e).assign(outcome_mean=mean)
        return make_scores(frame, g1 - g0, better="higher"), outcome

    def truth(self, seed: int = 1) -> Truth:
        """By integration over a large sample of x and u, with the true functions."""
        rng = np.random.default_rng(seed)
        x, u, treated, _ = self.draw(rng, LARGE)
        low, high, e = self.chances(x)
        full_e = np.where(u == 1, high, low)
        first, second = self.means(x, treated)
        added_g = np.where(u == 1, second, first) - self.short_mean(x, treated)
        short = treated / e - (1 - treated) / (1 - e)
        full = treated / full_e - (1 - treated) / (1 - full_e)
        effects = [np.where(u == 1, *self.means(x, np.full(LARGE, a))[::-1]) for a in (0, 1)]
        biased = self.short_mean(x, np.ones(LARGE)) - self.short_mean(x, np.zeros(LARGE))
        sigma2 = np.mean(added_g**2) + 1.0
        nu2_short = np.mean(1 / e + 1 / (1 - e))
        nu2_full = np.mean(1 / full_e + 1 / (1 - full_e))
        c_y, c_t = float(np.mean(added_g**2) / sigma2), float(1 - nu2_short / nu2_full)
        rho = float(np.mean(added_g * (full - short)) / np.sqrt(np.mean(added_g**2) * (nu2_full - nu2_short)))
        reach = np.sqrt(c_y * c_t / (1 - c_t) * sigma2 * nu2_short)
        return Truth(
            float(np.mean(effects[1] - effects[0])), float(np.mean(biased)), c_y, c_t, rho, float(reach)
        )
