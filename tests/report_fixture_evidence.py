"""A made-up evidence stage for the tests of the report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from report_fixture import report_inputs

TESTS = (
    ("independence", "all", 3e-3),
    ("independence_plain", "all", 2e-3),
    ("independence", "named", 5e-4),
    ("independence_plain", "named", 5e-4),
    ("score_residual", "all", 0.02),
    ("score_residual", "named", 1e-3),
    ("calibration", "predicted effects", 1e-6),
)


def evidence(p: dict[str, float] | None = None) -> AppraisalInputs:
    """tests.parquet and evidence.json; `p` replaces p-values, by test and covariates."""
    rows = [
        {
            "test": test,
            "covariates": covariates,
            "statistic": 9.0,
            "df": 3,
            "p": (p or {}).get(f"{test}_{covariates}", value),
            "p_asymptotic": value,
            "reference": "permutations",
            "draws": 1999,
            "alternative": "greater" if test == "calibration" else "two-sided",
            "columns": 3,
            "n": 659,
        }
        for test, covariates, value in TESTS
    ]
    facts = {"permutations": 1999, "coding": "ranks", "unsuited": "", "notices": []}
    return AppraisalInputs({"tests": pd.DataFrame(rows)}, facts)


def evidence_inputs(
    p: dict[str, float] | None = None, more: dict[str, Any] | None = None, **changes: Any
) -> ReportInputs:
    """`report_inputs` with the evidence stage, and further appraisals in `more`."""
    inputs = report_inputs(**changes)
    primary = replace(inputs.analyses["primary"], appraisals={"evidence": evidence(p)} | (more or {}))
    return replace(inputs, analyses={**inputs.analyses, "primary": primary})
