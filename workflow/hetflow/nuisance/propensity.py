"""The probability of treatment: known by design, or estimated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hetflow.errors import Problem, refuse, refuse_all
from hetflow.nuisance.folds import Floats, Integers


def design_propensity(
    probability: float | Mapping[str, float],
    number: int,
    level: ArrayLike | None = None,
    where: str = "design: probability",
) -> Floats:
    """The propensity that a randomised design fixes.

    Parameters
    ----------
    probability : float or mapping
        One probability of treatment for all, or one for each level of a column (a stratum, a clinic, a wave).
    number : int
        Number of units, n.
    level : array_like, shape (n,), optional
        Level of each unit, text or number; needed with a mapping.
    where : str
        Key of the study, named in refusals.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    Refused
        If a probability does not lie strictly between 0 and 1, or a unit's level has none.
    """
    if not isinstance(probability, Mapping):
        refuse_all(_outside({"": probability}, where))
        return np.full(number, float(probability))
    refuse_all(_outside(probability, where))
    if level is None:
        refuse(where, "the column whose levels the probabilities belong to", "none", "name that column")
    text = [_text(value) for value in np.asarray(level, dtype=object)]
    known = {_text(name): float(value) for name, value in probability.items()}
    unknown = sorted(set(text) - set(known))
    if unknown:
        found = f"none for {', '.join(unknown)}"
        refuse(where, "a probability for every level that occurs", found, "add it, or exclude those units")
    return np.array([known[name] for name in text], dtype=np.float64)


def trim_units(
    propensity: Floats, treated: Integers, bounds: tuple[float, float] | None, where: str = "nuisance: trim"
) -> tuple[NDArray[np.bool_], dict[str, Any]]:
    """Mark the units that trimming leaves out, and refuse probabilities of exactly 0 or 1 among the others.

    Parameters
    ----------
    propensity, treated : ndarray, shape (n,)
    bounds : (low, high) or None
        Units with propensity below `low` or above `high` are left out; None leaves out nobody. Nothing is
        ever clipped.

    Returns
    -------
    kept : ndarray of bool, shape (n,)
    facts : dict
        ``bounds``, and how many were ``left_out`` overall and by arm.

    Raises
    ------
    Refused
        For bounds out of order; for a kept unit with propensity 0 or 1, which has no counterpart in the
        other arm.
    """
    kept = np.ones(len(propensity), dtype=bool)
    if bounds is not None:
        low, high = (float(bound) for bound in bounds)
        if not 0 <= low < high <= 1:
            refuse(
                where, "[low, high] with 0 <= low < high <= 1", str(list(bounds)), "for instance [0.05, 0.95]"
            )
        kept = (propensity >= low) & (propensity <= high)
    sure = int((kept & ((propensity <= 0) | (propensity >= 1))).sum())
    if sure:
        remedy = (
            "set trim to leave such units out, say [0.01, 0.99], or choose another learner for the propensity"
        )
        refuse(
            "nuisance: propensity",
            "probabilities strictly between 0 and 1",
            f"{sure} units at 0 or 1",
            remedy,
        )
    left_out = {f"arm {arm}": int((~kept & (treated == arm)).sum()) for arm in (0, 1)}
    facts = {
        "bounds": None if bounds is None else [low, high],
        "left_out": int((~kept).sum()),
        "by_arm": left_out,
    }
    return kept, facts


def _text(value: object) -> str:
    """A level as the study file writes it: whole numbers without a decimal point."""
    text = str(value)
    return text[:-2] if text.endswith(".0") and text[:-2].lstrip("-").isdigit() else text


def _outside(probability: Mapping[str, float], where: str) -> list[Problem]:
    """One problem for each probability that is not strictly between 0 and 1."""
    return [
        Problem(
            f"{where}: {name}" if name else where,
            "a probability strictly between 0 and 1",
            str(value),
            "give the probability of treatment, or exclude units who could only get one arm",
        )
        for name, value in probability.items()
        if not 0.0 < float(value) < 1.0
    ]
