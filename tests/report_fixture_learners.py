"""What the appraisal of learners would leave behind, made up."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from hetflow.report.inputs import AppraisalInputs, ReportInputs

NAMES = ("constant", "forest", "linear", "t", "stack")
GAINS = {"forest": 0.05, "linear": 0.03, "t": -0.04, "stack": 0.055}


def learner_inputs_of_page(units: int = 659) -> AppraisalInputs:
    """Tables and facts: the T-learner is worse than one effect for all, the linear one cannot be told from it."""
    rows = []

    def add(
        learner: str, measure: str, reference: str, estimate: float, se: float, interval: bool = True
    ) -> None:
        reach = 1.96 * se if interval else float("nan")
        rows.append(
            {
                "learner": learner,
                "measure": measure,
                "reference": reference,
                "scale": "descriptive",
                "estimate": estimate,
                "se": se,
                "df": float("nan"),
                "lower": estimate - reach,
                "upper": estimate + reach,
                "n": units,
            }
        )

    for name in NAMES:
        add(name, "DR_loss", "all", 0.4 - GAINS.get(name, 0.0), 0.03, interval=False)
        if name == "constant":
            continue
        add(name, "DR_loss_gain", "constant", GAINS[name], 0.016)
        if name != "forest":
            add(name, "DR_loss_gain", "forest", GAINS[name] - GAINS["forest"], 0.008)
        add(name, "calibration_slope", "all", 1.1, 0.2)
        add(name, "sequential_AUTOC", "all", 0.2, 0.03)
        add(name, "group_difference", "greatest minus least predicted benefit", -0.5, 0.08)
    pairs = [(a, b) for place, a in enumerate(NAMES[1:]) for b in NAMES[place + 2 :]]
    agreement = pd.DataFrame(
        [
            {"first": a, "second": b, "correlation": 0.9, "rank_correlation": 0.8 + 0.02 * k, "n": units}
            for k, (a, b) in enumerate(pairs)
        ]
    )
    weights = pd.DataFrame(
        [{"fold": 1, "learner": "forest", "weight": 0.7}, {"fold": 1, "learner": "t", "weight": 0.3}]
    )
    facts = {
        "learners": list(NAMES),
        "spread": dict.fromkeys(NAMES, 0.2),
        "units": units,
        "folds": 5,
        "stack_weights": {"constant": 0.0, "forest": 0.7, "linear": 0.0, "t": 0.3},
        "notices": [],
        "base": "boosting",
    }
    return AppraisalInputs(
        {"comparison": pd.DataFrame(rows), "agreement": agreement, "weights": weights}, facts
    )


def with_learners(inputs: ReportInputs, own: AppraisalInputs | None = None) -> ReportInputs:
    """A report's inputs with the appraisal of learners in the primary analysis."""
    own = own or learner_inputs_of_page()
    first = inputs.analyses[inputs.primary]
    appraisals = {**first.appraisals, "learners": own}
    return replace(
        inputs, analyses={**inputs.analyses, inputs.primary: replace(first, appraisals=appraisals)}
    )
