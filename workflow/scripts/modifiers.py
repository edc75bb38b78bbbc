"""Show how the effect runs along named covariates, and rank all covariates by how much the effect varies with them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from _command import Command
from hetflow.cohort.columns import Column, columns_from_json
from hetflow.effects.importance import COLUMNS
from hetflow.effects.modifiers import evidence_of, rank_by_splits, rank_modifiers, show_modifiers
from hetflow.effects.registry import MEASURED, SEEN
from hetflow.effects.scores import Scores
from hetflow.files import read_json, read_table, write_json, write_table
from hetflow.forest.inputs import forest_inputs
from hetflow.forest.regrown import READABLE, split_importance
from hetflow.seeds import generator
from hetflow.study import routes
from hetflow.study.routes import ROUTES
from numpy.typing import NDArray

COMMAND = (
    Command(__doc__)
    .reads("cohort", "facts", "folds", "settings")
    .reads("scores", "deployment", "inference", "nuisance", several=True)
    .reads("training", several=True, required=False)
    .writes("importance", "displays", "cells", "found")
)
#: Parts of an imputation's forest whose importance by splits is told apart.
PARTS = 4


def work(arguments: Namespace) -> None:
    """Read, show, rank, write."""
    settings = read_json(arguments.settings, "settings")
    scores = [Scores.from_frame(read_table(path, "scores")) for path in arguments.scores]
    columns = columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"])
    displays, cells, notices = _shown(arguments, settings, scores, columns)
    tables, facts = [], {}
    asked = settings["modifiers"]
    if asked["draws"]:
        deployment = [read_table(path, "completed") for path in arguments.deployment]
        ranking = rank_modifiers(scores, deployment, columns, asked, settings["folds"], settings["seed"])
        tables, facts = [ranking.table], ranking.facts
        if settings["bags"] >= PARTS and settings["forest"]["engine"] == READABLE:
            parts = _splits(arguments, settings, columns)
            tables.append(rank_by_splits(parts, deployment[0], columns, asked["top"]))
        elif asked["split_trees"]:
            notices.append(
                f"no importance by splits: it reads trees of the engine {READABLE}, {PARTS} bags or more"
            )
    ranked = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)
    write_table(ranked, arguments.importance, "table")
    write_table(displays, arguments.displays, "table")
    write_table(cells, arguments.cells, "table")
    write_json(facts | {"notices": notices, "top": asked["top"]}, arguments.found, "facts")


def _shown(
    arguments: Namespace, settings: dict[str, Any], scores: list[Scores], columns: list[Column]
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Displays of the named covariates and pairs."""
    measured = ROUTES[settings["strategy"]].answers["projection"] == routes.MEASURED
    evidence = evidence_of(
        scores,
        [read_table(path, "completed") for path in arguments.inference],
        columns,
        read_table(arguments.cohort, "cohort"),
        confidence=settings["confidence"],
        minimum=settings["minimum_cell_count"],
        target=MEASURED if measured else SEEN,
        seed=settings["seed"],
    )
    return show_modifiers(evidence, settings["names"], settings["modifiers"]["pairs"])


def _splits(
    arguments: Namespace, settings: dict[str, Any], columns: list[Column]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """For each imputation the importance by splits of its forest, and of one with shuffled covariates."""
    cohort, folds = read_table(arguments.cohort, "cohort"), read_table(arguments.folds, "folds")
    training = arguments.training or [None] * len(arguments.deployment)
    nuisance = arguments.nuisance * (len(training) if len(arguments.nuisance) == 1 else 1)
    for number, files in enumerate(zip(arguments.deployment, nuisance, training, strict=True)):
        completed, residuals, learnt = files
        inputs = forest_inputs(
            columns,
            read_table(completed, "completed"),
            read_table(residuals, "nuisance"),
            cohort,
            folds,
            settings["forest"]["engine"],
            read_table(learnt, "completed") if learnt else None,
        )
        key = ("modifiers", "splits", number)
        order = generator(settings["seed"], *key).permutation(len(inputs["unit"]))
        label = (settings["training"], number)
        grown = inputs, settings["forest"], settings["seed"], label, settings["bags"], PARTS
        yield split_importance(*grown), split_importance(*grown, order=order)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
