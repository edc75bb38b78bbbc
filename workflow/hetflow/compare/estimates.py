"""Estimates of two runs, matched and set against their errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from hetflow.compare.cells import DIFFERENT, ROUNDING, SAME, Key, alike, by_key, number
from hetflow.compare.read import Run

#: What an estimate is known by.
KEY = ("analysis", "outcome", "contrast", "estimand", "target", "group", "term", "scale", "alternative")
NUMBERS = ("estimate", "se", "df", "lower", "upper", "p", "n", "imputations", "fmi", "monte_carlo_se")
#: A difference is beyond Monte Carlo error where it exceeds so many standard deviations of it (two-sided 5 %).
BEYOND = 1.959964
_STABILITY = "stability_components"


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate of both runs, or of one.

    Attributes
    ----------
    key : tuple of str
        Values of `KEY`, and which of several with these values.
    a, b : float
        The estimates; NaN where a run has none.
    se_a, se_b : float
    monte_carlo : float
        Standard deviation of the difference that chance of the computation brings about: as the stability stage
        measured it or, where both runs have the same scores so that no forest is in the difference, by finitely many
        imputations; NaN where it is not known of both runs.
    state : str
        `SAME`, `ROUNDING` or `DIFFERENT`, over all its numbers; ``only A`` or ``only B``.
    """

    key: Key
    a: float
    b: float
    se_a: float
    se_b: float
    monte_carlo: float
    state: str

    @property
    def difference(self) -> float:
        """B minus A."""
        return self.b - self.a

    @property
    def in_errors(self) -> float:
        """The difference in units of the larger standard error; NaN where there is none."""
        larger = max((one for one in (self.se_a, self.se_b) if one > 0), default=math.nan)
        return self.difference / larger

    @property
    def beyond(self) -> bool | None:
        """Whether the difference is beyond Monte Carlo error; None where that is not known."""
        if not math.isfinite(self.monte_carlo) or not math.isfinite(self.difference):
            return None
        return abs(self.difference) > BEYOND * self.monte_carlo

    @property
    def analysis(self) -> str:
        """Its analysis."""
        return self.key[0]

    @property
    def label(self) -> str:
        """Estimand, term and group."""
        _, _, _, estimand, _, group, term, *_ = self.key
        return " · ".join([estimand, *(one for one in (term, group) if one not in ("", "all", "effect"))])


ONLY_A, ONLY_B = "only A", "only B"


def estimates(a: Run, b: Run, other_folds: bool) -> list[Estimate]:
    """All estimates of either run: A's in its order, then what only B has.

    Parameters
    ----------
    other_folds : bool
        Whether the runs drew other folds, so that the variance of that draw is part of the Monte Carlo error.
    """
    was, now = (by_key(run.tables["estimates"], KEY) for run in (a, b))
    noise = [_stability(run, other_folds) for run in (a, b)]
    keys = [*was, *(key for key in now if key not in was)]
    scored = {name: _same_scores(a, b, name) for name in {key[0] for key in keys}}
    return [_matched(key, was.get(key), now.get(key), noise, scored[key[0]]) for key in keys]


def _same_scores(a: Run, b: Run, analysis: str) -> bool:
    """Whether an analysis' estimates read the same scores in both runs, byte for byte."""
    found = []
    for run in (a, b):
        owners = run.report.get("owners", {}).get(analysis, {})
        folder = f"{owners.get('scores', analysis)}/scores/"
        found.append(
            {
                name.rsplit("/", 1)[-1]: digest
                for name, digest in run.artefacts.items()
                if name.startswith(folder)
            }
        )
    return bool(found[0]) and found[0] == found[1]


def _matched(
    key: Key,
    a: Mapping[str, str] | None,
    b: Mapping[str, str] | None,
    noise: Sequence[Mapping[Key, float]],
    same_scores: bool,
) -> Estimate:
    was, now = a or {}, b or {}
    values = [number(row.get(name)) for row in (was, now) for name in ("estimate", "se")]
    state = ONLY_B if a is None else ONLY_A if b is None else _state(was, now)
    variances = [
        _monte_carlo(key, row, known, same_scores) for row, known in zip((was, now), noise, strict=True)
    ]
    monte_carlo = math.sqrt(sum(variances)) if a is not None and b is not None else math.nan
    return Estimate(key, values[0], values[2], values[1], values[3], monte_carlo, state)


def _state(a: Mapping[str, str], b: Mapping[str, str]) -> str:
    scale = max((one for one in (number(a.get("se")), number(b.get("se"))) if one > 0), default=0.0)
    found = {
        alike(a.get(name, ""), b.get(name, ""), scale if name in NUMBERS[:5] else 0.0) for name in NUMBERS
    }
    return DIFFERENT if DIFFERENT in found else ROUNDING if ROUNDING in found else SAME


def _monte_carlo(key: Key, row: Mapping[str, str], known: Mapping[Key, float], same_scores: bool) -> float:
    """Variance of an estimate by chance of the computation; NaN where it is not known.

    That of finitely many imputations is all of it only where the scores are the same: other scores come of other folds,
    trees or completed covariates, whose chance it does not hold.
    """
    if same_scores:
        return number(row.get("monte_carlo_se")) ** 2
    analysis, _, _, estimand, _, group, term, *_ = key
    return known.get((analysis, estimand, group, term), math.nan)


def _stability(run: Run, other_folds: bool) -> dict[Key, float]:
    """Variances by seed and imputations together, and if asked by folds, of the primary analysis' headline numbers."""
    table = run.tables.get(_STABILITY, pd.DataFrame())
    if not {"estimand", "group", "term", "source", "variance"} <= set(table.columns):
        return {}
    primary = str(next(iter(run.report["analyses"])))
    parts: dict[Key, dict[str, float]] = {}
    for row in table.to_dict("records"):
        key = (primary, str(row["estimand"]), str(row["group"]), str(row["term"]))
        parts.setdefault(key, {})[str(row["source"])] = max(number(row["variance"]), 0.0)
    wanted = ("monte_carlo", "folds") if other_folds else ("monte_carlo",)
    return {key: sum(own[name] for name in wanted) for key, own in parts.items() if set(wanted) <= set(own)}
