"""What the stages on missing values leave, as the fixture of the report has it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def structure_facts() -> dict[str, object]:
    """missingness/structure.json."""
    index = {"index": 0.21, "entropy": 2.9, "permuted": 3.7, "patterns": 83, "saturated": True}
    return {
        "units": 823,
        "columns": 7,
        "incomplete_columns": 5,
        "distinct_masks": 4,
        "blocks": {
            "exact": 1,
            "near": 0,
            "largest": {"columns": "CRP1, OPG1", "width": 2, "any_missing": 455},
        },
        "structure_index": index,
        "network": {"pairs": 6, "together": 2, "apart": 1},
        "nesting": {"edges": 2, "sequences": [{"masks": "2, 3, 4", "order": "as visited"}]},
        "groups": [
            {
                "by": "Clinic",
                "column": "BMI",
                "lowest": {"level": "KY", "missing": 4, "applicable": 200, "share": 0.02},
                "highest": {"level": "NY", "missing": 60, "applicable": 240, "share": 0.25},
            }
        ],
        "file_matching": {"never observed": 3, "seldom observed": 1, "never exist": 0},
        "rules": {"confirmed": 1, "contradicted": 1, "undeclared": 1},
        "contradictions": [{"columns": "BL.Cig.Day", "declared": "Use.Tob == 'Yes'", "contradictions": 4}],
    }


def mechanism_facts() -> dict[str, Any]:
    """missingness/mechanism.json."""
    attrition = {"control": 0.02, "treated": 0.08, "missing": [40, 12], "difference": 0.06}
    attrition |= {"lower": 0.03, "upper": 0.09, "p": 0.0002, "unequal": True}
    said = {"mask": 2, "columns": ["BMI"], "difference": 0.051, "p_adjusted": 0.004}
    return {
        "attrition": attrition,
        "contradictions": [said],
        "arm": [said],
        "dropout_model": [{"term": "treated", "p": 0.06}],
    }


def mechanism_tables() -> dict[str, pd.DataFrame]:
    """Tables of the mechanism stage that the page shows."""
    places = [
        (1, "CRP1, OPG1", 455, "observed values", "probabilistic", "SS", "block", 0.08, 0.71),
        (2, "BMI", 84, "none found", "none", "U", "none", 0.0, 0.5),
        (3, "BL.Cig.Day", 35, "observed values", "deterministic", "WS", "not identifiable", 0.31, 0.99),
        (4, "pd_reduction", 30, "observed values", "probabilistic", "SS", "sequential", 0.001, 0.55),
        (5, "Age", 4, "not assessed", "not assessed", "not assessed", "not assessed", np.nan, np.nan),
    ]
    names = ["mask", "columns", "rows", "relation", "nature", "structure", "form", "nats", "auc"]
    labels = pd.DataFrame(places, columns=names).assign(detectable=0.02)
    labels = labels.assign(
        structure_p=[0.004, 0.3, 0.02, 0.0001, np.nan], order_p=[np.nan] * 3 + [0.03, np.nan]
    )
    arm = pd.DataFrame(
        {
            "mask": [1, 2, 3, 4],
            "on": "arm",
            "units": 823,
            "columns": ["CRP1, OPG1", "BMI", "BL.Cig.Day", "pd_reduction"],
        }
    )
    arm = arm.assign(difference=0.051, lower=0.01, upper=0.09, p=[0.2, 0.004, 0.6, 0.07])
    compared = pd.DataFrame({"mask": [1, 2], "hotelling_p": [0.001, 0.2]})
    compared = compared.assign(crude_p=[0.4, np.nan], adjusted_p=[0.6, np.nan])
    mcar = pd.DataFrame(
        {
            "test": ["little", "projection", "projection"],
            "mask": [np.nan, np.nan, 1.0],
            "p": [0.2, 0.005, 0.01],
        }
    )
    dropout = pd.DataFrame(
        {
            "visit": ["visit 2", "outcome"] * 2,
            "order": [1, 2] * 2,
            "arm": ["control"] * 2 + ["treated"] * 2,
            "missed": [20, 30, 4, 60],
            "seen": [0.95, 0.88, 0.99, 0.84],
        }
    )
    return {"labels": labels, "dependence": arm, "compared": compared, "mcar": mcar, "dropout": dropout}


def structure_tables() -> dict[str, pd.DataFrame]:
    """Tables of the structure stage that the page shows."""
    nodes = [
        (1, "CRP1, OPG1", 455, False, 1),
        (2, "BMI", 84, False, 2),
        (3, "BL.Cig.Day", 35, False, 2),
        (4, "pd_reduction", 30, True, 2),
        (5, "Age", 4, False, 3),
    ]
    edges = [
        (2, 3, 40, 0.4, 1e-6, "together"),
        (3, 4, 20, 0.2, 0.002, "together"),
        (1, 2, 30, 0.1, 0.03, "apart"),
        (1, 5, 3, 0.9, 1e-4, "together"),
    ]
    rules = [
        ("BL.Cig.Day", "Use.Tob == 'No'", 500, 496, 4, "Use.Tob == 'Yes'", "contradicted", ""),
        ("BMI", "", 300, 300, 0, "Age > 20", "confirmed", ""),
        ("CRP1, OPG1", "Clinic == 'KY'", 120, 120, 0, "", "undeclared", "Clinic != 'KY'"),
        ("Age", "Clinic == 'MN'", 6, 6, 0, "", "undeclared", "Clinic != 'MN'"),
    ]
    rule_names = [
        "columns",
        "condition",
        "units",
        "absent",
        "contradictions",
        "declared",
        "status",
        "suggestion",
    ]
    return {
        "nodes": pd.DataFrame(nodes, columns=["mask", "columns", "rows", "outcome", "community"]),
        "network": pd.DataFrame(edges, columns=["first", "second", "together", "nmi", "p", "edge"]),
        "nesting": pd.DataFrame([(4, 3), (3, 2), (5, 1)], columns=["inner", "outer"]),
        "rules": pd.DataFrame(rules, columns=rule_names),
    }
