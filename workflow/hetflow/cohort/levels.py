"""Levels of binary, ordinal and nominal columns: as declared or recognised, in the spelling of the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.values import MOST_SHOWN, PAIRS, as_number, refuse_where, same, text_of
from hetflow.errors import control_characters, refuse


def levels_of(series: pd.Series, kind: str, declared: Sequence[Any] | None, where: str) -> tuple[str, ...]:
    """Levels of a cleaned binary, ordinal or nominal column: as declared, or recognised.

    Raises
    ------
    Refused
        If a value is not among the declared levels, an ordinal column declares none, or a binary one has
        values that are no known pair (No/Yes, N/Y, False/True, 0/1).
    """
    observed = observed_levels(series)
    _refuse_control_characters(observed, where)
    if declared is not None:
        levels = tuple(_spelling(level, observed) for level in declared)
        _check_declared(series, levels, declared, kind, where)
        return levels
    if kind == "nominal":
        return tuple(observed)
    shown = ", ".join(observed[:10])
    if kind == "ordinal":
        refuse(
            where, "`levels` in ascending order", "none declared", f"write `levels: [...]`; found: {shown}"
        )
    pair = _known_pair(observed)
    if pair is None:
        expected = "two levels such as No and Yes, or 0 and 1"
        remedy = f"declare `levels: [{', '.join(observed)}]`, or the other way round: the first one counts 0"
        refuse(
            where,
            expected,
            shown or "no values",
            remedy
            if len(observed) == 2
            else "declare `levels: [...]`, the one that counts 0 and the one that counts 1",
        )
    return pair


def _refuse_control_characters(observed: Sequence[str], where: str) -> None:
    """Levels become labels of figures and tables, which cannot hold control characters."""
    strange = [text for text in observed if control_characters(text)]
    if strange:
        remedy = "remove them from the data file"
        refuse(where, "levels without control characters", ", ".join(map(repr, strange[:MOST_SHOWN])), remedy)


def _known_pair(observed: Sequence[str]) -> tuple[str, str] | None:
    """The pair (No/Yes, ...) that the observed levels belong to, in the spelling of the data."""
    found = {text.lower(): text for text in observed}
    for first, second in PAIRS:
        if found and set(found) <= {first, second} and len(found) == len(observed):
            return found.get(first, _like(first, observed)), found.get(second, _like(second, observed))
    return None


def observed_levels(series: pd.Series) -> list[str]:
    """Distinct values as texts, ascending: as numbers if all are numbers."""
    texts = {text_of(value) for value in series.dropna().unique()}
    numeric = {text: as_number(text) for text in texts}
    if texts and all(number is not None for number in numeric.values()):
        return sorted(texts, key=lambda text: (numeric[text], text))
    return sorted(texts)


def _like(word: str, observed: Sequence[str]) -> str:
    """The level of a pair that does not occur, in the spelling of the one that does."""
    if all(text.isupper() for text in observed):
        return word.upper()
    return word.capitalize() if any(text[0].isupper() for text in observed) else word


def _spelling(level: Any, observed: Sequence[str]) -> str:
    """A declared level in the spelling of the data, so that 1 and 1.0, false and No are one level."""
    hits = [text for text in observed if same(level, text)]
    if hits:
        return hits[0]
    if isinstance(level, bool):
        return _like("yes" if level else "no", observed or ["Yes"])
    return text_of(level)


def _check_declared(
    series: pd.Series, levels: tuple[str, ...], declared: Sequence[Any], kind: str, where: str
) -> None:
    if kind == "binary" and len(levels) != 2:
        refuse(where, "two levels for kind binary", str(len(levels)), "declare two, or make it nominal")
    if len(set(levels)) < len(levels):
        refuse(where, "each level once", ", ".join(map(str, declared)), "remove the repeated level")
    table = {text: any(same(level, text) for level in levels) for text in observed_levels(series)}
    wrong = np.array([value == value and value is not None and not table[text_of(value)] for value in series])
    refuse_where(
        wrong.astype(bool), series, where, f"one of the levels {', '.join(levels)}",
        "add the level, correct the value, or declare it under `missing`",
    )  # fmt: skip


def codes(series: pd.Series, levels: Sequence[str]) -> NDArray[np.float64]:
    """Positions in `levels`, from 0, NaN where missing."""
    table = {text: _position(text, levels) for text in observed_levels(series)}
    return np.array([np.nan if v is None or v != v else table[text_of(v)] for v in series], dtype=np.float64)


def labels(series: pd.Series, levels: Sequence[str]) -> NDArray[np.object_]:
    """Levels as declared, None where missing."""
    table = {text: levels[int(_position(text, levels))] for text in observed_levels(series)}
    found = np.empty(len(series), dtype=object)
    found[:] = [None if value is None or value != value else table[text_of(value)] for value in series]
    return found


def _position(text: str, levels: Sequence[str]) -> float:
    exact = [place for place, level in enumerate(levels) if level == text]
    alike = (place for place, level in enumerate(levels) if same(level, text))
    return float(exact[0] if exact else next(alike))
