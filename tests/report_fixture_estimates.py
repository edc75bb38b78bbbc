"""The invented numbers of the made-up study: estimates, joint tests, nuisances, curves and displays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from report_fixture_columns import COVARIATES, columns


def _row(
    analysis: str,
    estimand: str,
    group: str,
    term: str,
    scale: str,
    value: float,
    se: float,
    p: float | None = None,
    alternative: str = "two-sided",
    target: str = "as patients are seen",
    n: int = 659,
) -> dict[str, Any]:
    return {
        "analysis": analysis,
        "outcome": "pd_reduction",
        "contrast": "treated - control",
        "estimand": estimand,
        "target": target,
        "group": group,
        "term": term,
        "scale": scale,
        "estimate": value,
        "se": se,
        "df": np.inf,
        "lower": value - 1.96 * se if alternative == "two-sided" else value - 1.645 * se,
        "upper": value + 1.96 * se if alternative == "two-sided" else np.nan,
        "p": np.nan if p is None else p,
        "alternative": alternative,
        "n": n,
        "imputations": 10,
        "fmi": 0.1 if target == "if covariates were measured" else np.nan,
        "monte_carlo_se": 0.1 * se if target == "if covariates were measured" else np.nan,
    }


def estimates(
    ate: float = 0.386,
    ate_p: float = 1e-9,
    autoc: float = 0.17,
    autoc_p: float = 1e-5,
    rate: float = 0.15,
    rate_p: float = 2e-4,
    gap: float = 0.55,
) -> pd.DataFrame:
    """The joined table of estimates."""
    measured = "if covariates were measured"
    out: list[dict[str, Any]] = []
    for shift, name in ((0.0, "primary"), (0.006, "indicator")):
        for target, group, delta in (
            ("ATE", "all", 0),
            ("ATT", "treated", 0.01),
            ("ATC", "controls", -0.01),
            ("ATO", "overlap", 0.002),
        ):
            out.append(_row(name, target, group, "effect", "outcome", ate + delta + shift, 0.0257, ate_p))
        out.append(_row(name, "calibration", "all", "mean", "descriptive", 1.0, 0.07))
        out.append(_row(name, "calibration", "all", "differential", "descriptive", 1.58, 0.2))
        out.append(
            _row(name, "AUTOC", "all", "out of bag", "benefit", autoc + shift, 0.036, autoc_p, "greater")
        )
        out.append(_row(name, "QINI", "all", "out of bag", "benefit", 0.07, 0.015, None, "greater"))
        out.append(_row(name, "sequential_AUTOC", "all", "sequential", "benefit", rate, 0.041, rate_p, n=528))
        labels = ["1 (least predicted benefit)", "2", "3", "4 (greatest predicted benefit)"]
        for g, label in enumerate(labels):
            out.append(
                _row(
                    name,
                    "sequential_groups",
                    label,
                    "mean",
                    "outcome",
                    ate + gap * (g / 3 - 0.5),
                    0.055,
                    n=164,
                )
            )
        out.append(
            _row(
                name,
                "sequential_groups_difference",
                f"{labels[3]} minus {labels[0]}",
                "mean",
                "outcome",
                gap,
                0.08,
                n=329,
            )
        )
        for label, value in (("<= 23", 0.35), ("(23, 28]", 0.37), ("> 28", 0.43)):
            out.append(
                _row(name, "rule_groups", label, "age", "outcome", value, 0.045, target=measured, n=219)
            )
        out.append(
            _row(
                name,
                "rule_groups_difference",
                "> 28 minus <= 23",
                "age",
                "outcome",
                0.08,
                0.064,
                0.21,
                target=measured,
            )
        )
        for term, value, se, p in (
            ("Age", 0.002, 0.005, 0.7),
            ("BL.PD.avg", 0.52, 0.06, 1e-8),
            ("Use.Tob", -0.05, 0.07, 0.48),
        ):
            out.append(_row(name, "projection", "all", term, "outcome", value, se, p, target=measured))
    return pd.DataFrame(out)


def joint(kind: str = "randomised") -> pd.DataFrame:
    """The primary analysis' joint tests."""
    row = {"analysis": "primary", "outcome": "pd_reduction", "contrast": "treated - control"}
    row |= {"target": "if covariates were measured", "df2": 310.0, "n": 659, "imputations": 10}
    tests = [("projection", "all slopes", 3, 26.0, 1e-9), ("rule_groups", "age", 2, 0.9, 0.41)]
    frame = pd.DataFrame(
        [
            row | {"estimand": estimand, "term": term, "df1": df1, "statistic": statistic, "p": p}
            for estimand, term, df1, statistic, p in tests
        ]
    )
    return frame if kind == "randomised" else frame.assign(p=np.nan)


