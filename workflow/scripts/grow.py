"""Grow one shard of little bags, for one forest sample or for several, and write the sums over its bags."""

from __future__ import annotations

from argparse import Namespace
from functools import partial

from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.files import read_json, read_table, write_table
from hetflow.forest.grow import grow_shard
from hetflow.forest.inputs import forest_inputs, sample_inputs
from hetflow.forest.shards import bags_of_shard
from hetflow.forest.submodels import grow_submodels
from hetflow.missingness.blockwise import submodels

COMMAND = (
    Command(__doc__)
    .takes("imputation", type=int)
    .takes("samples", several=True)
    .takes("shard")
    .takes("threads", type=int)
    .reads("cohort", "facts", "folds", "settings", "completed", "nuisance")
    .reads("training", several=True, required=False)
    .writes("sums", several=True)
)


def work(arguments: Namespace) -> None:
    """Read once, then grow and write sample by sample."""
    settings = read_json(arguments.settings, "settings")
    inputs = read_inputs(arguments, settings)
    minimum = settings.get("minimum_pattern")
    grow = grow_shard if minimum is None else partial(grow_submodels, submodels(inputs["X"], minimum))
    first, last = bags_of_shard(arguments.shard)
    for sample, path in zip(arguments.samples, arguments.sums, strict=True):
        sums = grow(
            **sample_inputs(inputs, sample),
            unit=inputs["unit"],
            seed=settings["seed"],
            label=(settings["training"], arguments.imputation, sample),
            first_bag=first,
            last_bag=last,
            settings=settings["forest"],
            threads=arguments.threads,
        )
        write_table(sums.to_frame(), path, "forest_sums")


def read_inputs(arguments: Namespace, settings: dict) -> dict:
    """What the forests of one imputation read."""
    return forest_inputs(
        columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"]),
        read_table(arguments.completed, "completed"),
        read_table(arguments.nuisance, "nuisance"),
        read_table(arguments.cohort, "cohort"),
        read_table(arguments.folds, "folds"),
        settings["forest"]["engine"],
        read_table(arguments.training[0], "completed") if arguments.training else None,
    )


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
