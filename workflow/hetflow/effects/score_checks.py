"""What the columns of scores may hold: the contract's impossible and partly missing values, refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hetflow.errors import refuse

if TYPE_CHECKING:
    from hetflow.effects.scores import Scores

#: Columns that an outcome kind, or a run, may lack; they are then null throughout.
NULLABLE = (
    "treatment_residual",
    "outcome_residual",
    "propensity",
    "outcome_mean",
    "observation_probability",
    "cate",
    "cate_variance",
    "cate_between_imputations",
    "cate_held_out",
    "cate_sequential",
    "score",
    "priority",
)
REMEDY = "make the scores anew; if this comes back, it is a defect of hetflow"


def check_scores(scores: Scores) -> None:
    """Refuse impossible or partly missing values.

    Raises
    ------
    Refused
        Naming the first column that holds any.
    """
    if np.unique(scores.unit).size != scores.unit.size:
        refuse("scores: unit", "every unit once", "repeated units", REMEDY)
    if not np.isin(scores.treated, (0, 1)).all():
        refuse("scores: treated", "0 and 1", str(np.unique(scores.treated).tolist()), REMEDY)
    weight = scores.weight
    if not (np.isfinite(weight).all() and (weight >= 0).all() and weight.sum() > 0):
        refuse(
            "scores: weight", "finite weights, none negative, not all zero", "others", "correct the weights"
        )
    first = scores.fold == scores.fold.min()
    if not np.isin(scores.observed, (0, 1)).all():
        refuse("scores: observed", "0 and 1", str(np.unique(scores.observed).tolist()), REMEDY)
    if scores.lacks("observation_probability") and not scores.observed.all():
        refuse(
            "scores: observed",
            "an outcome of every unit, or a probability of observation",
            "neither",
            REMEDY,
        )
    for name in NULLABLE:
        values = getattr(scores, name)
        if name == "cate_sequential":
            values = values[~first]
        missing = int((~np.isfinite(values)).sum())
        if missing > 0 and not np.isnan(values).all():
            refuse(f"scores: {name}", "finite for all units, or null for all", f"{missing} missing", REMEDY)
    if not scores.lacks("propensity") and not bool(((scores.propensity > 0) & (scores.propensity < 1)).all()):
        refuse(
            "scores: propensity",
            "strictly between 0 and 1",
            f"from {scores.propensity.min()} to {scores.propensity.max()}",
            "leave units out whose treatment was certain (nuisance.trim)",
        )
