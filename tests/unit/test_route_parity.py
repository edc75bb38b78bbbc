"""Every strategy x design x kind of outcome x engine: it runs to its estimates, or is refused before the first job."""

from __future__ import annotations

import copy
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hetflow.errors import Refused
from hetflow.study.routes import ROUTES
from in_process import estimates, run_study
from small_project import STUDY

UNITS = 240
STATEMENT = "Those who decided saw the same gaps as we do."
DESIGNS = ("randomised", "observational")
KINDS = ("continuous", "binary", "count")
ENGINES = ("econml", "histogram")
FAR = 5.0
"""Standard errors from the truth: false alarm 6e-7 a cell of the table."""
EFFECTS = {"continuous": 0.5, "binary": 0.3, "count": 1.0}


def data() -> pd.DataFrame:
    """A trial, and a choice beside the arm, of units of whom a third lack a laboratory block and some a single value."""
    rng = np.random.default_rng(8)
    age, lab = rng.normal(50, 10, UNITS).round(2), rng.normal(size=(UNITS, 3)).round(3)
    z = (age - 50) / 10
    arm = rng.permutation(np.tile([0, 1], UNITS // 2))
    chosen = (rng.random(UNITS) < 1 / (1 + np.exp(-z))).astype(int)
    frame = pd.DataFrame({"id": np.arange(UNITS), "arm": arm, "chosen": chosen, "age": age})
    frame["bmi"] = np.where(rng.random(UNITS) < 0.15, np.nan, (25 + z + rng.normal(size=UNITS)).round(2))
    frame["site"] = rng.choice(["North", "South"], UNITS)
    without = rng.random(UNITS) < 1 / 3
    for place in range(3):
        frame[f"lab{place}"] = np.where(without, np.nan, lab[:, place])
    for name, treated in (("randomised", arm), ("observational", chosen)):
        frame[f"continuous_{name}"] = (0.5 * treated + 0.4 * z + rng.normal(size=UNITS)).round(3)
        frame[f"binary_{name}"] = (rng.random(UNITS) < 0.3 + 0.3 * treated).astype(int)
        frame[f"count_{name}"] = rng.poisson(2 + treated)
    return frame


def study(strategy: str, design: str, kind: str, engine: str) -> dict[str, Any]:
    """As small as a study can be."""
    values: dict[str, Any] = copy.deepcopy(yaml.safe_load(STUDY))
    randomised = design == "randomised"
    values["design"] = {"kind": design} | ({"probability": 0.5} if randomised else {})
    values["treatment"]["column"] = "arm" if randomised else "chosen"
    values["outcomes"] = {
        "change": {"column": f"{kind}_{design}", "kind": kind, "label": "Change", "better": "higher"}
    }
    fixed = {"role": "covariate", "kind": "continuous", "mask_fixed_before_randomisation": True}
    values["dictionary"] = {
        "age": {"role": "covariate", "kind": "continuous"},
        "bmi": {"role": "covariate", "kind": "continuous"},
        "site": {"role": "covariate", "kind": "nominal"},
        "lab*": fixed | {"block": "laboratory"},
    }
    values["missingness"] = {"strategy": strategy, "imputations": 2, "iterations": 1, "minimum_pattern": 100}
    if strategy == "selective":
        values["missingness"]["keep_mask"] = ["lab0", "lab1", "lab2"]
    values["nuisance"] = {"outcome": "linear"} | ({} if randomised else {"propensity": "linear"})
    values["forest"] = {"engine": engine, "trees": 80, "held_out_trees": 0}
    values["estimates"] |= {"rules": {"older": {"covariate": "age", "cuts": [50]}}, "ranking_draws": 50}
    values["analyses"] = {"primary": {}}
    return values


def refused_here(strategy: str, design: str, engine: str) -> str:
    """Part of the refusal, or nothing."""
    if strategy == "native" and engine == "econml":
        return "forest.engine econml, which refuses them"
    if design == "observational" and strategy == "blockwise":
        return "in an observational design one of"
    if design == "observational" and ROUTES[strategy].unconfounded_despite:
        return "unconfounded_despite_missingness"
    return ""


TABLE = list(product(ROUTES, DESIGNS, KINDS, ENGINES))


def in_verify(cell: tuple[str, str, str, str]) -> bool:
    """Two kinds of outcome in three wait for `make verify`; over the table every pair of attributes is left."""
    strategy, design, kind, engine = cell
    turn = list(ROUTES).index(strategy) + DESIGNS.index(design) + ENGINES.index(engine)
    return KINDS.index(kind) != turn % len(KINDS)


CELLS = [
    pytest.param(*cell, id="-".join(cell), marks=[pytest.mark.verify] if in_verify(cell) else [])
    for cell in TABLE
]


@pytest.mark.parametrize(("strategy", "design", "kind", "engine"), CELLS)
def test_a_route_runs_to_its_estimates_or_is_refused_by_name(
    tmp_path: Path, strategy: str, design: str, kind: str, engine: str
) -> None:
    values = study(strategy, design, kind, engine)
    said = refused_here(strategy, design, engine)
    if said:
        with pytest.raises(Refused) as refused:
            run_study(values, data(), tmp_path)
        assert said in str(refused.value)
        if "unconfounded" not in said:
            return
        values["missingness"]["unconfounded_despite_missingness"] = STATEMENT
    begun = run_study(values, data(), tmp_path)
    table = estimates(begun, tmp_path)
    average = table.query("estimand == 'ATE'").iloc[0]
    assert abs(average["estimate"] - EFFECTS[kind]) < FAR * average["se"]
    assert 0.02 < average["se"] < 1.0
    seen = {"AUTOC", "rule_groups", "projection", "calibration"}
    assert seen <= set(table["estimand"])
    measured = table.query("estimand in ['rule_groups', 'projection']")["target"]
    answer = ROUTES[strategy].answers["projection"] == "measured"
    assert measured.str.contains("measured").all() == answer
