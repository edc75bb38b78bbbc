"""How hetflow refuses: every problem at once, each with place, expectation, finding and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn


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
        return f"{self.where}\n    expected: {self.expected}\n    found:    {self.found}\n    what to do: {self.remedy}"


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
        return "\n".join([head, *(f"{i}. {problem}" for i, problem in enumerate(self.problems, 1))])


def refuse(where: str, expected: str, found: str, remedy: str) -> NoReturn:
    """Raise `Refused` with a single problem."""
    raise Refused([Problem(where, expected, found, remedy)])


def refuse_all(problems: Sequence[Problem]) -> None:
    """Raise `Refused` if there is any problem, otherwise return."""
    if problems:
        raise Refused(problems)
