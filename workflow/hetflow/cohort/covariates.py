"""Covariates and auxiliaries typed by the dictionary, cells that do not apply included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort import levels as spelt
from hetflow.cohort import values
from hetflow.cohort.applicability import applies_to
from hetflow.cohort.columns import Column
from hetflow.cohort.derive import order
from hetflow.cohort.dictionary import IN_COHORT, Entry, column_of
from hetflow.cohort.source import Source
from hetflow.errors import Problem, Refused, refuse
from hetflow.study.expressions import names, parse

#: A larger share of units that have a value although the condition says that they cannot: the condition is
#: wrong.
MOST_CONTRADICTED = 0.05
NOT_APPLICABLE = "not applicable"
_SMALL = 10


@dataclass(slots=True)
class Typed:
    """Typed columns of the cohort.

    Attributes
    ----------
    frame : dict of str to array
        By name: float64 with NaN, object with None for nominal columns; ``<name>__applies`` beside
        conditional ones.
    columns : dict of str to Column
        By name, sorted, so that the order of the file's columns changes nothing.
    reasons : dict
        Column to reason to the places, among the cohort's rows, of the cells that a declared code marked as missing.
    notices : list of str
    problems : list of Problem
    """

    frame: dict[str, NDArray[Any]] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    reasons: dict[str, dict[str, NDArray[np.intp]]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def type_covariates(source: Source, rows: NDArray[np.intp]) -> Typed:
    """Type all covariates and auxiliaries in the cohort's rows; problems are gathered, not raised."""
    typed = Typed()
    entries = {name: entry for name, entry in sorted(source.entries.items()) if entry.role in IN_COHORT}
    for entry in entries.values():
        try:
            _type_one(typed, source, entry, rows)
        except Refused as refused:
            typed.problems += refused.problems
    try:
        _apply_conditions(typed, entries)
    except Refused as refused:
        typed.problems += refused.problems
    return typed


def _type_one(typed: Typed, source: Source, entry: Entry, rows: NDArray[np.intp]) -> None:
    cleaned = source.clean(entry.name, rows)
    levels: tuple[str, ...] | None = None
    if entry.kind in ("continuous", "count"):
        how = values.numbers if entry.kind == "continuous" else values.counts
        array: NDArray[Any] = how(cleaned.series, entry.where)
    else:
        levels = spelt.levels_of(cleaned.series, str(entry.kind), entry.levels, entry.where)
        array = (spelt.labels if entry.kind == "nominal" else spelt.codes)(cleaned.series, levels)
    constant = _constant(entry, levels)
    typed.frame[entry.name] = array
    typed.columns[entry.name] = column_of(entry, levels, constant, entry.applicable_if)
    if cleaned.reasons:
        typed.reasons[entry.name] = cleaned.reasons


def _constant(entry: Entry, levels: tuple[str, ...] | None) -> float | str:
    """What stands in cells that do not apply, in the column's coding."""
    said = entry.not_applicable
    if entry.kind == "nominal":
        return NOT_APPLICABLE if said is None else values.text_of(said)
    if said is None:
        return 0.0
    text = values.text_of(said)
    for code, level in enumerate(levels or ()):
        if values.same(said, level):
            return float(code)
    number = values.as_number(text)
    if number is None or entry.kind == "binary":
        expected = f"one of the levels {', '.join(levels)}" if levels else "a number"
        refuse(f"{entry.where}.not_applicable", expected, repr(said), "correct the constant")
    return number


def _apply_conditions(typed: Typed, entries: Mapping[str, Entry]) -> None:
    """Settle to whom conditional columns apply, parents before children."""
    conditional = {name: str(e.applicable_if) for name, e in entries.items() if e.applicable_if is not None}
    for name in order(conditional, "dictionary"):
        if name not in typed.columns:
            continue
        try:
            _parents_known(name, conditional[name], typed, entries)
            _apply(typed, typed.columns[name])
        except Refused as refused:
            typed.problems += refused.problems


def _parents_known(name: str, text: str, typed: Typed, entries: Mapping[str, Entry]) -> None:
    unknown = sorted(parent for parent in names(parse(text)) if parent not in typed.columns)
    wrong = [parent for parent in unknown if parent not in entries]
    if wrong:
        refuse(
            f"dictionary: {name}.applicable_if",
            "a condition over covariates and auxiliaries, so that an unknown answer can be imputed first",
            f"{', '.join(wrong)}, which is neither",
            "give it the role covariate or auxiliary",
        )
    if unknown:
        raise Refused([])  # a parent could not be typed, and that has been said


def _apply(typed: Typed, column: Column) -> None:
    """Fill cells that do not apply with the constant.

    A value that was recorded stands, whatever the condition says: a few such contradictions are a notice,
    many refuse the condition.
    """
    array = typed.frame[column.name]
    holds = applies_to(pd.DataFrame(typed.frame), column, typed.columns)
    missing = pd.isna(array)
    excluded = holds == 0
    contradicted = excluded & ~missing & (array != column.not_applicable)
    share = contradicted.sum() / max(excluded.sum(), 1)
    if share > MOST_CONTRADICTED:
        refuse(
            f"dictionary: {column.name}.applicable_if",
            "no values where the column does not apply",
            f"values in {contradicted.sum()} of the {excluded.sum()} units "
            f"for which {column.applicable_if} is false",
            "correct the condition, or remove it",
        )
    if contradicted.any():
        typed.notices.append(
            f"{column.name}: {_count(int(contradicted.sum()))} recorded although {column.applicable_if} "
            "is false; the recorded values are kept"
        )
    recorded = ~missing & ~(excluded & ~contradicted)
    applies = np.where(recorded, 1.0, holds)
    filled = array.copy()
    filled[applies == 0] = column.not_applicable
    typed.frame[column.name] = filled
    typed.frame[column.applies] = applies


def _count(number: int) -> str:
    """A number of cells for a notice, which may leave the study: small ones are not told."""
    return f"fewer than {_SMALL} values" if number < _SMALL else f"{number} values"


def drop_constant(typed: Typed) -> dict[str, str]:
    """Remove columns that hold one value, as nothing can vary with them; return their names and why.

    A constant parent of a condition that some unit leaves open stays, since the condition reads it.
    """
    needed = {
        parent
        for column in typed.columns.values()
        if column.applicable_if is not None and np.isnan(typed.frame.get(column.applies, np.empty(0))).any()
        for parent in names(parse(column.applicable_if))
    }
    dropped: dict[str, str] = {}
    for name in list(typed.columns):
        observed = pd.unique(typed.frame[name][~pd.isna(typed.frame[name])])
        if len(observed) != 1 or name in needed:
            continue
        column = typed.columns.pop(name)
        dropped[name] = "constant"
        for gone in (name, column.applies):
            typed.frame.pop(gone, None)
        typed.notices.append(f"{name}: left out, since it has the same value in every unit where it is known")
    for name, column in typed.columns.items():
        if column.applicable_if is not None and not names(parse(column.applicable_if)) <= set(typed.columns):
            _settle(typed, replace(column), name)
    return dropped


def _settle(typed: Typed, column: Column, name: str) -> None:
    """A condition whose parent was constant holds for all: it is dropped with its column of ones."""
    if (typed.frame[column.applies] == 1).all():
        typed.frame.pop(column.applies)
        typed.columns[name] = replace(column, applicable_if=None)
