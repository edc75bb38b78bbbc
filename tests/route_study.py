"""A study as small as it can be, of every strategy, design, kind of outcome and engine."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd
import yaml
from small_project import STUDY

UNITS = 240
STATEMENT = "Those who decided saw the same gaps as we do."
DESIGNS = ("randomised", "observational")
KINDS = ("continuous", "binary", "count")
ENGINES = ("econml", "histogram")
EFFECTS = {"continuous": 0.5, "binary": 0.3, "count": 1.0}


def data() -> pd.DataFrame:
    """A trial, and a choice beside the arm; a third of the units lack a laboratory block and some a single value."""
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
