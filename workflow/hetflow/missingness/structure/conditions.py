"""Conditions on one column, and conjunctions of them, in the words of the study file's expressions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hetflow.missingness.structure.predictors import Predictor
from hetflow.study.grammar import FUNCTIONS, KEYWORDS

BoolArray = NDArray[np.bool_]

_PLAIN = re.compile(r"[^\W\d][\w.]*")


@dataclass(frozen=True, slots=True)
class Literal:
    """A condition on one column; where the column is unknown it holds neither way.

    Attributes
    ----------
    predictor : Predictor
    levels : frozenset of int
        Levels for which it holds; empty for numbers.
    cut : float
        Numbers up to it; NaN for levels.
    above : bool
        Whether it holds above the cut instead.
    choices : float
        Natural logarithm of the number of conditions it was chosen from on this column.
    """

    predictor: Predictor
    levels: frozenset[int] = frozenset()
    cut: float = np.nan
    above: bool = False
    choices: float = 0.0

    def holds(self) -> BoolArray:
        """Where the condition is known to hold, shape (n,)."""
        if self.predictor.values is not None:
            values = self.predictor.values
            with np.errstate(invalid="ignore"):
                return values > self.cut if self.above else values <= self.cut
        return np.isin(self.predictor.codes, sorted(self.levels))

    def opposite(self) -> Literal:
        """The condition that holds where this one does not, the unknown apart."""
        others = frozenset(range(len(self.predictor.labels or ()))) - self.levels
        return Literal(self.predictor, others, self.cut, not self.above, self.choices)

    def text(self) -> str:
        """As an expression: ``Age <= 45``, ``Clinic in ['MN', 'NY']``."""
        name = quoted_name(self.predictor.name)
        if self.predictor.values is not None:
            cut = int(self.cut) if self.predictor.whole else self.cut
            return f"{name} {'>' if self.above else '<='} {cut!r}"
        labels = self.predictor.labels or ()
        inside = [labels[code] for code in sorted(self.levels)]
        outside = [label for code, label in enumerate(labels) if code not in self.levels]
        if len(inside) == 1:
            return f"{name} == {quoted_text(inside[0])}"
        if len(outside) == 1:
            return f"{name} != {quoted_text(outside[0])}"
        less, sign = (outside, "not in") if len(outside) < len(inside) else (inside, "in")
        return f"{name} {sign} [{', '.join(quoted_text(label) for label in less)}]"


def quoted_name(name: str) -> str:
    """A column's name in an expression: in backticks unless it is a plain word."""
    plain = _PLAIN.fullmatch(name) and name not in KEYWORDS and name not in FUNCTIONS
    return name if plain else "`" + name.replace("`", "``") + "`"


def quoted_text(text: str) -> str:
    """A level in an expression."""
    return "'" + text.replace("'", "''") + "'"


def all_hold(path: Sequence[Literal]) -> BoolArray:
    """Where every condition is known to hold, shape (n,)."""
    return np.logical_and.reduce([literal.holds() for literal in path])


def conjunction(path: Sequence[Literal]) -> str:
    """The conditions joined by ``and``, in the order of the columns' names."""
    return " and ".join(sorted(literal.text() for literal in path))


def disjunction(paths: Sequence[Sequence[Literal]]) -> str:
    """Conjunctions joined by ``or``; empty for none."""
    return _joined(sorted(conjunction(path) for path in paths), " and ", " or ")


def applies_elsewhere(paths: Sequence[Sequence[Literal]]) -> str:
    """The expression for `applicable_if`, if values do not exist where any of the conjunctions holds; empty where one
    speaks of arm, stratum or cluster, which `applicable_if` may not."""
    if not all(literal.predictor.covariate for path in paths for literal in path):
        return ""
    sides = [" or ".join(sorted(literal.opposite().text() for literal in path)) for path in paths]
    return _joined(sorted(sides), " or ", " and ")


def _joined(parts: Sequence[str], weak: str, sign: str) -> str:
    """Parts joined by a sign, in parentheses where they hold the other one."""
    several = len(parts) > 1
    return sign.join(f"({part})" if several and weak in part else part for part in parts)
