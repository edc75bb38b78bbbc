"""Grow one shard of a forest's bags once more and keep its trees, to score patients who are not in the study."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from grow import read_inputs
from hetflow.files import read_json, write_arrays
from hetflow.forest.grow import open_forest
from hetflow.forest.inputs import sample_inputs
from hetflow.forest.samples import ALL
from hetflow.forest.shards import bags_of_shard
from hetflow.forest.stored import store

COMMAND = (
    Command(__doc__)
    .takes("imputation", type=int)
    .takes("shard")
    .reads("cohort", "facts", "folds", "settings", "completed", "nuisance")
    .reads("training", several=True, required=False)
    .writes("trees")
)


def work(arguments: Namespace) -> None:
    """Read, grow, keep."""
    settings = read_json(arguments.settings, "settings")
    inputs = read_inputs(arguments, settings)
    forest = open_forest(
        **sample_inputs(inputs, ALL),
        seed=settings["seed"],
        label=(settings["training"], arguments.imputation, ALL),
        settings=settings["forest"],
    )
    first, last = bags_of_shard(arguments.shard)
    kept = store(
        (forest.grow(bag)[0] for bag in range(first, last + 1)), forest.covariates.bins, forest.grid, first
    )
    write_arrays(kept.to_arrays(), arguments.trees)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
