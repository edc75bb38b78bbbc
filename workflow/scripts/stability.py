"""Say what seeds, folds, imputations and settings add to the error of an analysis' headline numbers."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import numpy as np
import pandas as pd
from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.effects.checks import aligned
from hetflow.effects.enough import stability_facts
from hetflow.effects.estimates import settle_plan
from hetflow.effects.scores import Scores
from hetflow.effects.stability import Sizes, components, moves, without_imputations
from hetflow.files import read_json, read_table, write_json, write_table
from hetflow.forest.held_out import effects_by_sample

COMMAND = (
    Command(__doc__)
    .takes("trees", type=int)
    .takes("held-out-trees", type=int)
    .reads("cohort", "facts", "settings", "estimates")
    .reads("scores", "cate", "completed", "refits", several=True)
    .writes("components", "moves", "found")
)


def work(arguments: Namespace) -> None:
    """Read, compare, write."""
    settings = read_json(arguments.settings, "settings")
    sets = [Scores.from_frame(read_table(path, "scores")) for path in arguments.scores]
    tables = [read_table(path, "cate") for path in arguments.cate]
    effects = effects_by_sample(tables, sets[0].unit, sets[0].fold, settings["folds"])
    none = np.full_like(effects.cate, np.nan)
    sequential = none if effects.sequential is None else effects.sequential
    refits = pd.concat([read_table(path, "table") for path in arguments.refits], ignore_index=True)
    estimates = read_table(arguments.estimates, "estimates")
    frames = [aligned(read_table(path, "completed"), sets[0]) for path in arguments.completed]
    plan = _plan(arguments, sets, frames, settings)
    left_out = without_imputations(sets, effects.cate, sequential, frames, plan)
    sizes = _sizes(arguments, settings, len(tables))
    level = settings["confidence"]
    parts = components(estimates, refits, left_out, sizes, level)
    write_table(parts, arguments.components, "table")
    write_table(moves(estimates, refits), arguments.moves, "table")
    facts = stability_facts(parts, sizes, settings["stability"]["permitted"])
    names = list(dict.fromkeys(refits["refit"]))
    write_json(facts | {"refits": names, "confidence": level}, arguments.found, "facts")


def _plan(
    arguments: Namespace, sets: list[Scores], frames: list[pd.DataFrame], settings: dict[str, Any]
) -> Any:
    cohort = read_table(arguments.cohort, "cohort")
    columns = columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"])
    chosen = settings["estimates"] | {key: settings[key] for key in ("better", "randomised", "imputed")}
    return settle_plan(sets, frames, columns, chosen, settings["seed"], aligned(cohort, sets[0]), [])


def _sizes(arguments: Namespace, settings: dict[str, Any], imputations: int) -> Sizes:
    own = settings["stability"]
    return Sizes(
        trees=arguments.trees,
        held_out_trees=arguments.held_out_trees,
        imputations=imputations,
        refit_trees=own["trees"],
        refit_held_out_trees=own["held_out_trees"],
        refit_imputations=min(own["imputations"], imputations),
        bag_trees=settings["bag_trees"],
    )


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
