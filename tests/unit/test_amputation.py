"""What amputation promises of every single data set: rates, structure, what is left alone, what is refused."""

from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest
from amputation_world import DRIVERS, INCOMPLETE, complete_data, score
from hetflow.errors import Refused
from hetflow.missingness import amputation
from hetflow.missingness.amputation import CLASSES, Influences, Mechanism, Strengths, amputate
from hetflow.missingness.taxonomy import parse_mechanism

UNITS = 1000
HALF_A_CELL = 0.5 / UNITS + 1e-12
DATA = complete_data(UNITS)


def test_seventeen_classes_and_their_names() -> None:
    assert len(CLASSES) == len(set(CLASSES)) == 17
    assert [parse_mechanism(name).name for name in CLASSES] == list(CLASSES)
    assert parse_mechanism("MAR-SS-B-D") == Mechanism("MAR", "SS-B", "D")


@pytest.mark.parametrize("name", ["MAR-U", "MCAR-UD", "MCAR-SS-B-D", "MAR-WS-B-D", "MNAR", "", "mar-UP"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(Refused, match="mechanism"):
        parse_mechanism(name)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("rate", [0.05, 0.3, 0.45])
def test_rates_are_met_to_half_a_cell(name: str, rate: float) -> None:
    made = amputate(DATA, INCOMPLETE, name, seed=3, rate=rate)
    wanted = np.full(5, rate)
    if name.endswith("SS-S"):
        wanted = rate * 2 * np.arange(1, 6) / 6
    assert np.abs(made.mask.mean().to_numpy() - wanted).max() <= HALF_A_CELL
    assert made.mask.equals(made.frame[INCOMPLETE].isna())


@pytest.mark.parametrize("name", CLASSES)
def test_rates_by_column_and_by_group(name: str) -> None:
    rates = {column: 0.2 if "SS-B" in name else 0.1 * (k + 1) for k, column in enumerate(INCOMPLETE)}
    mask = amputate(DATA, INCOMPLETE, name, seed=3, rate=rates).mask
    assert np.abs(mask.mean() - pd.Series(rates)).max() <= HALF_A_CELL
    group = np.where(np.arange(UNITS) % 4 == 0, "few", "many")
    made = amputate(
        DATA,
        INCOMPLETE,
        name,
        seed=3,
        influences=Influences(group=group, group_rates={"few": 0.1, "many": 0.4}),
    )
    assert np.allclose(made.mask.to_numpy()[group == "few"].mean(), 0.1, atol=0.5 / 250)
    assert np.allclose(made.mask.to_numpy()[group == "many"].mean(), 0.4, atol=0.5 / 750)


@pytest.mark.parametrize("name", [name for name in CLASSES if "SS" in name])
def test_strong_structure_is_exact(name: str) -> None:
    mask = amputate(DATA, INCOMPLETE, name, seed=3).mask.to_numpy()
    earlier, later = mask[:, :-1], mask[:, 1:]
    assert (later >= earlier).all(), "who misses a column misses the next"
    assert (earlier == later).all() == name.endswith("SS-B"), "and the other way round in blocks only"


@pytest.mark.parametrize("name", ["MCAR-SS-B", "MNAR-SS-B", "MAR-SS-S"])
def test_blocks_do_not_share_masks(name: str) -> None:
    made = amputate(DATA, INCOMPLETE, name, seed=3, blocks=[["a", "b"], ["c", "d", "e"]])
    assert (made.mask["a"] <= made.mask["b"]).all()
    assert not (made.mask["b"] <= made.mask["c"]).all()


@pytest.mark.parametrize("name", ["MAR-UD", "MAR-SS-B-D"])
def test_observed_values_settle_the_mask(name: str) -> None:
    made = amputate(DATA, INCOMPLETE, name, seed=3)
    for column in INCOMPLETE:
        value, hidden = score(DATA, made.directions[column]), made.mask[column].to_numpy()
        assert value[hidden].min() > value[~hidden].max()


def test_hidden_values_settle_the_mask() -> None:
    mask = amputate(DATA, INCOMPLETE, "MNAR-UD", seed=3).mask
    for column in INCOMPLETE:
        assert DATA[column][mask[column]].min() > DATA[column][~mask[column]].max()
    block = amputate(DATA, INCOMPLETE, "MNAR-SS-B-D", seed=3).mask["a"].to_numpy()
    values = ((DATA - DATA.mean()) / DATA.std(ddof=0))[INCOMPLETE].mean(axis=1).to_numpy()
    assert values[block].min() > values[~block].max()


def test_shapes_hide_both_tails_or_a_step() -> None:
    tails = amputate(DATA, ["a"], "MNAR-UD", seed=1, strengths=Strengths(shape="tails")).mask["a"]
    size = (DATA["a"] - DATA["a"].mean()).abs()
    assert size[tails].min() > size[~tails].max()
    step = amputate(DATA, ["a"], "MNAR-UD", seed=1, rate=0.4, strengths=Strengths(shape="step")).mask["a"]
    assert DATA["a"][step].min() > DATA["a"][~step].max()


@pytest.mark.parametrize("name", CLASSES)
def test_the_rest_is_left_alone_and_order_does_not_matter(name: str) -> None:
    made = amputate(DATA, INCOMPLETE, name, seed=3, drivers=DRIVERS)
    kept = made.frame.where(~made.frame.isna(), DATA)
    assert kept.equals(DATA), "observed cells, bit for bit"
    turned = amputate(DATA[DATA.columns[::-1]], INCOMPLETE, name, seed=3, drivers=DRIVERS)
    assert turned.mask.equals(made.mask)
    again = amputate(DATA, INCOMPLETE, name, seed=4, drivers=DRIVERS).mask
    assert again.equals(made.mask) == (name == "MNAR-UD"), "only there nothing is left to chance"


def test_another_incomplete_column_changes_no_mask() -> None:
    for name in ("MCAR-U", "MAR-UP", "MNAR-WS-B", "MAR-WS-S"):
        fewer = amputate(DATA, INCOMPLETE[:3], name, seed=3, drivers=DRIVERS).mask
        assert amputate(DATA, INCOMPLETE, name, seed=3, drivers=DRIVERS).mask[INCOMPLETE[:3]].equals(fewer)


@pytest.mark.parametrize("name", CLASSES)
def test_values_that_do_not_exist_are_gaps_of_another_kind(name: str) -> None:
    exists = pd.DataFrame({"c": np.arange(UNITS) % 5 > 0})
    made = amputate(DATA, INCOMPLETE, name, seed=3, exists=exists)
    assert (made.reason["c"][~exists["c"]] == "not applicable").all()
    assert not made.mask["c"][~exists["c"]].any()
    assert made.frame["c"].isna().equals(made.mask["c"] | ~exists["c"])
    if "SS-B" not in name:
        assert abs(made.mask["c"][exists["c"]].mean() - 0.3) <= 0.5 / 800 + 1e-12


def test_text_and_arm_can_drive_missingness() -> None:
    site = pd.Series(np.where(np.arange(UNITS) % 3 == 0, "north", "south"))
    made = amputate(DATA.assign(site=site), ["a"], "MAR-UP", seed=2, drivers=["site"])
    assert abs(made.mask["a"][site == "north"].mean() - made.mask["a"][site == "south"].mean()) > 0.1


def test_refusals() -> None:
    gaps = DATA.assign(a=DATA["a"].where(np.arange(UNITS) > 3))
    binary = DATA.assign(a=(DATA["a"] > 0).astype(float))
    wrong = {
        "complete data": lambda: amputate(gaps, ["a"], "MCAR-U", seed=1),
        "columns of the data": lambda: amputate(DATA, ["nobody"], "MCAR-U", seed=1),
        "none that is a driver": lambda: amputate(DATA, ["a"], "MAR-UP", seed=1, drivers=["a"]),
        "on which masks can depend": lambda: amputate(DATA[["a"]], ["a"], "MAR-UP", seed=1),
        "strictly between 0 and 1": lambda: amputate(DATA, ["a"], "MCAR-U", seed=1, rate=1.0),
        "one rate for the block": lambda: amputate(
            DATA, ["a", "b"], "MCAR-SS-B", seed=1, rate={"a": 0.2, "b": 0.3}
        ),
        "not below that of the columns before": lambda: amputate(
            DATA, ["a", "b"], "MCAR-SS-S", seed=1, rate={"a": 0.3, "b": 0.2}
        ),
        "ties": lambda: amputate(binary, ["a"], "MNAR-UD", seed=1, rate=0.3),
        "every one of a, b once": lambda: amputate(DATA, ["a", "b"], "MCAR-U", seed=1, blocks=[["a"]]),
        "a rate for every group": lambda: amputate(
            DATA, ["a"], "MCAR-U", seed=1, influences=Influences(group=DATA["w"] > 0, group_rates={True: 0.2})
        ),
        "one of linear": lambda: amputate(DATA, ["a"], "MNAR-UP", seed=1, strengths=Strengths(shape="wave")),
        "columns among": lambda: amputate(
            DATA, ["a"], "MCAR-U", seed=1, exists=pd.DataFrame({"b": DATA["b"] > 0})
        ),
    }
    for words, call in wrong.items():
        with pytest.raises(Refused, match=words):
            call()


def test_the_example_in_the_documentation() -> None:
    assert doctest.testmod(amputation).failed == 0
