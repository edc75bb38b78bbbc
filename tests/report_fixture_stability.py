"""What the stability appraisal leaves, as the fixture of the report has it."""

from __future__ import annotations

import pandas as pd
from hetflow.report.inputs import AppraisalInputs

SECTION = {"permitted": 0.1, "trees": 400, "held_out_trees": 200, "imputations": 3}
_KEYS = {
    ("ATE", "all", "effect"): (0.025, 0.001, 0.02, 0.12, 0.004),
    ("AUTOC", "all", "out of bag"): (0.04, 0.02, 0.01, 0.31, 0.2),
    ("projection", "all", "Age"): (0.003, 0.0, 0.0, 0.09, 0.0),
}


def stability_inputs(enough: bool = False, several: bool = True) -> AppraisalInputs:
    """Tables and facts: five refits of three numbers."""
    rows, moved = [], []
    for (estimand, group, term), (se, *shares) in _KEYS.items():
        own = {"estimand": estimand, "group": group, "term": term, "estimate": 0.4, "se": se}
        seed, imputations, folds, tuning = shares
        by_source = {"seed": seed, "imputations": imputations, "folds": folds, "tuning": tuning}
        by_source["monte_carlo"] = seed + imputations
        for source, share in by_source.items():
            bounds = {
                "share": share,
                "share_lower": share / 2,
                "share_upper": 3 * share,
                "truncated": share == 0,
            }
            scaled = {"variance": share * se**2, "lower": share * se**2 / 2, "upper": 3 * share * se**2}
            rows.append(own | {"source": source, "df": 4.0} | bounds | scaled)
        for place, name in enumerate(("base", "folds-001", "folds-002", "tuning-leaves_of_three")):
            source = {"b": "base", "f": "folds", "t": "tuning"}[name[0]]
            point = {"estimate": 0.4 + place * se / 5, "moved": place / 5}
            moved.append(
                {"refit": name, "source": source} | {k: own[k] for k in ("estimand", "group", "term")} | point
            )
    advice = {"trees": 9000, "held_out_trees": 200, "imputations": 40 if several else 10}
    facts = {
        "headline": {},
        "enough": enough,
        "permitted": 0.1,
        "used": {"trees": 2000, "held_out_trees": 200, "imputations": 10},
        "advice": None if enough else advice,
        "refits": ["base", "folds-001", "folds-002", "tuning-leaves_of_three"],
        "confidence": 0.95,
    }
    return AppraisalInputs({"components": pd.DataFrame(rows), "refits": pd.DataFrame(moved)}, facts)
