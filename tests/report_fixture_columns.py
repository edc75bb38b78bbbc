"""The covariates of the made-up study."""

from __future__ import annotations

from typing import Any

COVARIATES = [
    ("Clinic", "nominal", "Clinic", "", ["NY", "MN", "KY"], None),
    ("Age", "continuous", "Age", "years", None, None),
    ("BMI", "continuous", "Body mass index", "kg/m²", None, None),
    ("BL.PD.avg", "continuous", "Mean probing depth at baseline", "mm", None, None),
    ("Use.Tob", "binary", "Tobacco use", "", ["No", "Yes"], None),
    ("BL.Cig.Day", "count", "Cigarettes a day", "", None, None),
    ("OPG1", "continuous", "Serum panel: osteoprotegerin", "pg/mL", None, "serum"),
    ("CRP1", "continuous", "Serum panel: C-reactive protein", "mg/L", None, "serum"),
]


def columns() -> list[dict[str, Any]]:
    """Columns of the cohort as in cohort.json."""
    return [
        {
            "name": name,
            "kind": kind,
            "role": "covariate",
            "label": label,
            "unit": unit,
            "levels": levels,
            "block": block,
            "visit": 0,
            "applicable_if": "Use.Tob == 'Yes'" if name == "BL.Cig.Day" else None,
            "not_applicable": 0.0,
            "mask_fixed_before_randomisation": False,
        }
        for name, kind, label, unit, levels, block in COVARIATES
    ]
