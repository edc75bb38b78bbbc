"""Texts that expressions compare columns with: one that no unit has is a slip of spelling, and is refused.

`Smoking != 'Current'` would keep everybody where the file says `current`, and nothing else would tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from hetflow.cohort.covariates import NOT_APPLICABLE
from hetflow.cohort.dictionary import IN_COHORT
from hetflow.cohort.source import Source
from hetflow.cohort.values import same, text_of
from hetflow.errors import Problem, close_names
from hetflow.study.expressions import Expression, parse, parts
from hetflow.study.nodes import Membership, Name, Operation, Text

_MOST_VALUES = 10  # named in a message


def text_problems(source: Source, settings: Mapping[str, Any]) -> list[Problem]:
    """Texts in the study's expressions that are no value of the column with which they are compared.

    Parameters
    ----------
    source : Source
        The file's columns and the derived ones.
    settings : mapping
        The cohort's slice of the study.
    """
    problems: dict[tuple[str, str, str], Problem] = {}
    for where, text in _expressions(source, settings):
        for column, value in _compared(parse(text)):
            known = _values(source, column)
            if known and not any(same(one, value) for one in known):
                shown = list(dict.fromkeys(map(text_of, known)))
                problems.setdefault((text, column, value), _problem(where, column, value, shown))
    return list(problems.values())


def _expressions(source: Source, settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every expression over columns, with its key in the study file."""
    for name, entry in (settings.get("derived") or {}).items():
        yield f"derived.{name}.expression", str(entry["expression"])
    for number, rule in enumerate(settings.get("eligibility") or []):
        yield f"eligibility: rule {number + 1} ({rule['label']})", str(rule["expression"])
    for name, outcome in settings["outcomes"].items():
        if outcome.get("expression"):
            yield f"outcomes: {name}.expression", str(outcome["expression"])
    for name, entry in source.entries.items():
        if entry.applicable_if is not None and entry.role in IN_COHORT:
            yield f"dictionary: {name}.applicable_if", entry.applicable_if


def _compared(node: Expression) -> Iterator[tuple[str, str]]:
    """Columns and the texts that they are compared with."""
    if isinstance(node, Membership) and isinstance(node.operand, Name):
        yield from ((node.operand.name, one.value) for one in node.values if isinstance(one, Text))
    if isinstance(node, Operation) and node.operator in ("==", "!="):
        for one, other in (node.operands, node.operands[::-1]):
            if isinstance(one, Name) and isinstance(other, Text):
                yield one.name, other.value
    for part in parts(node):
        yield from _compared(part)


def _values(source: Source, column: str) -> list[Any]:
    """What a column of texts holds or may hold by the dictionary; nothing for one of numbers, or without values."""
    series = source.natural(column)
    if pd.api.types.is_numeric_dtype(series.dtype) or not series.notna().any():
        return []
    held: list[Any] = sorted({text_of(value) for value in series.dropna().unique()})
    entry = source.entries.get(column)
    if entry is None:
        return held
    constant = [NOT_APPLICABLE, entry.not_applicable] if entry.applicable_if is not None else []
    return held + [level for level in (*(entry.levels or ()), *constant) if level is not None]


def _problem(where: str, column: str, value: str, known: list[str]) -> Problem:
    close = close_names(value, known)
    shown = ", ".join(map(repr, known[:_MOST_VALUES])) + (", ..." if len(known) > _MOST_VALUES else "")
    if close:
        remedy = f"did you mean {' or '.join(map(repr, close))}?"
    else:
        remedy = "correct the text; if no unit has it yet, declare it among the column's `levels` in the dictionary"
    return Problem(where, f"a value of {column}: {shown}", repr(value), remedy)
