"""Average the effects over imputations and make the doubly robust scores of one set."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.cohort.views import rows_of
from hetflow.effects.scores import make_scores
from hetflow.files import read_json, read_table, write_table
from hetflow.forest.held_out import effects_by_sample

COMMAND = (
    Command(__doc__).reads("cohort", "settings", "nuisance").reads("cate", several=True).writes("scores")
)


def work(arguments: Namespace) -> None:
    """Line the effects of all imputations up with the nuisances; make the scores; write."""
    settings = read_json(arguments.settings, "settings")
    nuisance = read_table(arguments.nuisance, "nuisance")
    unit = nuisance["unit"].to_numpy()
    effects = effects_by_sample(
        [read_table(path, "cate") for path in arguments.cate],
        unit,
        nuisance["fold"].to_numpy(),
        settings["folds"],
    )
    whole = read_table(arguments.cohort, "cohort")
    cohort = whole.iloc[rows_of(unit, whole["unit"].to_numpy())]
    scores = make_scores(
        nuisance,
        effects.cate,
        effects.variance,
        better=settings["better"],
        held_out=effects.held_out,
        sequential=effects.sequential,
        cluster=cohort["cluster"].to_numpy(),
    )
    write_table(scores.to_frame(), arguments.scores, "scores")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
