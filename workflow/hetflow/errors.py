"""How hetflow refuses: every problem at once, each with place, expectation, finding and remedy.

What is said quotes study files and data that others wrote: it is of bounded length, and nothing in it can steer a
terminal or pass for another line.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

_MOST_PROBLEMS = 30  # said in full; more are counted
_MOST_CHARACTERS = 900  # of a place, an expectation, a finding or a remedy


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in the user's words.

    Attributes
    ----------
    where : str
        File, key, column or row that is at fault.
    expected, found : str
        What hetflow needs there, and what is there.
    remedy : str
        What to do about it.
    """

    where: str
    expected: str
    found: str
    remedy: str

    def __str__(self) -> str:
        parts = (self.where, self.expected, self.found, self.remedy)
        where, expected, found, remedy = (plain(part) or "nothing" for part in parts)
        return f"{where}\n    expected: {expected}\n    found:    {found}\n    what to do: {remedy}"


class Refused(Exception):
    """A study, a data file or a combination of settings that hetflow will not run.

    Parameters
    ----------
    problems : sequence of Problem
        All that was found wrong, in the order in which a reader should mend it.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.problems)
        head = "1 thing must be mended first:" if count == 1 else f"{count} things must be mended first:"
        said = [f"{i}. {problem}" for i, problem in enumerate(self.problems[:_MOST_PROBLEMS], 1)]
        rest = [f"... and {count - len(said):,} more"] if count > len(said) else []
        return "\n".join([head, *said, *rest])


def plain(text: str, most: int = _MOST_CHARACTERS) -> str:
    """Text as a terminal may show it: one line, no control characters, its middle left out where it is long.

    Parameters
    ----------
    text : str
        Whatever a file held.
    most : int
        Characters to show.
    """
    shown = "".join(sign if sign.isprintable() else _escaped(sign) for sign in text[: 2 * most])
    if len(text) <= most and len(shown) <= 2 * most:
        return shown
    end = "".join(sign if sign.isprintable() else _escaped(sign) for sign in text[-most // 4 :])
    return f"{shown[: most // 2]} ... {end[-most // 4 :]}"


def control_characters(text: str) -> str:
    """The signs of a text that pages, tables and terminals cannot hold: controls but for tab and line ends, lone
    surrogates.
    """
    return "".join(
        sign
        for sign in text
        if (sign < " " and sign not in "\t\n\r") or "\x7f" <= sign <= "\x9f" or "\ud800" <= sign <= "\udfff"
    )


def _escaped(sign: str) -> str:
    """A sign that is not printable, as Python would write it."""
    return sign.encode("unicode_escape", "surrogatepass").decode("ascii")


def refuse(where: str, expected: str, found: str, remedy: str) -> NoReturn:
    """Raise `Refused` with a single problem."""
    raise Refused([Problem(where, expected, found, remedy)])


def refuse_all(problems: Sequence[Problem]) -> None:
    """Raise `Refused` if there is any problem, otherwise return."""
    if problems:
        raise Refused(problems)


def stop(refused: Refused) -> NoReturn:
    """End the workflow before it begins, without the places in the code that a WorkflowError would print."""
    print(f"\nRefused. {refused}\n", file=sys.stderr)
    raise SystemExit(1) from None


def close_names(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Known names that a person may have meant, nearest first: capitals do not count, and `Arm` means `Arm (A, B)`."""
    spelt: dict[str, str] = {}
    for one in known:
        spelt.setdefault(one.casefold(), one)
    if name.casefold() in spelt:
        return [spelt[name.casefold()]]
    near = difflib.get_close_matches(name.casefold(), list(spelt), n=most, cutoff=0.6)
    longer = [one for one in spelt if len(name) > 2 and one.startswith(name.casefold())]
    return [spelt[one] for one in dict.fromkeys([*near, *longer])][:most]
