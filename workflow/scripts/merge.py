"""Add up the shards of one imputation's forests and solve for effects and variances."""

from __future__ import annotations

from argparse import Namespace
from collections import defaultdict
from pathlib import Path

import pandas as pd
from _command import Command
from hetflow.files import read_table, write_table
from hetflow.forest.merge import effects_of_shards

COMMAND = Command(__doc__).reads("sums", several=True).writes("cate")


def work(arguments: Namespace) -> None:
    """Group the shards by sample (their folder), add them in the order of their names, write one table."""
    shards: dict[str, list[Path]] = defaultdict(list)
    for path in arguments.sums:
        shards[path.parent.name].append(path)
    tables = [
        effects_of_shards(read_table(path, "forest_sums") for path in sorted(paths)).assign(sample=sample)
        for sample, paths in sorted(shards.items())
    ]
    write_table(pd.concat(tables, ignore_index=True), arguments.cate, "cate")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
