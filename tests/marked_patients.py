"""The small study with patients in it who would be known anywhere: by identifier, rare level, extreme or rare gap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from small_project import STUDY, Project, small_data

IDENTIFIERS = [f"PATIENT-{number:05d}-QX" for number in range(70_000, 70_240)]
RARE_LEVEL, RARE_PLACES = "Zanzibarith", (4, 90, 171)
"""A ward of three patients; the dictionary does not know its name."""
EXTREMES = {("age", 17): "117.3141", ("y1", 33): "412.87531", ("lab0", 58): "-98.765431"}
"""One patient's value each, far beyond all others'."""
FEW_GAPS = {"pulse": (12, 13, 140), "glucose": (20, 44, 45, 46, 161, 163)}
"""Covariates that three and six patients miss."""

WARDS = """\
  ward: {role: covariate, kind: nominal}
  pulse: {role: covariate, kind: continuous}
  glucose: {role: covariate, kind: continuous}
  smoker: {role: covariate, kind: binary, levels: ["No", "Yes"]}
"""
PUBLISHING = """\
report:
  summary: Patients who would be known anywhere.
  citation: "Doe J. A made-up trial. 2026"
  licence: CC-BY-4.0
  authors:
    - {name: Jo Doe, orcid: 0000-0002-1825-0097, affiliation: University of Somewhere}
publish:
  keywords: [treatment effects, heterogeneity]
  funders: [{name: A Foundation, identifier: "https://ror.org/00k4n6c32", award: G-12}]
"""


def marked_data() -> pd.DataFrame:
    """The data file: the marks stand where the constants above say."""
    frame = small_data()
    random = np.random.default_rng(77)
    units = len(frame)
    frame["id"] = IDENTIFIERS
    frame["ward"] = random.choice(["East", "West", "Old wing"], units)
    frame.loc[list(RARE_PLACES), "ward"] = RARE_LEVEL
    for name, middle in (("pulse", 70), ("glucose", 81)):
        frame[name] = [f"{value:.5f}" for value in random.normal(middle, 9, units)]
        frame.loc[list(FEW_GAPS[name]), name] = ""
    frame["smoker"] = np.where(np.arange(units) % 40 == 9, "Yes", "No")  # 6 of 240
    frame = frame.astype(object)
    for (column, place), text in EXTREMES.items():
        frame.loc[place, column] = text
    return frame


def marked_project(folder: Path) -> Project:
    """The project with the marked patients' data and study."""
    project = Project(folder)
    marked_data().to_csv(folder / "small.csv", index=False)
    text = STUDY.replace('  "lab*"', f'{WARDS}  "lab*"').replace(
        "projection: [age]", "projection: [age, ward]"
    )
    text = text.replace("cuts: [50]}}", "cuts: [50]}, by_ward: {covariate: ward, levels: true}}")
    project.study.write_text(text + PUBLISHING)
    return project
