"""Test, by the scores and deployment-mode covariates of one analysis, whether the effect varies at all."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.cohort.views import rows_of
from hetflow.effects.checks import aligned
from hetflow.effects.global_tests import Inputs, global_tests
from hetflow.effects.scores import Scores
from hetflow.files import read_json, read_table, write_json, write_table

COMMAND = (
    Command(__doc__)
    .reads("cohort", "facts", "settings")
    .reads("scores", "completed", several=True)
    .writes("tests", "found")
)


def work(arguments: Namespace) -> None:
    """Read, test, write."""
    settings = read_json(arguments.settings, "settings")
    scores = Scores.from_frame(read_table(arguments.scores[0], "scores"))
    scores = scores.subset(scores.weight > 0)
    cohort = read_table(arguments.cohort, "cohort")
    rows = rows_of(scores.unit, cohort["unit"].to_numpy())
    table, notices = global_tests(
        Inputs(
            scores,
            [aligned(read_table(path, "completed"), scores) for path in arguments.completed],
            columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"]),
            cohort["stratum"].to_numpy(dtype=str)[rows],
            settings["evidence"] | {key: settings[key] for key in ("projection", "unsuited", "seed")},
        )
    )
    write_table(table, arguments.tests, "table")
    facts = {key: settings["evidence"][key] for key in ("permutations", "coding")}
    write_json(facts | {"unsuited": settings["unsuited"], "notices": notices}, arguments.found, "facts")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
