"""What is said of mechanisms depends neither on the order of rows nor on that of columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hetflow.missingness.mechanism.stage import describe_mechanism
from mechanism_world import SETTINGS, made_up


def same(first: pd.DataFrame, second: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(first, second, rtol=1e-9, atol=1e-12)  # sums in another order


def test_rows_and_columns_may_come_in_any_order() -> None:
    cohort, outcomes, columns = made_up(300, 7)
    order = np.random.default_rng(8).permutation(300)
    moved = cohort.iloc[order].reset_index(drop=True)
    one = describe_mechanism(cohort, outcomes, columns, SETTINGS)
    other = describe_mechanism(moved, outcomes.iloc[order].reset_index(drop=True), columns[::-1], SETTINGS)
    for name in ("labels", "dependence", "compared", "mcar", "dropout"):
        same(getattr(one, name), getattr(other, name))
