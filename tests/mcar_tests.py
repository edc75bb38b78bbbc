"""Tests of MCAR on data whose mechanism is known: five correlated columns, three of them incomplete, 500 units.

normal, lognormal   MCAR, unstructured
structured          MCAR, masks that hang together in a weak block: structure is no departure from MCAR
mean                MAR: missingness rises with an observed column, which moves means
variance            MAR: missingness rises with its square, which leaves means alone; Little's test reads means only
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from amputation_world import complete_data
from hetflow.missingness.amputation import Strengths, amputate
from hetflow.missingness.mechanism.little import little_test
from hetflow.missingness.mechanism.projection import projection_test

UNITS = 500
COLUMNS = ["a", "b", "c", "y", "z"]
INCOMPLETE = ["a", "b", "c"]
MASK_OF = np.array([0, 1, 2, -1, -1])
NULLS = {"normal": "MCAR-U", "lognormal": "MCAR-U", "structured": "MCAR-WS-B"}
ALTERNATIVES = {"mean": "linear", "variance": "tails"}


def data(world: str, seed: int) -> np.ndarray:
    """One incomplete table, shape (500, 5)."""
    whole = complete_data(UNITS, seed)[COLUMNS]
    if world == "lognormal":
        whole = np.exp(whole)
    name = NULLS.get(world, "MAR-UP")
    strengths = Strengths(shape=ALTERNATIVES.get(world, "linear"))
    return amputate(whole, INCOMPLETE, name, seed=seed, drivers=["z"], strengths=strengths).frame.to_numpy()


def p_values(world: str, replicates: int, first: int = 0, permutations: int = 199) -> pd.DataFrame:
    """One row a table: p of Little's test and of the projection test."""
    rows = []
    for seed in range(first, first + replicates):
        X = data(world, seed)
        projection = projection_test(X, MASK_OF, np.zeros(5, dtype=bool), seed, permutations)
        rows.append({"little": little_test(X).p, "projection": projection.p})
    return pd.DataFrame(rows)
