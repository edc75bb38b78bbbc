"""Compare two runs: what changed, and whether a conclusion did.

The exit status is 0; 1 if what --fail-on names has changed; 2 if the runs could not be compared.
"""

from __future__ import annotations

from argparse import Namespace

from _command import FAILED, REFUSED, Command
from hetflow.compare.compared import compare
from hetflow.compare.page import comparison_page, summary
from hetflow.compare.read import read_run
from hetflow.disk import write_text

CHANGED = 1
NOTHING, CONCLUSION, CHANGE = "nothing", "conclusion", "change"
COMMAND = Command(__doc__).reads("a", "b").writes("page")
COMMAND.parser.add_argument(
    "--fail-on",
    choices=(NOTHING, CONCLUSION, CHANGE),
    default=NOTHING,
    help="end with status 1 if a conclusion, or any number, has changed",
)


def work(arguments: Namespace) -> None:
    """Read both runs, compare them, write the page and say the gist."""
    found = compare(read_run(arguments.a), read_run(arguments.b))
    write_text(comparison_page(found), arguments.page)
    print(f"{summary(found)}\nThe comparison: {arguments.page.resolve()}")
    changed = {CONCLUSION: found.conclusion_changed, CHANGE: found.number_changed or found.conclusion_changed}
    if changed.get(arguments.fail_on):
        raise SystemExit(CHANGED)


def main(argv: list[str] | None = None) -> int:
    """Command line; a failure of hetflow has the status of a refusal, so that 1 says that something changed."""
    status = COMMAND.run(work, argv)
    return REFUSED if status == FAILED else status


if __name__ == "__main__":
    raise SystemExit(main())
