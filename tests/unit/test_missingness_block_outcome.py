"""Donors of a block are matched on its direction towards the outcome too, in inference mode only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.missingness.blocks import COMPONENTS, Target, target_scores
from hetflow.missingness.variables import Variable, encode

N = 300


def variables(width: int) -> tuple[dict[str, Variable], Variable, np.ndarray]:
    """A block of independent columns, half missing, an outcome that depends on the last one, and that column."""
    rng = np.random.default_rng(width)
    X = rng.standard_normal((N, width)) * np.linspace(2, 1, width)
    seen = np.where((np.arange(N) < N // 2)[:, None], X, np.nan)
    names = [f"x{place}" for place in range(width)]
    frame = pd.DataFrame(seen, columns=names)
    made = {name: encode(frame, Column(name, "continuous")) for name in names}
    y = np.where(np.arange(N) % 10 == 0, np.nan, X[:, -1] + 0.1 * rng.standard_normal(N))
    return made, encode(pd.DataFrame({"y": y}), Column("y", "continuous")), X[:, -1]


def test_the_added_score_is_the_column_that_moves_the_outcome() -> None:
    made, outcome, column = variables(8)
    target = Target(tuple(made), np.arange(N) >= N // 2)
    plain, more = target_scores(made, target), target_scores(made, target, outcome)
    assert np.array_equal(more[:, :COMPONENTS], plain, equal_nan=True)
    donors = np.arange(N) < N // 2
    assert np.isfinite(more[donors]).all()
    assert np.isnan(more[~donors]).all()
    assert abs(np.corrcoef(more[donors, -1], column[donors])[0, 1]) > 0.99
    assert more[donors, -1].std() == pytest.approx(plain[donors, 0].std())


def test_blocks_that_their_components_hold_in_full_are_matched_as_before() -> None:
    made, outcome, _ = variables(COMPONENTS)
    target = Target(tuple(made), np.arange(N) >= N // 2)
    assert np.array_equal(target_scores(made, target, outcome), target_scores(made, target), equal_nan=True)
