"""Estimate under shifted and reference-based outcomes in place of the missing ones, and find where findings tip."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.cohort.views import rows_of
from hetflow.effects.scores import Scores
from hetflow.effects.sensitivity import sensitivity
from hetflow.files import read_json, read_table, write_json, write_table
from hetflow.missingness.outcome_draws import AT_RANDOM, JUMP_TO_REFERENCE
from numpy.typing import NDArray

COMMAND = (
    Command(__doc__)
    .reads("cohort", "outcomes", "facts", "settings")
    .reads("scores", "completed", several=True)
    .reads("draws", required=False, several=True)
    .writes("shifts", "tipping", "plane", "found")
)
REFERENCES = {"jump_to_reference": JUMP_TO_REFERENCE}


def work(arguments: Namespace) -> None:
    """Read scores, covariates and draws; evaluate; write."""
    settings = read_json(arguments.settings, "settings")
    imputed = bool(settings.get("imputed"))
    chosen = settings["estimates"] | {key: settings[key] for key in ("better", "randomised", "sensitivity")}
    scores = [Scores.from_frame(read_table(path, "scores")) for path in arguments.scores]
    completed = [read_table(path, "completed") for path in arguments.completed]
    cohort = read_table(arguments.cohort, "cohort")
    rows = rows_of(scores[0].unit, cohort["unit"].to_numpy())
    outcome = read_table(arguments.outcomes, "outcomes")[settings["outcome"]].to_numpy(dtype=float)[rows]
    found = sensitivity(
        scores,
        completed,
        columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"]),
        outcome,
        chosen | {"imputed": imputed},
        settings["seed"],
        observed=cohort,
        references=_references(settings, scores[0].unit, arguments.draws) if imputed else None,
    )
    write_table(found.shifts, arguments.shifts, "table")
    write_table(found.tipping, arguments.tipping, "table")
    write_table(found.plane, arguments.plane, "table")
    facts = found.facts | {"imputed": imputed, "binary": settings["outcome_kind"] == "binary"}
    write_json(facts | {"notices": found.notices}, arguments.found, "facts")


def _references(
    settings: dict, unit: NDArray[np.int64], draws: list[Path]
) -> dict[str, list[NDArray[np.float64]]]:
    """By assumption and draw, the outcomes drawn under it minus those drawn at random; 0 where observed."""
    tables = [read_table(path, "outcome_draws") for path in draws]

    def drawn(table: pd.DataFrame, assumption: str) -> NDArray[np.float64]:
        rows = table[table["assumption"] == assumption]
        values = pd.Series(rows["outcome"].to_numpy(), index=rows["unit"].to_numpy())
        return np.asarray(values.reindex(unit, fill_value=0.0).to_numpy(dtype=np.float64))

    return {
        assumption: [drawn(table, assumption) - drawn(table, AT_RANDOM) for table in tables]
        for key, assumption in REFERENCES.items()
        if key in settings["sensitivity"]["reference_based"]
    }


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
