"""A last look at every file before it is published: no identifier, no rare level, no array of units."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from hetflow.errors import Problem, refuse_all

_WORD = re.compile(r"[A-Za-z0-9_.\-]+")
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
#: Signs of an identifier that is no common word or number: such a one is looked for as a whole word.
_SHORTEST_NAME, _SHORTEST_NUMBER = 4, 6
#: Significant digits from which a number is its unit's own, and how many of them in one file are an array.
_OWN_DIGITS, _ARRAY = 7, 5
_OUR_OWN = re.compile(r"workflow/|envs/|Snakefile|LICENSE|manifest\.json|SHA256SUMS")


def refuse_units(
    files: Mapping[str, bytes],
    identifiers: Iterable[str],
    rare: Mapping[str, list[str]],
    units: Iterable[pd.DataFrame],
) -> None:
    """Refuse to publish files in which units can be found.

    Parameters
    ----------
    files : mapping of str to bytes
        Text files by name. Source and hashes hold nothing of the data and are passed over.
    identifiers : iterable of str
        Identifiers of the units in the raw file.
    rare : mapping of str to list of str
        Levels of few units, by covariate.
    units : iterable of DataFrame
        Tables with one row a unit.

    Raises
    ------
    hetflow.errors.Refused
        With every file and what was found in it; what was found is counted, never quoted.
    """
    texts = {name: content.decode("utf-8") for name, content in files.items() if not _OUR_OWN.match(name)}
    problems = [*_named(texts, set(identifiers)), *_levels(texts, rare), *_arrays(texts, own_numbers(units))]
    refuse_all(problems)


def refuse_named(files: Mapping[str, bytes], identifiers: Iterable[str], unit: str) -> None:
    """Refuse to publish settings or an analysis plan in which somebody typed an identifier.

    An identifier that could be any word or number counts where the same text names the identifiers' column, as in the
    eligibility rule ``id != 1043``.

    Parameters
    ----------
    files : mapping of str to bytes
        Settings and the frozen plan, by name.
    identifiers : iterable of str
        Identifiers of the units in the raw file.
    unit : str
        Their column.

    Raises
    ------
    hetflow.errors.Refused
        With every file; what was found is counted, never quoted.
    """
    known = set(identifiers)
    texts = {name: content.decode("utf-8") for name, content in files.items()}
    problems = {problem.where: problem for problem in _named(texts, known)}
    for name, text in texts.items():
        said = _strings(json.loads(text)) if name.endswith(".json") else ()
        found = {word for one in said if unit in (words := set(_WORD.findall(one))) for word in words & known}
        if found - {unit} and f"crate/{name}" not in problems:
            problems[f"crate/{name}"] = _identifier_problem(name, len(found - {unit}))
    refuse_all(list(problems.values()))


def _strings(value: Any) -> Iterator[str]:
    """Every text of a JSON document, keys included."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value


def _identifier_problem(file: str, number: int) -> Problem:
    return Problem(
        f"crate/{file}",
        "no identifier of a unit",
        f"{number} of the raw file's identifiers",
        "remove them from the study file: a unit is left out by a column of the data file that says why, never by its "
        "identifier; if they stand nowhere there, report a defect of hetflow",
    )


def _named(texts: Mapping[str, str], identifiers: set[str]) -> Iterator[Problem]:
    telling = {name for name in identifiers if _telling(name)}
    odd = {name for name in telling if not _WORD.fullmatch(name)}
    for file, text in texts.items():
        found = telling & set(_WORD.findall(text)) | {name for name in odd if name in text}
        if found:
            yield _identifier_problem(file, len(found))


def _telling(name: str) -> bool:
    """Whether an identifier can be told from any other word or number of a report."""
    if name.isdigit():
        return len(name) >= _SHORTEST_NUMBER
    return len(name) >= _SHORTEST_NAME and any(sign.isdigit() for sign in name)


def _levels(texts: Mapping[str, str], rare: Mapping[str, list[str]]) -> Iterator[Problem]:
    for covariate, levels in rare.items():
        telling = [level for level in levels if len(level) >= _SHORTEST_NAME and not level.isdigit()]
        for file, text in texts.items():
            found = [level for level in telling if re.search(rf"(?<!\w){re.escape(level)}(?!\w)", text)]
            if found:
                yield Problem(
                    f"crate/{file}",
                    f"no level of {covariate} that fewer units than the threshold have",
                    f"{len(found)} such levels",
                    f"put rare levels of {covariate} together with a column under `derived`",
                )


def own_numbers(units: Iterable[pd.DataFrame]) -> set[float]:
    """Numbers of at least seven significant digits in tables of units, such as predicted effects and scores."""
    found: set[float] = set()
    for table in units:
        for name in table.select_dtypes("float"):
            values = table[name].dropna().to_numpy(dtype=np.float64)
            found |= {value for value in np.unique(values).tolist() if _digits(repr(value)) >= _OWN_DIGITS}
    return found


def _digits(text: str) -> int:
    return len(text.split("e")[0].replace(".", "").lstrip("-0"))


def _arrays(texts: Mapping[str, str], own: set[float]) -> Iterator[Problem]:
    for file, text in texts.items():
        numbers = {float(word) for word in _NUMBER.findall(text) if _digits(word) >= _OWN_DIGITS}
        if len(numbers & own) >= _ARRAY:
            yield Problem(
                f"crate/{file}",
                "aggregated figures alone",
                f"{len(numbers & own)} numbers that are each one unit's own",
                "this is a defect of hetflow; nothing was published",
            )
