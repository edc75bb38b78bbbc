"""What a leaf says: averages of the moments, for two arms and for several.

The local moment equation of a causal forest with intercept is E[J θ - A | x] = 0, with θ the d effects and the
intercept, A = (t y, y) and J = (t t', t; t', 1) for the residuals t (d contrasts with the reference arm) and y of
treatment and outcome (Athey, Tibshirani and Wager 2019, arXiv:1610.01271; for several arms as grf's
`multi_arm_causal_forest`). As J is symmetric, a leaf is described by the averages of t y, of y, of the upper triangle
of t t' row by row, of t, and of 1: five for two arms, 9 for three, 14 for four, 20 for five.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def component_count(contrasts: int) -> int:
    """How many averages describe a leaf: 2 + 2 d + d (d + 1) / 2 for d contrasts."""
    return 2 + 2 * contrasts + contrasts * (contrasts + 1) // 2


def contrasts_in(components: int) -> int:
    """Contrasts of a leaf that is described by so many averages.

    Raises
    ------
    ValueError
        If no number of contrasts has so many.
    """
    contrasts = 1
    while component_count(contrasts) < components:
        contrasts += 1
    if component_count(contrasts) != components:
        raise ValueError(f"{components} averages describe no leaf")
    return contrasts


@cache
def component_names(contrasts: int) -> tuple[str, ...]:
    """Names of the averages, in their order.

    Parameters
    ----------
    contrasts : int
        Number of contrasts d; with one, the names carry no numbers.
    """
    numbers = [""] if contrasts == 1 else [f"_{k + 1}" for k in range(contrasts)]
    return (
        *(f"alpha_treatment{k}" for k in numbers),
        "alpha_intercept",
        *(f"jacobian_treatment{j}{k}" for j, k in combinations_with_replacement(numbers, 2)),
        *(f"jacobian_cross{k}" for k in numbers),
        "jacobian_intercept",
    )


@cache
def component_pairs(contrasts: int) -> tuple[tuple[int, int], ...]:
    """Positions of the two averages in each of their products, each pair once."""
    return tuple(combinations_with_replacement(range(component_count(contrasts)), 2))


def component_terms(treatment: Floats, outcome: Floats) -> list[Floats]:
    """What the averages are averages of.

    Parameters
    ----------
    treatment : ndarray, shape (n,) or (n, d)
        Treatment residuals.
    outcome : ndarray, shape (n,)
        Outcome residuals.

    Returns
    -------
    list of ndarray, shape (n,)
        In the order of `component_names`; the last one has shape (1,).
    """
    t = list(treatment.T) if treatment.ndim == 2 else [treatment]
    products = [first * second for first, second in combinations_with_replacement(t, 2)]
    return [*(values * outcome for values in t), outcome, *products, *t, np.ones(1)]
