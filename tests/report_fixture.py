"""A made-up study for the tests of the report: every number is invented, the shapes are those of the stages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hetflow.cohort.baseline import baseline_table
from hetflow.cohort.columns import columns_from_json
from hetflow.missingness.describe import by_variable, distinct_masks, patterns, summary
from hetflow.report.inputs import AnalysisInputs, ReportInputs
from report_fixture_columns import COVARIATES, columns
from report_fixture_estimates import curve, displays, estimates, joint, nuisance
from report_fixture_missing import mechanism_facts, mechanism_tables, structure_facts, structure_tables


def settings(
    better: str = "higher", kind: str = "randomised", title: str = "A made-up trial"
) -> dict[str, Any]:
    """settings/report.json."""
    methods = {
        "missingness": {
            "strategy": "multiple_imputation",
            "imputations": 10,
            "iterations": 5,
            "donors": 5,
            "predictors": 10,
        },
        "nuisance": {
            "outcome": "stack",
            "covariates": "all",
            "propensity": "design" if kind == "randomised" else "stack",
            "trim": None,
        },
        "forest": {
            "engine": "econml",
            "trees": 2000,
            "held_out_trees": 200,
            "bag_trees": 4,
            "min_leaf": 5,
            "max_depth": None,
            "max_features": "auto",
            "min_balancedness": 0.45,
            "shard_bags": "auto",
        },
        "estimates": {
            "average": ["ATE", "ATT", "ATC", "ATO"],
            "groups": 4,
            "rules": {"age": {"covariate": "Age", "quantiles": 3, "cuts": None, "levels": None}},
            "projection": ["Age", "BL.PD.avg", "Use.Tob"],
            "displays": ["Age", "BL.PD.avg", "Use.Tob"],
            "ranking_draws": 200,
            "confidence": 0.95,
        },
        "outcome": "pd_reduction",
    }
    indicator = {**methods, "missingness": {**methods["missingness"], "strategy": "indicator"}}
    return {
        "study": "madeup",
        "title": title,
        "seed": 20260101,
        "folds": 5,
        "minimum_cell_count": 10,
        "estimand": {
            "population": "Pregnant women with periodontitis",
            "treatments": "Scaling and root planing during pregnancy, against after delivery",
            "variable": "Change of the mean probing depth from baseline to visit 5",
            "intercurrent_events": "Early delivery: treatment policy",
            "summary": "Difference of means",
        },
        "report": {
            "summary": "Periodontitis is common in pregnancy.",
            "citation": "Somebody et al. A made-up trial. 2026.",
            "authors": [{"name": "A. Uthor", "orcid": None, "affiliation": "University"}],
            "licence": "CC-BY-4.0",
        },
        "treatment": {
            "column": "Group",
            "treated": ["T"],
            "control": ["C"],
            "treated_label": "Periodontal treatment",
            "control_label": "Delayed treatment",
        },
        "outcomes": {
            "pd_reduction": {
                "column": None,
                "expression": "a - b",
                "kind": "continuous",
                "levels": None,
                "label": "Reduction of mean probing depth",
                "unit": "mm",
                "better": better,
            }
        },
        "outcome": "pd_reduction",
        "labels": {"primary": "Primary", "indicator": "Missingness indicators"},
        "design": {
            "kind": kind,
            "probability": 0.5 if kind == "randomised" else None,
            "strata": ["Clinic"],
            "cluster": None,
            "weight": None,
            "minimum_arm": 30,
        },
        "methods": {"primary": methods, "indicator": indicator},
    }


def cohort_frame(n: int = 700) -> tuple[pd.DataFrame, np.ndarray]:
    """A typed cohort with a panel that goes missing together, scattered gaps and a column that does not "
    "apply to all."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"unit": np.arange(n)})
    smokes = rng.random(n) < 0.25
    for name, kind, _, _, levels, _ in COVARIATES:
        if kind == "nominal":
            frame[name] = rng.choice(np.array(levels, dtype=object), n)
        else:
            frame[name] = smokes.astype(float) if name == "Use.Tob" else rng.normal(20, 3, n).round(1)
    frame.loc[rng.random(n) < 0.65, ["OPG1", "CRP1"]] = np.nan
    frame.loc[rng.random(n) < 0.12, "BMI"] = np.nan
    frame.loc[rng.random(n) < 0.005, "Age"] = np.nan
    frame["BL.Cig.Day__applies"] = smokes.astype(float)
    frame.loc[smokes & (rng.random(n) < 0.2), "BL.Cig.Day"] = np.nan
    frame.loc[~smokes, "BL.Cig.Day"] = 0.0
    return frame, (rng.random(n) < 0.5).astype(np.int8)


def flow() -> pd.DataFrame:
    """flow.parquet."""
    return pd.DataFrame(
        {
            "step": ["read", "group", "outcome"],
            "label": [
                "Records in the data file",
                "Assigned to a group that is compared",
                "Outcome observed at visit 5",
            ],
            "total": [823, 820, 659],
            "treated": [413, 413, 339],
            "control": [410, 407, 320],
            "excluded": [0, 3, 161],
            "unknown": [0, 0, 0],
        }
    )


def report_inputs(
    better: str = "higher", kind: str = "randomised", title: str = "A made-up trial", **numbers: float
) -> ReportInputs:
    """All that the report reads."""
    frame, arm = cohort_frame()
    known = columns_from_json(columns())
    primary = AnalysisInputs(
        nuisance(kind), {}, curve().assign(n=600), displays(), joint(kind), ("a notice",)
    )
    return ReportInputs(
        settings=settings(better, kind, title),
        cohort={
            "units_read": 823,
            "units": 659,
            "columns": columns(),
            "notices": [],
            "source": {"file": "madeup.csv", "sha256": "0" * 64},
        },
        flow=flow(),
        baseline=baseline_table({name: frame[name].to_numpy() for name in frame}, known, arm),
        variables=by_variable(frame, known, arm),
        masks=distinct_masks(frame, known),
        patterns=patterns(frame, known),
        missingness=summary(frame, known),
        estimates=estimates(**numbers),
        analyses={"primary": primary, "indicator": AnalysisInputs()},
        structure=structure_facts(),
        structure_tables=structure_tables(),
        mechanism=mechanism_facts(),
        mechanism_tables=mechanism_tables(),
        versions={"hetflow": "0.1.0", "numpy": "2.4.0"},
    )
