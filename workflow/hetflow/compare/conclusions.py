"""What two runs conclude, question by question and test by test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from hetflow.compare.cells import by_key, number
from hetflow.compare.read import Run
from hetflow.report.ledger_rows import NAMES

ALPHA = 0.05
_AVERAGE = "average"
_DIRECTIONS = {
    1.0: "shown to be a benefit",
    -1.0: "shown to be a harm",
    0.0: "neither shown to help nor to harm",
}
_NOT_ASKED = "not asked"
_TEST = ("analysis", "stage", "test", "of")


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A question and what each run concludes.

    Attributes
    ----------
    asked : str
    a, b : str
        The conclusions in words.
    changed : bool
    detail : str
        What of it changed.
    """

    asked: str
    a: str
    b: str
    changed: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """A test of both runs, or of one.

    Attributes
    ----------
    analysis, name : str
    in_family : bool
        Whether it is one of the global tests of the primary analysis on which the grades rest, in either run.
    p_a, p_b, holm_a, holm_b : float
        NaN where a run did not make it, or did not adjust it.
    """

    analysis: str
    name: str
    in_family: bool
    p_a: float
    p_b: float
    holm_a: float
    holm_b: float

    @property
    def in_both(self) -> bool:
        """Whether both runs made it."""
        return math.isfinite(self.p_a) and math.isfinite(self.p_b)

    @property
    def changed(self) -> bool:
        """Whether the decision at 5 % is another, before or after Holm's adjustment."""
        pairs = ((self.p_a, self.p_b), (self.holm_a, self.holm_b))
        return any(math.isfinite(a) and math.isfinite(b) and (a < ALPHA) != (b < ALPHA) for a, b in pairs)


def conclusions(a: Run, b: Run) -> list[Conclusion]:
    """The average effect by its direction, the other questions by answer, grade and direction."""
    was, now = (_answers(run.tables["answers"]) for run in (a, b))
    names = [*was, *(name for name in now if name not in was)]
    return [_conclusion(name, was.get(name), now.get(name)) for name in names]


def _answers(table: pd.DataFrame) -> dict[str, Mapping[str, str]]:
    return {
        str(row["question"]): {str(name): str(value) for name, value in row.items()}
        for row in table.to_dict("records")
    }


def _conclusion(name: str, a: Mapping[str, str] | None, b: Mapping[str, str] | None) -> Conclusion:
    asked = str((a or b or {}).get("asked", name))
    was, now = _told(name, a), _told(name, b)
    if a is None or b is None:
        return Conclusion(asked, was, now, True, "asked in one of the runs only")
    keys = ("direction",) if name == _AVERAGE else ("answer", "grade", "direction")
    changed = [key for key in keys if _differs(a.get(key, ""), b.get(key, ""))]
    return Conclusion(asked, was, now, bool(changed), ", ".join(changed))


def _differs(a: str, b: str) -> bool:
    """Directions are numbers as text, so that ``1.0`` and ``1`` agree."""
    x, y = number(a), number(b)
    return x != y if math.isfinite(x) and math.isfinite(y) else a != b


def _told(name: str, row: Mapping[str, str] | None) -> str:
    """A conclusion in words: of the average effect what its interval shows, else the answer and its grade."""
    if row is None:
        return _NOT_ASKED
    if name == _AVERAGE:
        return _DIRECTIONS.get(number(row.get("direction")), "not estimated")
    grade = f" (evidence: {row['grade']})" if row.get("grade") else ""
    return f"{row.get('answer', '')}{grade}"


def decisions(a: Run, b: Run) -> list[Decision]:
    """Every test that either run made, in A's order, then those that only B made."""
    was, now = (by_key(_named(run.tables["ledger"]), _TEST) for run in (a, b))
    return [
        _test(key, was.get(key, {}), now.get(key, {}))
        for key in [*was, *(key for key in now if key not in was)]
    ]


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """A global test is known by its name: what it is one of may be chosen anew, as the learner of BLP is."""
    if not {"of", "in_family"} <= set(table.columns):
        return table
    return table.assign(of=table["of"].where(table["in_family"] != "1", ""))


def _test(key: tuple[str, ...], a: Mapping[str, str], b: Mapping[str, str]) -> Decision:
    analysis, _, test, of, _ = key
    name = NAMES.get(test, test)
    values = [number(row.get(column)) for column in ("p", "p_holm") for row in (a, b)]
    in_family = "1" in (a.get("in_family"), b.get("in_family"))
    return Decision(analysis, f"{name}: {of}" if of else name, in_family, *values)
