"""How good the model of missing outcomes is, what its weights cost, and where hardly anybody has an outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.nuisance.folds import Floats, Integers
from hetflow.nuisance.observation import ARMS, Observation, Units
from hetflow.nuisance.overlap import effective_size

#: Below this share observed, what a group's effect rests on is said in a notice.
FEW_OBSERVED = 0.10
#: Smaller groups say little about positivity and are not named.
SMALLEST_GROUP = 20
#: Groups of a numeric auxiliary, and of the modelled probability.
PARTS = 4
LEVELS = (0.5, 0.95, 0.99)
MISSING = "missing"


def observation_facts(
    units: Units,
    found: Observation,
    settings: Mapping[str, Any],
    groups: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Tables of the observation of outcomes, ready for JSON.

    Parameters
    ----------
    units : Units
    found : Observation
    settings : mapping
        The study's section ``missing_outcome``.
    groups : mapping of str to sequence of str, length n
        Levels of strata and auxiliaries, for the shares observed.

    Returns
    -------
    dict
        ``arms``: rows of arm, units, observed, clipped, quantiles and largest of the weights 1 / p of those observed,
        ``effective_size`` (Kish) of the observed with those weights, and three means of the outcome: of the
        observed, of the observed weighted, and of all by the completed outcome. ``model`` and ``outcome_model``:
        performance by arm. ``calibration``: rows of arm, part, units, mean probability, share observed.
        ``positivity``: rows of arm, group, level, units, share observed, mean probability. ``notices``.
    """
    positivity = shares_observed(units.treated, found, groups)
    arms = [_arm(units, found, name, code) for name, code in ARMS.items()]
    return {
        "strategy": "weighting",
        "learner": str(settings["learner"]),
        "auxiliary": list(settings["auxiliary"]),
        "smallest": float(settings["smallest"]),
        "arms": arms,
        "model": {name: part["observation"] for name, part in found.performance.items()},
        "outcome_model": {name: part["outcome"] for name, part in found.performance.items()},
        "calibration": _calibration(units.treated, found),
        "positivity": positivity,
        "notices": [*_clipped(arms, float(settings["smallest"])), *_scarce(positivity)],
    }


def _arm(units: Units, found: Observation, name: str, code: int) -> dict[str, Any]:
    """Numbers, weights and means of one arm."""
    rows = units.treated == code
    seen = rows & found.observed
    weights = units.weight[seen] * found.weight[seen]
    inverse = found.weight[seen]
    clipped = int((rows & (found.raw < found.probability)).sum())
    return {
        "arm": name,
        "units": int(rows.sum()),
        "observed": int(seen.sum()),
        "clipped": clipped,
        **{f"q{level:g}": float(np.quantile(inverse, level)) for level in LEVELS},
        "largest": float(inverse.max()),
        "effective_size": effective_size(weights),
        "effective_size_unweighted": effective_size(units.weight[seen]),
        "mean_observed": _mean(units.outcome[seen], units.weight[seen]),
        "mean_weighted": _mean(units.outcome[seen], weights),
        "mean_completed": _mean(found.outcome[rows], units.weight[rows]),
    }


def _mean(values: Floats, weight: Floats) -> float | None:
    total = float(weight.sum())
    return float(weight @ values / total) if total > 0 else None


def shares_observed(
    treated: Integers, found: Observation, groups: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """Share with an outcome by arm and level of each group: where it is near 0, nothing but the model speaks."""
    frame = pd.DataFrame({"arm": treated, "observed": found.observed, "probability": found.raw})
    rows: list[dict[str, Any]] = []
    for group, levels in groups.items():
        for name, code in ARMS.items():
            inside = (treated == code).astype(bool)
            part = frame[inside].groupby(np.asarray(levels, dtype=object)[inside], sort=True)
            for level, cell in part:
                rows.append(
                    {
                        "arm": name,
                        "group": group,
                        "level": str(level),
                        "units": len(cell),
                        "share": float(cell["observed"].mean()),
                        "probability": float(cell["probability"].mean()),
                    }
                )
    return rows


def _calibration(treated: Integers, found: Observation) -> list[dict[str, Any]]:
    """Share observed in parts of equal size by the modelled probability, in each arm with missing outcomes."""
    rows = []
    for name in found.performance:
        inside = treated == ARMS[name]
        for part, cells in enumerate(_parts(found.raw[inside])):
            chosen = np.flatnonzero(inside)[cells]
            rows.append(
                {
                    "arm": name,
                    "part": part + 1,
                    "units": len(chosen),
                    "probability": float(found.raw[chosen].mean()),
                    "share": float(found.observed[chosen].mean()),
                }
            )
    return rows


def _parts(values: Floats) -> list[NDArray[np.int64]]:
    """Places of the values in up to ten parts of equal size, ties together."""
    cuts = np.unique(np.quantile(values, np.arange(1, 10) / 10))
    code = np.searchsorted(cuts, values, side="left")
    return [np.flatnonzero(code == number) for number in np.unique(code)]


def _clipped(arms: Sequence[Mapping[str, Any]], smallest: float) -> list[str]:
    total = sum(int(arm["clipped"]) for arm in arms)
    if not total:
        return []
    return [
        f"missing outcomes: the probability of an observed outcome was raised to {smallest:g} for "
        f"{_number(total)} (missing_outcome.smallest); the effects of such units rest on the outcome model"
    ]


def _scarce(positivity: Sequence[Mapping[str, Any]]) -> list[str]:
    """Groups in which hardly anybody has an outcome."""
    return [
        f"missing outcomes: of the {row['units']} units with {row['group']} {row['level']} in the {row['arm']} arm "
        f"fewer than {FEW_OBSERVED:.0%} have an outcome. If these few differ from the others, weighting by them is "
        "wrong, and no data can tell: compare analyses that make other assumptions"
        for row in positivity
        if row["share"] < FEW_OBSERVED and row["units"] >= SMALLEST_GROUP
    ]


def _number(units: int) -> str:
    """A number of units for a notice, which may leave the study: small ones are not told."""
    return "fewer than 10 units" if units < 10 else f"{units} units"


def levels_of(values: pd.Series, numeric: bool, names: Sequence[str] | None = None) -> list[str]:
    """Levels of one column, for `shares_observed`: its own, quarters of a numeric one, and missing.

    Parameters
    ----------
    values : Series, length n
        As in the cohort.
    numeric : bool
        Whether to cut it at its quartiles.
    names : sequence of str, optional
        Names of coded levels.
    """
    gap = values.isna().to_numpy()
    if not numeric:
        return [
            MISSING if missing else _level(value, names) for value, missing in zip(values, gap, strict=True)
        ]
    number = values.to_numpy(dtype=np.float64)
    cuts = np.unique(np.quantile(number[~gap], np.arange(1, PARTS) / PARTS)) if (~gap).any() else np.empty(0)
    code = np.searchsorted(cuts, number, side="left")
    return [MISSING if missing else f"part {part + 1}" for part, missing in zip(code, gap, strict=True)]


def _level(value: Any, names: Sequence[str] | None) -> str:
    return str(value) if names is None or isinstance(value, str) else names[int(value)]