def nuisance(kind: str = "randomised") -> dict[str, Any]:
    """nuisance/shared.json."""
    measure = {"r2": 0.41, "rmse": 0.36, "calibration_slope": 0.97}
    members = {
        "linear": {"overall": measure | {"r2": 0.36}},
        "boosting": {"overall": measure | {"r2": 0.39}},
        "forest": {"overall": measure | {"r2": 0.4}},
    }
    rng = np.random.default_rng(1)
    balance = [
        {
            "covariate": column["name"] if column["kind"] != "nominal" else "Clinic=NY",
            "mean_treated": 1.0,
            "mean_control": 1.0,
            "before": float(d),
            "inverse_probability": float(d),
            "overlap": float(d) / 10,
        }
        for column, d in zip(columns(), rng.normal(0, 0.07, len(COVARIATES)), strict=True)
    ]
    counts = rng.integers(0, 60, (20, 2))
    return {
        "number": {"units": 659, "kept": 659, "covariates": 77},
        "missing_cells": 0.0,
        "outcome": {
            "learner": "stack",
            "kind": "regression",
            "overall": measure,
            "folds": [],
            "members": members,
            "stack_weights": [{"fold": k, "linear": 0.3, "boosting": 0.3, "forest": 0.4} for k in range(5)],
        },
        "propensity": {"learner": "design", "probability": 0.5}
        if kind == "randomised"
        else {
            "learner": "stack",
            "kind": "classification",
            "overall": {"r2": 0.1, "log_loss": 0.6, "auc": 0.68, "calibration_slope": 1.02},
            "folds": [],
        },
        "trim": None,
        "overlap": {
            "quantiles": [],
            "outside": [{"arm": "treated", "low": 0.05, "high": 0.95, "share": 0.01}],
            "effective_sample_size": [
                {
                    "arm": "control",
                    "number": 320,
                    "before": 320.0,
                    "inverse_probability": 300.0,
                    "overlap": 310.0,
                },
                {
                    "arm": "treated",
                    "number": 339,
                    "before": 339.0,
                    "inverse_probability": 320.0,
                    "overlap": 330.0,
                },
            ],
            "balance": balance,
            "histogram": [
                {"low": b / 20, "high": (b + 1) / 20, "treated": int(t), "control": int(c)}
                for b, (t, c) in enumerate(counts)
            ],
        },
    }


def curve() -> pd.DataFrame:
    """curves.parquet."""
    q = np.round(np.arange(0.05, 1.0001, 0.01), 2)
    value = 0.45 * (1 - q) ** 1.2
    se = 0.11 * np.sqrt((1 - q) / (q + 0.1))
    return pd.DataFrame(
        {"curve": "TOC", "q": q, "estimate": value, "se": se, "lower": value - 1.645 * se, "upper": np.nan}
    )


def displays() -> pd.DataFrame:
    """displays.parquet."""
    rng = np.random.default_rng(2)
    out = []
    for name, kind, label, unit, levels, _ in COVARIATES:
        if name not in {"Age", "BL.PD.avg", "Use.Tob", "Clinic"}:
            continue
        bins = levels or [None] * 5
        for b, level in enumerate(bins):
            value = 0.386 + (0.25 * (b - 2) if name == "BL.PD.avg" else 0.03 * rng.normal())
            out.append(
                {
                    "covariate": name,
                    "label": label,
                    "unit": unit,
                    "bin": b,
                    "x": 20.0 + 3 * b if level is None else np.nan,
                    "level": level if level is not None else f"bin {b}",
                    "n": 131 if not (name == "Clinic" and b == 2) else 7,
                    "estimate": value,
                    "se": 0.06,
                    "lower": value - 0.118,
                    "upper": value + 0.118,
                    "imputations": 10,
                    "kind": kind,
                }
            )
    return pd.DataFrame(out)
