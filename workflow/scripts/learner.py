"""Predict the effect of every unit by one learner, out of fold and from the folds before its own."""

from __future__ import annotations

from argparse import Namespace

import numpy as np
import pandas as pd
from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.files import read_json, read_table, write_table
from hetflow.learners.effects import unit_effects
from hetflow.learners.inputs import learner_inputs
from hetflow.missingness.blockwise import submodels

COMMAND = (
    Command(__doc__)
    .takes("learner")
    .reads("cohort", "facts", "settings")
    .reads("completed", "nuisance", several=True)
    .writes("effects")
)


def work(arguments: Namespace) -> None:
    """Line covariates and nuisances up, fit, write."""
    settings = read_json(arguments.settings, "settings")
    nuisances = [read_table(path, "nuisance") for path in arguments.nuisance]
    unit, units = learner_inputs(
        columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"]),
        [read_table(path, "completed") for path in arguments.completed],
        nuisances,
        read_table(arguments.cohort, "cohort"),
    )
    models = submodels(units.X, settings["minimum_pattern"]) if "minimum_pattern" in settings else []
    found = unit_effects(arguments.learner, settings["base"], units, settings["seed"], models)
    table = pd.DataFrame(
        {
            "unit": unit,
            "fold": units.fold.astype(np.int8),
            "contrast": nuisances[0]["contrast"].to_numpy(),
            "cate": found.held_out,
            "cate_sequential": found.sequential,
        }
    )
    write_table(table, arguments.effects, "learner_effects")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
