"""A made-up trial of 80 units as it would be read from a text file, and its settings."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd

UNITS = 80


def small_raw() -> pd.DataFrame:
    """Every cell is text, as `read_raw` gives it."""
    random = np.random.default_rng(5)
    smoker = random.integers(0, 2, UNITS)
    age = random.integers(20, 60, UNITS)
    frame = pd.DataFrame(
        {
            "id": [f"P{number:03d}" for number in range(UNITS)],
            "arm": np.tile(["A", "B"], UNITS // 2),
            "age": age.astype(str),
            "bmi": [f"{value:.1f}" for value in random.normal(27, 4, UNITS)],
            "smoker": np.where(smoker == 1, "Yes", "No "),
            "cigarettes": np.where(smoker == 1, random.integers(1, 20, UNITS).astype(str), ""),
            "site": random.choice(["x", "y", "z"], UNITS),
            "village": [f"v{number}" for number in random.integers(0, 12, UNITS)],
            "weighting": [f"{value:.2f}" for value in random.uniform(0.5, 2, UNITS)],
            "depth": [f"{value:.2f}" for value in random.normal(3, 1, UNITS)],
            "cured": random.choice(["no", "yes"], UNITS),
        },
        dtype=object,
    )
    frame.loc[[3, 10], "bmi"] = ["-9", "."]
    frame.loc[[5], "smoker"] = ""
    frame.loc[[5], "cigarettes"] = ""
    frame.loc[[7, 8], "depth"] = ""
    return frame.astype(object)


_SETTINGS: dict[str, Any] = {
    "data": {"unit": "id", "missing_codes": ["", "."]},
    "treatment": {"column": "arm", "treated": ["A"], "control": ["B"], "treated_label": "Active"},
    "design": {"kind": "randomised", "strata": ["site"], "cluster": None, "weight": None, "minimum_arm": 30},
    "outcomes": {
        "depth": {"column": "depth", "kind": "continuous", "label": "Depth", "better": "lower"},
        "gain": {"expression": "depth - bmi / 10", "kind": "continuous", "label": "Gain", "better": "higher"},
        "cured": {"column": "cured", "kind": "binary", "label": "Cured", "better": "higher"},
    },
    "eligibility": [],
    "derived": {},
    "dictionary": {
        "age": {"role": "covariate", "kind": "continuous"},
        "bmi": {"role": "covariate", "kind": "continuous", "missing": {"-9": "refused"}},
        "smoker": {"role": "covariate", "kind": "binary"},
        "cigarettes": {"role": "covariate", "kind": "count", "applicable_if": "smoker == 'Yes'"},
        "site": {"role": "covariate", "kind": "nominal"},
    },
}


def small_settings(**changes: Any) -> dict[str, Any]:
    """The cohort's slice; `changes` are laid over its sections, one level deep."""
    settings = copy.deepcopy(_SETTINGS)
    for section, change in changes.items():
        settings[section] = {**settings.get(section, {}), **change} if isinstance(change, dict) else change
    return settings
