"""Chained equations and strategies on OPT and on small frames made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.errors import Refused
from hetflow.missingness.chained import ChainSettings
from hetflow.missingness.guards import observed_cells_unchanged
from hetflow.missingness.strategies import STRATEGIES, complete
from hetflow.missingness.task import Completed, Settings
from opt_frame import LABORATORY, SERUM, opt_arm, opt_columns, opt_frame, opt_outcome

SEED = 20260101


def opt(mode: str, imputation: int = 0) -> Completed:
    outcome = opt_outcome() if mode == "inference" else None
    return complete(
        opt_frame(),
        opt_columns(),
        "multiple_imputation",
        mode,
        imputation,
        SEED,
        arm=opt_arm(),
        outcome=outcome,
    )


@pytest.mark.parametrize("mode", ["deployment", "inference"])
def test_opt_is_completed_and_observed_cells_stay(mode: str) -> None:
    frame, completed = opt_frame(), opt(mode)
    assert completed.frame.notna().all(axis=None)
    assert completed.frame["unit"].tolist() == frame["unit"].tolist()
    assert completed.columns_kept == tuple(column.name for column in opt_columns())
    assert set(completed.frame.columns) == set(frame.columns)
    assert (completed.frame[frame.columns].dtypes == frame.dtypes).all()
    observed_cells_unchanged(frame, completed.frame, opt_columns())


@pytest.mark.parametrize("mode", ["deployment", "inference"])
def test_only_observed_values_occur(mode: str) -> None:
    frame, completed = opt_frame(), opt(mode).frame
    for column in opt_columns():
        allowed = set(frame[column.name].dropna())
        assert set(completed[column.name]) <= allowed, column.name


@pytest.mark.parametrize("mode", ["deployment", "inference"])
@pytest.mark.parametrize("block", [LABORATORY, SERUM])
def test_a_block_comes_from_one_donor_of_the_same_arm(mode: str, block: list[str]) -> None:
    frame, completed, arm = opt_frame(), opt(mode).frame, opt_arm()
    missing = frame[block[0]].isna().to_numpy()
    for value in (0, 1):
        pool = ~missing & ((arm == value) | (mode == "deployment"))
        donors = set(map(tuple, frame.loc[pool, block].to_numpy()))
        received = set(map(tuple, completed.loc[missing & (arm == value), block].to_numpy()))
        assert received <= donors


@pytest.mark.parametrize("mode", ["deployment", "inference"])
def test_skip_logic_holds_after_imputation(mode: str) -> None:
    frame, completed = opt_frame(), opt(mode).frame
    unknown = frame["Use.Tob"].isna()
    assert completed.loc[unknown, "BL.Cig.Day__applies"].equals(completed.loc[unknown, "Use.Tob"])
    for column in opt_columns():
        if column.applicable_if is not None:
            parent = column.applicable_if.split()[0]
            assert (completed[column.applies] == completed[parent]).all()
            assert (completed.loc[completed[column.applies] == 0, column.name] == 0).all()
    smokers = completed["BL.Cig.Day__applies"] == 1
    asked = frame["BL.Cig.Day__applies"] == 1
    assert set(completed.loc[smokers, "BL.Cig.Day"]) <= set(frame.loc[asked, "BL.Cig.Day"].dropna())


def test_deployment_does_not_see_the_arm_nor_later_visits() -> None:
    frame, columns = opt_frame(), opt_columns()
    later = [*columns, Column("after", "continuous", role="auxiliary", visit=1)]
    first = opt("deployment").frame
    with_after = frame.assign(after=opt_outcome())
    second = complete(
        with_after, later, "multiple_imputation", "deployment", 0, SEED, arm=1 - opt_arm()
    ).frame
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    with pytest.raises(ValueError, match="must not see the outcome"):
        complete(frame, columns, "multiple_imputation", "deployment", 0, SEED, outcome=opt_outcome())


def test_inference_needs_arm_and_outcome() -> None:
    with pytest.raises(ValueError, match="needs arm and outcome"):
        complete(opt_frame(), opt_columns(), "multiple_imputation", "inference", 0, SEED)
    with pytest.raises(ValueError, match="neither"):
        complete(opt_frame(), opt_columns(), "multiple_imputation", "both", 0, SEED)
    with pytest.raises(Refused, match="choose one of them"):
        complete(opt_frame(), opt_columns(), "mice", "deployment", 0, SEED)


def small(n: int = 120) -> tuple[pd.DataFrame, list[Column], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    arm = (np.arange(n) % 2).astype(np.int8)
    frame = pd.DataFrame(
        {
            "unit": np.arange(n, dtype=np.int64),
            "x": rng.normal(size=n),
            "flat": 1.0,
            "site": np.where(rng.random(n) < 0.5, "A", "B"),
            "rare": rng.poisson(3, n).astype(float),
            "help": rng.normal(size=n),
        }
    )
    frame["site"] = frame["site"].astype("str").where(np.arange(n) % 7 != 0)
    frame["flat"] = frame["flat"].where(np.arange(n) % 5 != 0)
    frame["x"] = frame["x"].where(np.arange(n) % 3 != 0)
    columns = [
        Column("x", "continuous"),
        Column("flat", "binary", levels=("No", "Yes")),
        Column("site", "nominal", levels=("A", "B")),
        Column("rare", "count"),
        Column("help", "continuous", role="auxiliary"),
    ]
    outcome = np.where(np.arange(n) % 11 == 0, np.nan, rng.normal(size=n))
    return frame, columns, arm, outcome


def test_constants_and_nominal_columns_and_auxiliaries() -> None:
    frame, columns, arm, outcome = small()
    completed = complete(
        frame, columns, "multiple_imputation", "inference", 0, SEED, arm=arm, outcome=outcome
    ).frame
    assert (completed["flat"] == 1).all()
    assert set(completed["site"]) == {"A", "B"}
    assert completed["site"].dtype == frame["site"].dtype
    assert "help" not in completed
    assert completed.notna().all(axis=None)


def test_a_column_scarce_in_one_arm_is_completed_over_all_arms_with_a_notice() -> None:
    frame, columns, arm, outcome = small()
    treated = np.flatnonzero(arm == 1)
    frame.loc[treated[3:], "rare"] = np.nan
    completed = complete(
        frame, columns, "multiple_imputation", "inference", 0, SEED, arm=arm, outcome=outcome
    )
    assert completed.frame.notna().all(axis=None)
    assert completed.notices[0].startswith("rare: fewer than 5 observed values in an arm")
    over_all = complete(frame, columns, "multiple_imputation", "deployment", 0, SEED).frame
    assert completed.frame["rare"].equals(over_all["rare"])


def test_a_column_never_observed_is_refused() -> None:
    frame, columns, _, _ = small()
    for strategy in ("multiple_imputation", "indicator"):
        with pytest.raises(Refused, match="role ignore"):
            complete(frame.assign(rare=np.nan), columns, strategy, "deployment", 0, SEED)


def test_a_conditional_nominal_column_gets_its_constant() -> None:
    rng = np.random.default_rng(3)
    n = 200
    parent = (rng.random(n) < 0.5).astype(float)
    kind = np.where(parent == 1, np.where(rng.random(n) < 0.3, "I", "II"), "not applicable").astype(object)
    gate = pd.Series(parent).where(rng.random(n) > 0.2)
    kind[gate.isna()] = None
    kind[rng.random(n) < 0.1] = None
    frame = pd.DataFrame({"unit": np.arange(n), "gate": gate, "kind__applies": gate})
    frame["kind"] = pd.Series(kind, dtype="str")
    frame["kind"] = frame["kind"].mask(frame["gate"] == 0, "not applicable")
    frame["z"] = rng.normal(size=n)
    columns = [
        Column("gate", "binary", levels=("No", "Yes")),
        Column(
            "kind",
            "nominal",
            levels=("I", "II"),
            applicable_if="gate == 'Yes'",
            not_applicable="not applicable",
        ),
        Column("z", "continuous"),
    ]
    for strategy in ("multiple_imputation", "indicator"):
        completed = complete(frame, columns, strategy, "deployment", 0, SEED).frame
        away = completed["kind"] == "not applicable"
        assert (away == (completed["gate"] == 0)).all()
        assert (completed["kind__applies"] == completed["gate"]).all()
        assert set(completed["kind"]) == {"I", "II", "not applicable"}


def test_strategies_without_imputation_give_one_file_for_both_modes() -> None:
    frame, columns, arm = opt_frame(), opt_columns(), opt_arm()
    for name, strategy in STRATEGIES.items():
        if strategy.modes == ("deployment",):
            one = complete(frame, columns, name, "deployment", 0, SEED, arm=arm)
            two = complete(frame, columns, name, "inference", 0, SEED, arm=arm, outcome=opt_outcome())
            pd.testing.assert_frame_equal(one.frame, two.frame, check_exact=True)
            assert strategy.complete == bool(one.frame.notna().all(axis=None))
            observed_cells_unchanged(frame, one.frame, columns)


def test_indicators_only_of_masks_fixed_before_randomisation() -> None:
    frame = opt_frame()
    columns = opt_columns()
    plain = complete(frame, columns, "indicator", "deployment", 0, SEED)
    assert not [name for name in plain.frame if name.endswith("__missing")]
    assert "BMI" in plain.notices[0]
    declared = [
        Column(c.name, c.kind, levels=c.levels, applicable_if=c.applicable_if,
               mask_fixed_before_randomisation=c.name in (*LABORATORY, "BMI"))
        for c in columns
    ]  # fmt: skip
    completed = complete(frame, declared, "indicator", "deployment", 0, SEED)
    indicators = [name for name in completed.frame if name.endswith("__missing")]
    assert sorted(indicators) == ["BL..AA__missing", "BMI__missing"]
    assert completed.frame["BMI__missing"].equals(frame["BMI"].isna().astype(float))
    assert completed.frame["BL..AA__missing"].sum() == 430
    filled = completed.frame.loc[frame["BMI"].isna(), "BMI"]
    assert (filled == frame["BMI"].median()).all()


def test_complete_case_keeps_whole_units_or_is_refused() -> None:
    frame, columns, arm = opt_frame(), opt_columns(), opt_arm()
    kept = complete(frame, columns, "complete_case", "deployment", 0, SEED, arm=arm).frame
    assert len(kept) == 130
    raw = frame.copy()
    for column in columns:
        if column.applicable_if is not None:
            raw[column.name] = raw[column.name].mask(raw[column.applies] == 0)
    plain = [Column(column.name, column.kind, levels=column.levels) for column in columns]
    with pytest.raises(Refused, match="0 of 823 units have all 71 covariates") as refusal:
        complete(raw, plain, "complete_case", "deployment", 0, SEED, arm=arm)
    assert "multiple_imputation" in str(refusal.value)
    with pytest.raises(Refused, match="by arm 0: "):
        complete(
            frame, columns, "complete_case", "deployment", 0, SEED, arm=arm, settings=Settings(minimum_arm=80)
        )


def test_complete_variables_keeps_columns_without_a_gap() -> None:
    frame, columns = opt_frame(), opt_columns()
    completed = complete(frame, columns, "complete_variables", "deployment", 0, SEED)
    assert len(completed.columns_kept) == 26
    assert "Live.PTB" in completed.columns_kept, "asked of all to whom it applies"
    assert "BL.Cig.Day" not in completed.columns_kept
    gaps = [column for column in columns if frame[column.name].isna().any()]
    with pytest.raises(Refused, match="choose multiple_imputation"):
        complete(frame, gaps, "complete_variables", "deployment", 0, SEED)


def test_settings_matter() -> None:
    frame, columns = opt_frame(), opt_columns()
    once = Settings(ChainSettings(iterations=1, donors=1, predictors=3))
    short = complete(frame, columns, "multiple_imputation", "deployment", 0, SEED, settings=once).frame
    assert short.notna().all(axis=None)
    assert not short.equals(opt("deployment").frame)
