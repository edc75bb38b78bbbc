"""Guard an analysis' completed covariates: in a trial the arm must not be predictable from them."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import pandas as pd
from _command import Command
from hetflow.cohort.columns import Column, columns_from_json
from hetflow.cohort.views import clusters, matrix, rows_of
from hetflow.files import read_json, read_table, write_json
from hetflow.missingness.arm_auc import arm_auc
from hetflow.missingness.guards import judge_arm_auc, refuse_predictable_arm
from hetflow.nuisance.propensity import design_propensity
from hetflow.tables import read_notices

COMMAND = (
    Command(__doc__)
    .reads("cohort", "facts", "settings")
    .reads("completed", "completion-notices", several=True)
    .writes("guards")
)


def work(arguments: Namespace) -> None:
    """Measure every file, judge them together, write what was found; a predictable arm stops the run."""
    settings = read_json(arguments.settings, "settings")
    said = read_notices(arguments.completion_notices)
    engine = read_json(arguments.completion_notices[0], "facts").get("engine", "")
    if not settings["randomised"]:
        reason = {"checked": False, "reason": "treatment was not randomised"}
        write_json(reason | {"notices": said, "engine": engine}, arguments.guards, "facts")
        return
    columns = columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"])
    whole = read_table(arguments.cohort, "cohort")
    measured = [
        _measure(read_table(path, "completed"), whole, columns, settings) for path in arguments.completed
    ]
    verdict = judge_arm_auc([auc for auc, _ in measured], max(se for _, se in measured))
    refuse_predictable_arm(verdict, "completed covariates")
    facts = {name: getattr(verdict, name) for name in verdict.__slots__} | {
        "auc": [auc for auc, _ in measured]
    }
    write_json({"checked": True, "arm": facts, "notices": said, "engine": engine}, arguments.guards, "facts")


def _measure(
    completed: pd.DataFrame, whole: pd.DataFrame, columns: list[Column], settings: dict[str, Any]
) -> tuple[float, float]:
    """How well the arm is told from one completed file: AUC and its standard error under the null."""
    cohort = whole.iloc[rows_of(completed["unit"].to_numpy(), whole["unit"].to_numpy())]
    probability = settings["probability"]
    propensity = None
    if isinstance(probability, dict):
        level = cohort["probability_level"].to_numpy()
        propensity = design_propensity(probability["levels"], len(cohort), level)
    X, _ = matrix(columns, [completed])
    return arm_auc(
        X, cohort["treated"].to_numpy(), settings["seed"], propensity=propensity, cluster=clusters(cohort)
    )


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
