"""The public benchmark judges any imputer, refuses one that cheats, and tells good from bad."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def imputers() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "imputers.py"
    spec = importlib.util.spec_from_file_location("imputers_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_a_table_with_a_row_a_class(imputers: ModuleType) -> None:
    table = imputers.judge(imputers.mean, ["MAR-UP", "MNAR-SS-S"], replicates=2, units=300, imputations=2)
    assert list(table.index) == ["MAR-UP", "MNAR-SS-S"]
    assert np.isfinite(table.drop(columns="seconds").to_numpy(dtype=float)).all()
    again = imputers.judge(imputers.mean, ["MNAR-SS-S"], replicates=2, units=300, imputations=2)
    assert again.drop(columns="seconds").equals(table.drop(columns="seconds").loc[["MNAR-SS-S"]])


@pytest.mark.parametrize("name", ["by_arm", "both_arms", "deployment"])
def test_those_that_come_with_it_run(imputers: ModuleType, name: str) -> None:
    row = imputers.replicate(imputers.find(name), "MAR-WS-B", 300, 2, 1)
    assert all(np.isfinite(value) for value in row.values())


def test_the_mean_is_worse_than_seeing_the_data(imputers: ModuleType) -> None:
    """The same twelve trials: four standard errors of the paired difference in PEHE, false alarm 3e-5."""
    rows = [
        [imputers.replicate(imputer, "MNAR-UP", 500, 1, seed)["PEHE"] for seed in range(12)]
        for imputer in (imputers.mean, imputers.none)
    ]
    worse = np.subtract(*rows)
    assert worse.mean() > 4 * worse.std(ddof=1) / np.sqrt(len(worse))


def test_imputers_that_cheat_are_stopped(imputers: ModuleType) -> None:
    def lazy(frame: pd.DataFrame, *_: object) -> list[pd.DataFrame]:
        return [frame]

    def forger(frame: pd.DataFrame, *_: object) -> list[pd.DataFrame]:
        return [frame.fillna(0.0) + 1e-12]

    for imputer, words in ((lazy, "left gaps"), (forger, "changed observed")):
        with pytest.raises(ValueError, match=words):
            imputers.replicate(imputer, "MCAR-U", 300, 1, 0)


def test_names(imputers: ModuleType) -> None:
    assert imputers.find("by_arm") is imputers.by_arm
    assert imputers.find("json:dumps").__name__ == "dumps"
    with pytest.raises(SystemExit, match="neither of"):
        imputers.find("nobody")
