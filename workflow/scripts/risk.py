"""Judge the risk that is predicted without the arm, and estimate absolute and relative effects by its groups."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from _command import Command
from hetflow.cohort.columns import Column, columns_from_json
from hetflow.cohort.views import clusters, covariates, matrix, rows_of
from hetflow.effects.checks import aligned
from hetflow.effects.risk_models import appraise_risk
from hetflow.effects.scores import Scores
from hetflow.errors import refuse
from hetflow.files import read_json, read_table, write_json, write_table
from hetflow.nuisance.prognosis import prognosis
from numpy.typing import NDArray

COMMAND = (
    Command(__doc__)
    .reads("cohort", "outcomes", "facts", "settings")
    .reads("scores", "completed", several=True)
    .writes("performance", "effects", "groups", "distribution", "found")
)


def work(arguments: Namespace) -> None:
    """Read scores, outcomes and deployment-mode covariates; appraise; write."""
    settings = read_json(arguments.settings, "settings")
    scores = [Scores.from_frame(read_table(path, "scores")) for path in arguments.scores]
    first = scores[0]
    whole = read_table(arguments.cohort, "cohort")
    rows = rows_of(first.unit, whole["unit"].to_numpy())
    outcome = read_table(arguments.outcomes, "outcomes")[settings["outcome"]].to_numpy(dtype=float)[rows]
    frames = [aligned(read_table(path, "completed"), first) for path in arguments.completed]
    columns = columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"])
    internal = first.outcome_mean
    if not settings["randomised"]:
        internal = _learnt(settings, first, outcome, frames, columns, clusters(whole.iloc[rows]))
    section = settings["risk"]
    external = _score(section["score"], frames, columns)
    found = appraise_risk(scores, outcome, internal, external, settings | section)
    for name, table in found.tables.items():
        write_table(table, getattr(arguments, name), "table")
    facts = {"outcome": settings["outcome"], "score": section["score"], "groups": section["groups"]}
    write_json(found.facts | facts | {"randomised": settings["randomised"]}, arguments.found, "facts")


def _learnt(
    settings: dict[str, Any],
    scores: Scores,
    outcome: NDArray[np.float64],
    frames: list[pd.DataFrame],
    columns: list[Column],
    cluster: NDArray[np.int64] | None,
) -> NDArray[np.float64]:
    """The risk where the scores hold none: their outcome means saw covariates imputed with the outcome."""
    probability = None if scores.lacks("observation_probability") else scores.observation_probability
    return prognosis(
        X=matrix(columns, frames)[0],
        outcome=outcome,
        observed=scores.observed == 1,
        probability=probability,
        fold=scores.fold,
        weight=scores.weight,
        cluster=cluster,
        learner=settings["learner"],
        binary=settings["outcome_kind"] == "binary",
        seed=settings["seed"],
    )


def _score(
    name: str | None, frames: Sequence[pd.DataFrame], columns: Sequence[Column]
) -> NDArray[np.float64] | None:
    """The named score, its mean over the completed files."""
    if name is None:
        return None
    if name not in {column.name for column in covariates(columns, frames[0])}:
        refuse(
            "risk.score",
            f"{name} among the covariates of this analysis",
            "none of that name",
            "use a strategy that keeps it, or remove the key",
        )
    values = np.mean([frame[name].to_numpy(dtype=float) for frame in frames], axis=0)
    if not np.isfinite(values).all():
        missing = f"{int((~np.isfinite(values)).sum())} missing"
        refuse("risk.score", f"a value of {name} for every unit", missing, "use a strategy that imputes")
    return np.asarray(values)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
