"""Marked patients with every appraisal that there is: in a trial of clusters with a rare event, and in a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from marked_patients import PUBLISHING, WARDS, marked_data
from small_project import STUDY, Project

_OUTCOMES = {
    "relapse": {"column": "relapse", "kind": "binary", "label": "Relapse", "better": "lower"},
    "nausea": {"column": "nausea", "kind": "continuous", "label": "Nausea", "better": "lower"},
}
_APPRAISALS: dict[str, Any] = {
    "stability": {
        "analyses": ["primary"],
        "folds": 1,
        "tunings": {"mean": {"nuisance": {"outcome": "mean"}}},
        "trees": 160,
        "held_out_trees": 160,
        "imputations": 1,
    },
    "evidence": {"permutations": 199},
    "splits": {"number": 6, "job_splits": 6, "groups": 3, "covariates": ["age"]},
    "learners": {"methods": ["linear", "t"], "base": "linear"},
    "modifiers": {
        "named": ["age", "lab0", "ward"],
        "pairs": [["age", "female"], ["age", "lab0"]],
        "draws": 2,
        "split_trees": 40,
    },
    "policy": {"rules": {"old": {"covariate": "age"}}, "depths": [1, 2], "budget": 0.5, "harm": "nausea"},
    "risk": {"groups": 4},
    "forest": {"trees": 160, "held_out_trees": 160, "shard_bags": 40},
}
_ANALYSES = {
    "primary": {"label": "Primary"},
    "complete_case": {
        "label": "Complete cases",
        "missingness": {"strategy": "complete_case"},
        "forest": {"held_out_trees": 0},
    },
}
_LIGHT = {"held_out_trees": 0, "trees": 80}


def _study(**changes: Any) -> dict[str, Any]:
    """The marked study with every appraisal, and what is changed."""
    study = yaml.safe_load(STUDY.replace('  "lab*"', f'{WARDS}  "lab*"') + PUBLISHING)
    study["estimates"] |= {"projection": ["age", "ward"], "displays": ["age", "ward"]}
    study["estimates"]["rules"]["by_ward"] = {"covariate": "ward", "levels": True}
    study["publish"]["trees"] = False
    return study | _APPRAISALS | {"analyses": _ANALYSES} | changes


def units_data() -> pd.DataFrame:
    """The marked patients; whose laboratory values are missing does not depend on the arm."""
    frame = marked_data()
    order = np.random.default_rng(76).permutation(len(frame))
    laboratory = [f"lab{number}" for number in range(3)]
    frame[laboratory] = frame[laboratory].to_numpy()[order]
    return frame


def trial_data() -> pd.DataFrame:
    """The same in clusters of four, with a relapse that hardly any of the young have."""
    frame = units_data()
    random = np.random.default_rng(78)
    treated = frame["arm"].to_numpy() == 1
    frame["practice"] = np.arange(len(frame)) // 4
    older = np.argsort(np.argsort(frame["age"].astype(float).to_numpy())) / len(frame)
    event = (random.random(len(frame)) < np.where(treated, 0.5, 0.8) * older).astype(int)
    frame["relapse"] = event.astype(object)
    frame.loc[frame["y1"] == "", "relapse"] = ""
    frame["nausea"] = [f"{value:.4f}" for value in random.normal(3, 1, len(frame))]
    return frame


def trial(folder: Path) -> Project:
    """The project with the trial."""
    design = {"kind": "randomised", "probability": 0.5, "strata": ["site"], "cluster": "practice"}
    study = _study(outcomes=_OUTCOMES, outcome="relapse", design=design)
    study["analyses"] = _ANALYSES | {
        "nausea": {"label": "Nausea", "outcome": "nausea", "forest": dict(_LIGHT)},
        "weighted": {
            "label": "Outcomes weighted for",
            "missing_outcome": {"strategy": "weighting"},
            "forest": dict(_LIGHT),
        },
    }
    return _project(folder, study, trial_data())


def cohort_data() -> pd.DataFrame:
    """The same patients, treated the more often the older they are; their height is nothing that treatment changes."""
    frame = units_data()
    random = np.random.default_rng(79)
    age = frame["age"].astype(float).clip(20, 90).to_numpy()
    frame["arm"] = (random.random(len(frame)) < 1 / (1 + np.exp(-(age - 52) / 10))).astype(int)
    frame["height"] = [f"{value:.4f}" for value in random.normal(170, 8, len(frame)) - 0.1 * age]
    return frame


def cohort(folder: Path) -> Project:
    """The project with the cohort."""
    outcomes = {
        "change": {"expression": "y1 - y0", "label": "Change", "unit": "points", "better": "higher"},
        "height": {"column": "height", "kind": "continuous", "label": "Height", "better": "higher"},
    }
    study = _study(
        outcomes=outcomes,
        design={"kind": "observational"},
        nuisance={
            "outcome": "forest",
            "propensity": "linear",
        },  # the extreme outcome leaves a line without slope
        confounding={
            "strengths": [0.05],
            "benchmarks": {"frailty": ["age", "pulse"]},
            "multiples": [1, 2],
            "trims": [0.02, 0.05, 0.1],
            "negative_controls": ["height"],
        },
    )
    for trials_only in ("evidence", "splits"):
        del study[trials_only]
    study["policy"] = study["policy"] | {"harm": "height"}
    study["analyses"] = {
        "primary": {"label": "Primary"},
        "height": {"label": "Height", "outcome": "height", "forest": dict(_LIGHT)},
        "weighted": {
            "label": "Outcomes weighted for",
            "missing_outcome": {"strategy": "weighting"},
            "forest": dict(_LIGHT),
        },
    }
    return _project(folder, study, cohort_data())


def _project(folder: Path, study: dict[str, Any], data: pd.DataFrame) -> Project:
    project = Project(folder)
    data.to_csv(folder / "small.csv", index=False)
    project.study.write_text(yaml.safe_dump(study, sort_keys=False, allow_unicode=True))
    return project
