"""Average the effects over imputations and make the doubly robust scores of one set."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pandas as pd
from _command import Command
from hetflow.cohort.views import rows_of
from hetflow.effects.scores import make_scores
from hetflow.files import read_json, read_table, write_table
from hetflow.forest.held_out import effects_by_sample
from hetflow.missingness.outcome_draws import AT_RANDOM, filled

COMMAND = (
    Command(__doc__)
    .reads("cohort", "settings", "nuisance")
    .reads("cate", several=True)
    .reads("outcomes", required=False)
    .reads("draws", required=False, several=True)
    .writes("scores")
)


def work(arguments: Namespace) -> None:
    """Line the effects of all imputations up with the nuisances; make the scores; write."""
    settings = read_json(arguments.settings, "settings")
    nuisance = read_table(arguments.nuisance, "nuisance")
    if settings.get("imputed"):
        outcomes = read_table(arguments.outcomes, "outcomes")
        nuisance = imputed(nuisance, settings["outcome"], outcomes, arguments.draws[0])
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


def imputed(nuisance: pd.DataFrame, name: str, outcomes: pd.DataFrame, draw: Path) -> pd.DataFrame:
    """The nuisances with the residual of the outcome, observed or drawn, in place of the weighted one."""
    drawn = read_table(draw, "outcome_draws")
    drawn = drawn[drawn["assumption"] == AT_RANDOM]
    rows = rows_of(nuisance["unit"].to_numpy(), outcomes["unit"].to_numpy())
    outcome = filled(outcomes[name].to_numpy(dtype=float), outcomes["unit"].to_numpy(), drawn)[rows]
    return nuisance.assign(outcome_residual=outcome - nuisance["outcome_mean"])


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
