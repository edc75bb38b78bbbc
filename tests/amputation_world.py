"""Complete data to make incomplete: normal covariates, correlated by 0.4."""

from __future__ import annotations

import numpy as np
import pandas as pd

INCOMPLETE = ["a", "b", "c", "d", "e"]
DRIVERS = ["w", "x", "y", "z"]


def complete_data(n: int, seed: int = 1) -> pd.DataFrame:
    """Five columns to make incomplete and four that stay observed."""
    rng = np.random.default_rng([2307, seed])
    names = [*INCOMPLETE, *DRIVERS]
    shared = np.sqrt(0.4) * rng.standard_normal((n, 1))
    return pd.DataFrame(shared + np.sqrt(0.6) * rng.standard_normal((n, len(names))), columns=names)


def score(frame: pd.DataFrame, weights: pd.Series) -> np.ndarray:
    """The value score of a MAR column, worked out again from its direction."""
    values = frame[list(weights.index)]
    total = ((values - values.mean()) / values.std(ddof=0)).to_numpy() @ weights.to_numpy()
    return (total - total.mean()) / total.std()
