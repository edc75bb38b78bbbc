"""Patients who are not in the study, typed by the study's dictionary and checked as its own units were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pandas as pd

from hetflow.cohort.columns import Column
from hetflow.cohort.covariates import type_covariates
from hetflow.cohort.derive import derive
from hetflow.cohort.dictionary import resolve
from hetflow.cohort.source import Source
from hetflow.errors import Problem, refuse_all
from hetflow.study.expressions import names, parse


def type_new_units(
    raw: pd.DataFrame,
    settings: Mapping[str, Any],
    columns: Sequence[Column],
    where: str,
    *,
    helpers: bool = False,
) -> pd.DataFrame:
    """A typed frame of new units.

    Parameters
    ----------
    raw : DataFrame
        From `hetflow.cohort.readers.read_raw`; arm, outcomes and identifier need not be in it.
    settings : mapping
        The cohort's slice of the study.
    columns : sequence of Column
        The columns of the study's cohort; their levels are the only ones known.
    where : str
        The file, for messages.
    helpers : bool
        Whether auxiliary columns of baseline that the file holds are typed too; they help to impute.

    Returns
    -------
    DataFrame, shape (m, ...)
        ``unit`` (row of the file, from 0), the covariates and the columns that their conditions read, coded as in
        the study's cohort.

    Raises
    ------
    Refused
        If columns are missing, or values are none that the dictionary knows.
    """
    header = [str(name) for name in raw.columns]
    found = settings.get("derived") or {}
    wanted = _wanted(columns, _helpers(columns, found, header) if helpers else ())
    derived = _derived(found, wanted)
    needed = _needed(wanted, derived)
    refuse_all(absent_columns(needed, header, where))
    entries = resolve(_dictionary(settings["dictionary"], [*needed, *derived]), sorted(needed), derived)
    for name, column in wanted.items():
        levels = entries[name].levels if column.levels is None else column.levels
        entries[name] = replace(entries[name], levels=levels)
    kept = {
        name: entry if name in wanted else replace(entry, role="ignore") for name, entry in entries.items()
    }
    source = Source(raw[sorted(needed)], kept, settings["data"].get("missing_codes") or [])
    derive(source, derived)
    typed = type_covariates(source, np.arange(len(raw)))
    refuse_all([replace(problem, where=f"{where}: {problem.where}") for problem in typed.problems])
    frame: dict[str, Any] = {"unit": np.arange(len(raw), dtype=np.int64)}
    for name, column in wanted.items():
        frame[name] = _as_studied(typed.frame[name], typed.columns[name], column)
        if column.applicable_if is not None:
            frame[column.applies] = typed.frame[column.applies]
    return pd.DataFrame({name: pd.Series(values, dtype=values.dtype) for name, values in frame.items()})


def needed_columns(columns: Sequence[Column], derived: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Columns that a file of new units must hold: covariates, what their conditions and what derived columns read."""
    wanted = _wanted(columns)
    return _needed(wanted, _derived(derived, wanted))


def absent_columns(needed: Iterable[str], header: Sequence[str], where: str) -> list[Problem]:
    """One problem a needed column that the file's header lacks."""
    return [
        Problem(where, "every column that the study's covariates need", f"no column {name}", "add the column")
        for name in sorted(set(needed) - set(header))
    ]


def _needed(wanted: Iterable[str], derived: Mapping[str, Mapping[str, Any]]) -> set[str]:
    read = {name for entry in derived.values() for name in names(parse(str(entry["expression"])))}
    return (set(wanted) | read) - set(derived)


def _helpers(
    columns: Sequence[Column], derived: Mapping[str, Mapping[str, Any]], header: Sequence[str]
) -> list[str]:
    """Auxiliary columns of baseline for which the file holds all that is needed."""
    auxiliary = [column for column in columns if column.role == "auxiliary" and column.visit == 0]
    found = []
    for column in auxiliary:
        own = _wanted(columns, [column.name])
        if _needed(own, _derived(derived, own)) <= set(header):
            found.append(column.name)
    return found


def _wanted(columns: Sequence[Column], more: Sequence[str] = ()) -> dict[str, Column]:
    """Covariates, further columns, and the columns that say to whom they apply."""
    by_name = {column.name: column for column in columns}
    found: dict[str, Column] = {}
    waiting = [column.name for column in columns if column.role == "covariate"] + list(more)
    while waiting:
        column = by_name[waiting.pop()]
        found[column.name] = column
        if column.applicable_if is not None:
            waiting += [name for name in names(parse(column.applicable_if)) if name not in found]
    return dict(sorted(found.items()))


def _derived(derived: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, Column]) -> dict[str, Any]:
    """Derived columns among the wanted ones, and those that they read."""
    found: dict[str, Any] = {}
    waiting = [name for name in wanted if name in derived]
    while waiting:
        name = waiting.pop()
        found[name] = derived[name]
        read = names(parse(str(derived[name]["expression"])))
        waiting += [other for other in sorted(read) if other in derived and other not in found]
    return found


def _dictionary(dictionary: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    """Entries that match one of the columns; the others speak of columns that new units need not have."""
    return {
        key: dict(entry)
        for key, entry in dictionary.items()
        if any(name == key or fnmatchcase(name, key) for name in known)
    }


def _as_studied(values: Any, typed: Column, studied: Column) -> Any:
    """Nominal values in the spelling of the study's levels; other columns are codes and numbers already."""
    if studied.kind != "nominal":
        return values
    spelling = dict(zip(typed.levels or (), studied.levels or (), strict=True))
    return np.array([spelling.get(value, value) for value in values], dtype=object)
