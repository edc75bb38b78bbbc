"""The contracts between stages: which columns a table has, of which type, in which version.

A contract's version rises when a column changes its name, type or meaning. `hetflow.files` writes it into the file
and checks it on reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field

INTEGER, SMALL, REAL, TEXT = "int64", "int8", "float64", "string"


@dataclass(frozen=True, slots=True)
class Contract:
    """One kind of file.

    Attributes
    ----------
    version : int
        Rises with every change that a reader must know of.
    columns : dict of str to str
        Required columns of a table and their Arrow types, in order.
    more : bool
        Whether further columns (the covariates) may follow.
    """

    version: int
    columns: dict[str, str] = field(default_factory=dict)
    more: bool = False


_UNIT = {"unit": INTEGER}
_ASSIGNMENT = {"contrast": TEXT, "treated": SMALL}
_RESIDUALS = {
    "treatment_residual": REAL,
    "outcome_residual": REAL,
    "propensity": REAL,
    "outcome_mean": REAL,
}
#: Whether the outcome was observed; the probability of it, null where missing outcomes are not weighted for.
_OBSERVATION = {"observed": SMALL, "observation_probability": REAL}

CONTRACTS: dict[str, Contract] = {
    "settings": Contract(1),
    "facts": Contract(1),
    "cohort_facts": Contract(1),
    "arrays": Contract(1),
    "plan": Contract(1),
    "cohort": Contract(
        1, _UNIT | {"treated": SMALL, "cluster": INTEGER, "weight": REAL, "stratum": TEXT}, more=True
    ),
    "outcomes": Contract(1, _UNIT, more=True),
    "reasons": Contract(1, _UNIT | {"column": TEXT, "reason": TEXT}),
    "folds": Contract(1, _UNIT | {"fold": SMALL}),
    "completed": Contract(1, _UNIT, more=True),
    "nuisance": Contract(
        2, _UNIT | {"fold": SMALL} | _ASSIGNMENT | _RESIDUALS | _OBSERVATION | {"weight": REAL}
    ),
    "forest_sums": Contract(1, _UNIT, more=True),
    "cate": Contract(1, {"sample": TEXT} | _UNIT | {"contrast": TEXT, "cate": REAL, "variance": REAL}),
    "predictions": Contract(
        2,
        _UNIT
        | dict.fromkeys(("cate", "se", "lower", "upper", "between_imputations"), REAL)
        | {"unlike": SMALL, "why": TEXT},
    ),
    "scores": Contract(
        2,
        _UNIT
        | _ASSIGNMENT
        | _RESIDUALS
        | _OBSERVATION
        | {
            "cate": REAL,
            "cate_variance": REAL,
            "cate_between_imputations": REAL,
            "cate_held_out": REAL,
            "cate_sequential": REAL,
            "score": REAL,
            "priority": REAL,
            "weight": REAL,
            "cluster": INTEGER,
            "fold": SMALL,
        },
    ),
    "learner_effects": Contract(
        1, _UNIT | {"fold": SMALL, "contrast": TEXT, "cate": REAL, "cate_sequential": REAL}
    ),
    "outcome_draws": Contract(1, {"assumption": TEXT} | _UNIT | {"outcome": REAL}),
    "estimates": Contract(
        2,
        {
            "analysis": TEXT,
            "outcome": TEXT,
            "contrast": TEXT,
            "estimand": TEXT,
            "target": TEXT,
            "group": TEXT,
            "term": TEXT,
            "scale": TEXT,
            "estimate": REAL,
            "se": REAL,
            "df": REAL,
            "lower": REAL,
            "upper": REAL,
            "p": REAL,
            "alternative": TEXT,
            "n": INTEGER,
            "imputations": INTEGER,
            "fmi": REAL,
            "monte_carlo_se": REAL,
        },
    ),
    "joint": Contract(
        1,
        dict.fromkeys(("analysis", "outcome", "contrast", "estimand", "target", "term"), TEXT)
        | {"statistic": REAL, "df1": INTEGER, "df2": REAL, "p": REAL, "n": INTEGER, "imputations": INTEGER},
    ),
    "table": Contract(1, more=True),
}
