"""Draw the study's folds once, on the eligible cohort, before outcomes are looked at."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.files import read_json, read_table, write_table
from hetflow.nuisance.folds import draw_folds

COMMAND = Command(__doc__).reads("cohort", "settings").writes("folds")


def work(arguments: Namespace) -> None:
    """Read the cohort, draw, write."""
    cohort = read_table(arguments.cohort, "cohort")
    settings = read_json(arguments.settings, "settings")
    fold = draw_folds(
        unit=cohort["unit"].to_numpy(),
        treated=cohort["treated"].to_numpy(),
        strata=cohort["stratum"].to_numpy(),
        cluster=cohort["cluster"].to_numpy(),
        number=settings["folds"],
        seed=settings["seed"],
    )
    write_table(cohort[["unit"]].assign(fold=fold), arguments.folds, "folds")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
