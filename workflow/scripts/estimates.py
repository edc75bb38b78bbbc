"""Estimate everything that one analysis asks for, from its scores and completed covariates."""

from __future__ import annotations

from argparse import Namespace

import pandas as pd
from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.cohort.views import covariates, matrix, rows_of
from hetflow.effects.displays import displays
from hetflow.effects.estimates import estimate_all
from hetflow.effects.permuted import permutation_notice, with_permutation_p
from hetflow.effects.registry import MEASURED, SEEN
from hetflow.effects.scores import Scores
from hetflow.files import read_json, read_table, write_arrays, write_json, write_table
from hetflow.missingness.blockwise import pattern_notices
from hetflow.missingness.guards import average_effects_agree
from hetflow.study import routes
from hetflow.study.routes import ROUTES
from hetflow.tables import read_notices

COMMAND = (
    Command(__doc__)
    .takes("analysis")
    .reads("cohort", "facts", "settings")
    .reads("scores", "completed", "completion-notices", several=True)
    .reads("permutations", several=True, required=False)
    .writes("table", "covariance", "joint", "curves", "displays", "notices")
)


def work(arguments: Namespace) -> None:
    """Read, estimate, write."""
    settings = read_json(arguments.settings, "settings")
    chosen = settings["estimates"] | {"better": settings["better"], "randomised": settings["randomised"]}
    chosen |= {"imputed": bool(settings.get("imputed"))}
    scores = [Scores.from_frame(read_table(path, "scores")) for path in arguments.scores]
    completed = [read_table(path, "completed") for path in arguments.completed]
    if chosen["imputed"] and len(completed) == 1:  # a strategy that completes once serves every draw
        completed = completed * len(scores)
    columns = columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"])
    observed = read_table(arguments.cohort, "cohort")
    observed = observed.iloc[rows_of(completed[0]["unit"].to_numpy(), observed["unit"].to_numpy())]
    measured = ROUTES[settings["strategy"]].answers["projection"] == routes.MEASURED
    found = estimate_all(
        scores,
        completed,
        columns,
        chosen,
        seed=settings["seed"],
        analysis=arguments.analysis,
        outcome=settings["outcome"],
        covariate_target=MEASURED if measured else SEEN,
        kept_masks=settings["kept_masks"],
        observed=observed,
    )
    held = list(chosen["displays"] or chosen["projection"])
    table, hidden = displays(scores, completed, covariates(columns, completed[0]), held, chosen, observed)
    statistics = [read_json(path, "facts")["autoc"] for path in sorted(arguments.permutations or [])]
    estimated = with_permutation_p(found.table, statistics) if statistics else found.table
    write_table(estimated, arguments.table, "estimates")
    write_arrays(found.covariances, arguments.covariance)
    write_table(found.joint, arguments.joint, "joint")
    curves = [curve.assign(curve=name.upper()) for name, curve in found.curves.items()]
    write_table(pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(), arguments.curves, "table")
    write_table(table, arguments.displays, "table")
    said = [permutation_notice(statistics)] if statistics else []
    said += [*found.notices, *hidden, *read_notices(arguments.completion_notices)]
    if "minimum_pattern" in settings:
        said += pattern_notices(matrix(columns, completed)[0], settings["minimum_pattern"])
    if settings["randomised"]:
        said += _agreement(scores[0])
    write_json({"notices": list(dict.fromkeys(said))}, arguments.notices, "facts")


def _agreement(scores: Scores) -> list[str]:
    """A notice when the adjusted and the unadjusted average effect differ by more than they should in a trial."""
    found = average_effects_agree(
        score=scores.score,
        outcome=scores.outcome_residual + scores.outcome_mean,
        treated=scores.treated,
        propensity=scores.propensity,
        cluster=scores.cluster,
        weight=scores.weight,
    )
    return [found.notice] if found.notice else []


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
