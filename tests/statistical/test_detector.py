"""The detector of mechanisms on a few data sets of every class; tests/verify/test_detector.py judges it in full.

Seventeen classes, one data set each with strong signals, and all unstructured ones with weak signals. Were a mask
labelled wrongly in one of twenty cases, independently, the first test would fail falsely with probability below 1e-3
(at most 7 of 41 masks wrong, asserted); a detector that is right for 60 % of the masks passes with probability below
1e-3.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from amputation_world import DRIVERS, INCOMPLETE, complete_data
from detector_grades import CLASSES, DISCERNIBLE, FAMILIES, grade
from hetflow.missingness.amputation import amputate
from hetflow.missingness.mechanism.label import label_masks
from rates import tail_above, tail_below

WRONG, MASKS = 7, 41
"""Eight of the eleven classes have five masks; strong blocks have one; of these one each is counted."""


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.DataFrame({name: grade(name, FAMILIES["strong"], 7) for name in CLASSES}).T


def test_what_this_can_see() -> None:
    assert tail_above(WRONG + 1, MASKS, 0.05) < 1e-3
    assert tail_below(WRONG, MASKS, 0.4) < 1e-2


@pytest.mark.parametrize("what", ["structure", "values"])
def test_labels_are_right_where_they_can_be(table: pd.DataFrame, what: str) -> None:
    weight = np.array([1 if "SS-B" in name else 5 for name in DISCERNIBLE])
    wrong = (1 - table.loc[list(DISCERNIBLE), what]) @ weight * MASKS / weight.sum()
    assert wrong <= WRONG


def test_no_mechanism_is_ever_claimed(table: pd.DataFrame) -> None:
    assert not table["identified"].any()


def test_masks_moved_to_other_units_keep_their_structure_and_lose_their_values() -> None:
    """A control: what is found comes from the pairing of masks and values. False alarm 0.05, by Holm over masks."""
    made = amputate(complete_data(2000, 9), INCOMPLETE, "MAR-SS-S", seed=9, drivers=DRIVERS)
    moved = np.roll(made.mask.to_numpy(), 700, axis=0)
    labels = label_masks(moved, made.frame[DRIVERS].to_numpy(), seed=9, names=INCOMPLETE)
    assert (labels["nature"] == "none").all()
    assert (labels["structure"] == "SS").all()
    assert (labels["form"] == "sequential").all()
