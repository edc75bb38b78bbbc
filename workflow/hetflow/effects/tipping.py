"""Tipping points: how far missing outcomes must be shifted before a finding is lost, or one appears.

A finding is an interval that leaves zero out. Along a direction in the plane of the two shifts its nearest
end, as a function of the shift, is smooth and known in closed form, so that its root is found to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from hetflow.effects.linear import Vector
from hetflow.effects.shifts import Linear, Point
from hetflow.effects.terms import GREATER

#: Furthest shift looked at, in standard deviations of the outcome: beyond it, "none" is the answer.
FURTHEST = 10.0
#: Steps in which a change of sign is looked for before the root is found between two of them.
STEPS = 400
#: Which arms are shifted: directions in the plane (treated, control).
ARMS: dict[str, tuple[float, float]] = {
    "both": (1.0, 1.0),
    "treated": (1.0, 0.0),
    "control": (0.0, 1.0),
    "opposite": (1.0, -1.0),
}
BELOW, INCLUDES, ABOVE = "below zero", "includes zero", "above zero"


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a finding tips along one direction.

    Attributes
    ----------
    shift : float
        Shift of the missing outcomes, outcome units, with its sign; NaN if there is none within
        `FURTHEST` standard deviations.
    change : str
        ``lost`` where the interval leaves zero out without shift, ``gained`` where it includes zero.
    estimate : float
        The estimate at the tipping point; NaN where there is none.
    zero : float
        Shift at which the estimate itself is zero; NaN where that lies in the other direction.
    """

    shift: float
    change: str
    estimate: float
    zero: float


def verdicts(point: Point, alternative: str) -> list[str]:
    """Where intervals lie, one a pair of shifts: `BELOW`, `INCLUDES` or `ABOVE` zero."""
    below = (point.upper < 0) & (alternative != GREATER)
    return [str(one) for one in np.where(point.lower > 0, ABOVE, np.where(below, BELOW, INCLUDES))]


def verdict(point: Point, alternative: str) -> str:
    """Where an interval (of a single estimate) lies: `BELOW`, `INCLUDES` or `ABOVE` zero."""
    return verdicts(point, alternative)[0]


def _clearance(point: Point, alternative: str, found: str) -> Vector:
    """How far intervals keep from zero, on the side where one was found; negative where they include zero."""
    if found == ABOVE or alternative == GREATER:
        return point.lower
    return -point.upper if found == BELOW else np.maximum(point.lower, -point.upper)


def tipping_point(linear: Linear, arms: str, sign: int, sd: float, confidence: float) -> Tip:
    """The smallest shift, in one direction, at which a single estimate's interval reaches or leaves zero.

    Parameters
    ----------
    linear : Linear
        Of a single estimate.
    arms : str
        A key of `ARMS`: both arms alike, one alone, or the treated up and the controls down by the same.
    sign : int
        +1 or -1: whether the missing outcomes are higher or lower than assumed.
    sd : float
        Standard deviation of the outcome, which sets how far is looked.
    confidence : float

    Returns
    -------
    Tip
    """
    treated, control = ARMS[arms]
    alternative = linear.terms.alternative

    def at(size: float | Vector) -> Point:
        return linear.at(sign * size * treated, sign * size * control, confidence)

    found = verdict(at(0.0), alternative)
    change = "gained" if found == INCLUDES else "lost"

    def clearance(size: float) -> float:
        return float(_clearance(at(size), alternative, found)[0])

    sizes = np.linspace(0.0, FURTHEST * sd, STEPS + 1)
    values = _clearance(at(sizes), alternative, found)
    turned = np.flatnonzero((values > 0) != (values[0] > 0))
    zero = sign * _zero(linear, sign * treated, sign * control)
    if not turned.size:
        return Tip(np.nan, change, np.nan, zero)
    last = int(turned[0])
    root = float(brentq(clearance, sizes[last - 1], sizes[last], xtol=1e-13 * sd, rtol=1e-14))
    return Tip(sign * root, change, float(at(root).estimate[0]), zero)


def _zero(linear: Linear, treated: float, control: float) -> float:
    """How far along a direction the pooled estimate is zero; NaN where it never is."""
    base, up, down = linear.estimates[:, :, 0].mean(axis=0)
    slope = float(treated * up + control * down)
    size = -float(base) / slope if slope else np.nan
    return size if size >= 0 else np.nan


def tipping_table(findings: Mapping[str, Linear], sd: float, confidence: float) -> pd.DataFrame:
    """Tipping points of every finding, for every choice of arms and both directions.

    Parameters
    ----------
    findings : mapping of str to Linear
        Single estimates by name.
    sd, confidence : float

    Returns
    -------
    DataFrame
        estimand, arms, direction (``higher`` or ``lower``), change, delta (standard deviations), shift
        (outcome units), estimate, and zero: the shift at which the estimate itself is zero.
    """
    rows = []
    for name, linear in findings.items():
        for arms in ARMS:
            for sign, direction in ((1, "higher"), (-1, "lower")):
                tip = tipping_point(linear, arms, sign, sd, confidence)
                rows.append(
                    (name, arms, direction, tip.change, tip.shift / sd, tip.shift, tip.estimate, tip.zero)
                )
    columns = ["estimand", "arms", "direction", "change", "delta", "shift", "estimate", "zero"]
    return pd.DataFrame(rows, columns=columns)


def plane(
    findings: Mapping[str, Linear], reach: float, points: int, sd: float, confidence: float
) -> pd.DataFrame:
    """Estimate and interval over a grid of both shifts.

    Parameters
    ----------
    findings : mapping of str to Linear
        Single estimates by name.
    reach : float
        Furthest shift of the grid, in standard deviations.
    points : int
        Grid points along each shift; odd, so that no shift is one of them.
    sd, confidence : float

    Returns
    -------
    DataFrame
        estimand, delta_treated, delta_control (standard deviations), estimate, lower, upper, verdict. No
        p-values: a plane shows where a verdict holds, and is no set of tests.
    """
    steps = np.linspace(-reach, reach, points)
    control, treated = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
    tables = []
    for name, linear in findings.items():
        point = linear.at(treated * sd, control * sd, confidence)
        shifts = {"estimand": name, "delta_treated": treated, "delta_control": control}
        found = {"estimate": point.estimate, "lower": point.lower, "upper": point.upper}
        tables.append(pd.DataFrame(shifts | found | {"verdict": verdicts(point, linear.terms.alternative)}))
    columns = ["estimand", "delta_treated", "delta_control", "estimate", "lower", "upper", "verdict"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)
