"""Bound what an unmeasured confounder could do to the average effect and to each group's, and compare its strength."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import numpy as np
import pandas as pd
from _command import Command
from hetflow.cohort.columns import Column, columns_from_json
from hetflow.cohort.matrix import covariate_matrix
from hetflow.cohort.views import clusters, covariates, rows_of
from hetflow.effects.benchmarks import Units, benchmark
from hetflow.effects.checks import aligned
from hetflow.effects.confounding import COLUMNS, Groups, bounded, e_values, targets
from hetflow.effects.controls import controls_table
from hetflow.effects.risk import seen_weight
from hetflow.effects.rules import membership, settle_rule
from hetflow.effects.sampled import sampled_units
from hetflow.effects.scores import Scores
from hetflow.errors import Refused
from hetflow.files import read_json, read_table, write_json, write_table

COMMAND = (
    Command(__doc__)
    .reads("cohort", "outcomes", "facts", "settings")
    .reads("scores", "completed", several=True)
    .reads("control-estimates", several=True, required=False)
    .writes("robustness", "bounds", "benchmarks", "contour", "controls", "found")
)


def work(arguments: Namespace) -> None:
    """Read scores and covariates; bound; compare; write."""
    settings = read_json(arguments.settings, "settings")
    section, level = settings["confounding"], settings["confidence"]
    scores = [Scores.from_frame(read_table(path, "scores")) for path in arguments.scores]
    whole = read_table(arguments.cohort, "cohort")
    rows = rows_of(scores[0].unit, whole["unit"].to_numpy())
    outcome = read_table(arguments.outcomes, "outcomes")[settings["outcome"]].to_numpy(dtype=float)[rows]
    frames = [aligned(read_table(path, "completed"), scores[0]) for path in arguments.completed]
    frames = frames * len(scores) if len(frames) == 1 else frames
    columns = columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"])
    groups, left = _groups(settings["rules"], columns, frames, scores[0], whole.iloc[rows])
    asked, notices = targets(scores, outcome, groups, section["trims"], settings["imputed"])
    facts: dict[str, Any] = {"rho": section["rho"], "units": scores[0].n, "sets": len(scores)}
    facts |= {"outcome": settings["outcome"], "lost": not bool(scores[0].observed.all())}
    tables = {name: pd.DataFrame(columns=columns_) for name, columns_ in COLUMNS.items()}
    if asked:
        units = _units(scores[0], outcome, frames[0], columns, clusters(whole.iloc[rows]), settings)
        compared, facts["benchmark_units"] = sampled_units(units, settings["seed"])
        gains = benchmark(compared, _left_out(section, columns, frames[0]), settings["seed"], "00")
        tables |= bounded(asked, gains, section, level)
    for name, table in tables.items():
        write_table(table, getattr(arguments, name), "table")
    controls = [read_table(path, "estimates") for path in arguments.control_estimates or []]
    write_table(controls_table(controls, settings["labels"]), arguments.controls, "table")
    facts["notices"] = [*left, *notices]
    if asked and settings["outcome_kind"] == "binary":
        try:
            facts["ratio"] = e_values(scores, level)
        except Refused as refused:
            facts["notices"] += [f"left out: E-value: {problem.found}" for problem in refused.problems]
    write_json(facts, arguments.found, "facts")


def _groups(
    rules: dict[str, Any],
    columns: list[Column],
    frames: list[pd.DataFrame],
    scores: Scores,
    observed: pd.DataFrame,
) -> tuple[list[Groups], list[str]]:
    """The study's rules, settled as the estimates settle them; what cannot be is left out with a notice."""
    found, notices = [], []
    seen = observed.reset_index(drop=True)
    for name, terms in rules.items():
        try:
            rule = settle_rule(name, terms, columns, frames, scores.weight, seen)
            found.append(Groups(name, rule.labels, [membership(rule, frame) for frame in frames]))
        except Refused as refused:
            notices += [f"left out: {problem.where}: {problem.found}" for problem in refused.problems]
    return found, notices


def _units(
    scores: Scores,
    outcome: np.ndarray,
    frame: pd.DataFrame,
    columns: list[Column],
    cluster: np.ndarray | None,
    settings: dict[str, Any],
) -> Units:
    """What benchmarks are refitted from: the first completed data set."""
    parts, owners = [], []
    for column in covariates(columns, frame):
        X, names = covariate_matrix(frame, [column])
        parts.append(X)
        owners += [column.name] * len(names)
    if settings["imputed"]:
        outcome, seen = scores.outcome_residual + scores.outcome_mean, np.ones(len(outcome))
    else:
        seen = np.divide(
            seen_weight(scores), scores.weight, out=np.zeros(len(outcome)), where=scores.weight > 0
        )
    return Units(
        np.column_stack(parts),
        tuple(owners),
        scores.treated,
        outcome,
        scores.weight,
        seen,
        scores.fold,
        cluster,
        settings["outcome_kind"] == "binary" and not settings["imputed"],
    )


def _left_out(section: dict[str, Any], columns: list[Column], frame: pd.DataFrame) -> dict[str, list[str]]:
    """Groups of covariates by name: those of the study, then each covariate."""
    each = [column.name for column in covariates(columns, frame)] if section["each_covariate"] else []
    return dict(section["benchmarks"]) | {name: [name] for name in each if name not in section["benchmarks"]}


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
