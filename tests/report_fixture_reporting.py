"""Runs of several kinds for the tests of what is said of a run for a paper."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
from hetflow.report.inputs import AppraisalInputs, Report, ReportInputs
from hetflow.report.page import build_report
from report_fixture import report_inputs
from report_fixture_evidence import evidence
from report_fixture_policy import appraised
from report_fixture_risk import confounding_appraisal, risk_appraisal
from report_fixture_splits import split_inputs
from report_fixture_stability import SECTION, stability_inputs

#: Of `built`.
KINDS = ("trial", "bare", "cohort")


def with_parts(inputs: ReportInputs, **parts: AppraisalInputs) -> ReportInputs:
    """Inputs whose primary analysis went through these appraisals."""
    held = replace(inputs.analyses[inputs.primary], appraisals=parts)
    return replace(inputs, analyses=dict(inputs.analyses) | {inputs.primary: held})


def with_methods(inputs: ReportInputs, **sections: dict[str, Any]) -> ReportInputs:
    """Inputs whose primary analysis has other settings in some sections."""
    methods = {name: dict(one) for name, one in inputs.settings["methods"].items()}
    for section, keys in sections.items():
        methods[inputs.primary][section] = {**methods[inputs.primary].get(section, {}), **keys}
    return replace(inputs, settings=dict(inputs.settings) | {"methods": methods})


def lost(inputs: ReportInputs, treated: int, control: int) -> ReportInputs:
    """Inputs with so many missing outcomes by arm."""
    counts = {"missing_treated": treated, "missing_control": control}
    seen = {"observed_treated": 339, "observed_control": 320}
    entry = {**inputs.settings["outcomes"]["pd_reduction"], **counts, **seen}
    return replace(inputs, cohort=dict(inputs.cohort) | {"outcomes": {"pd_reduction": entry}})


def policy(harm: bool = False) -> AppraisalInputs:
    """The appraisal of rules that decide whom to treat."""
    made = appraised(harm=harm)
    return AppraisalInputs(made.tables, made.facts)


@cache
def trial() -> ReportInputs:
    """A trial that went through every appraisal a trial can have."""
    parts = {
        "evidence": evidence(),
        "splits": split_inputs(),
        "policy": policy(),
        "risk": risk_appraisal(binary=False),
        "stability": stability_inputs(),
    }
    sections = {
        "evidence": {"permutations": 1999, "coding": "ranks"},
        "policy": {"cost": 0.0},
        "stability": SECTION,
    }
    return with_methods(with_parts(lost(report_inputs(), 74, 87), **parts), **sections)


@cache
def bare() -> ReportInputs:
    """The same trial without any appraisal, and without a missing value."""
    whole = lost(report_inputs(), 0, 0)
    estimates = whole.estimates.assign(fmi=np.nan, monte_carlo_se=np.nan)
    whole = replace(whole, estimates=estimates, missingness={"missing_cells": 0, "units": 659, "columns": 8})
    return replace(whole, structure={}, structure_tables={}, mechanism={}, mechanism_tables={})


@cache
def cohort() -> ReportInputs:
    """A cohort with the appraisal of confounding."""
    whole = lost(report_inputs(kind="observational"), 74, 87)
    return with_parts(whole, confounding=confounding_appraisal(controls=True))


@cache
def built(kind: str) -> Report:
    """The report of one of them."""
    return build_report({"trial": trial, "bare": bare, "cohort": cohort}[kind]())


def checklist(report: Report, name: str) -> pd.DataFrame:
    """A checklist as it is written, by number of the item."""
    text = report.reporting[f"checklist_{name}.csv"]
    return pd.read_csv(StringIO(text), keep_default_na=False, dtype=str).set_index("item")


def said(report: Report, name: str) -> str:
    """A file's text with plain blanks and signs."""
    text = report.reporting[name]
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2212", "-")
