"""Compare learners of the effect with the forest and with a constant effect, and stack them."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.effects.compared_learners import compare, in_order
from hetflow.effects.scores import Scores
from hetflow.files import read_json, read_table, write_json, write_table

COMMAND = (
    Command(__doc__)
    .reads("settings")
    .reads("scores", "effects", several=True)
    .writes("comparison", "agreement", "weights", "found")
)


def work(arguments: Namespace) -> None:
    """Read scores and effects, compare, write. A learner is called as its file is."""
    settings = read_json(arguments.settings, "settings")
    sets = [Scores.from_frame(read_table(path, "scores")) for path in arguments.scores]
    learners = {
        path.stem: in_order(read_table(path, "learner_effects"), sets[0]) for path in arguments.effects
    }
    found = compare(sets, learners, settings | settings["learners"], settings["seed"])
    write_table(found.comparison, arguments.comparison, "table")
    write_table(found.agreement, arguments.agreement, "table")
    write_table(found.weights, arguments.weights, "table")
    write_json(found.facts | {"base": settings["learners"]["base"]}, arguments.found, "facts")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
