"""A first draft of a data dictionary, guessed from a data file for a person to correct."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from hetflow.cohort.levels import observed_levels
from hetflow.cohort.readers import read_raw
from hetflow.cohort.values import as_number, clean, natural, text_of
from hetflow.errors import plain

_TOKENS = ("", ".", "NA", "N/A", "na", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A", "?", "-")
_CODES = (-9, -99, -999, -9999, -8, -88, -7, -77, -1, 9, 99, 999, 9999, 8, 88, 888, 7, 77, 777)
_MOST_LEVELS = 20
_MOST_ORDERED = 7
_FAR = 3.0  # interquartile ranges between a code that means missing and the values
_SMALLEST_BLOCK = 3


def draft(path: str | Path, settings: Mapping[str, Any] | None = None) -> str:
    """A study file's sections ``data`` and ``dictionary`` as YAML text, with the reasons for doubt as
    comments.

    Parameters
    ----------
    path : str or Path
        The data file.
    settings : mapping, optional
        As for `hetflow.cohort.readers.read_raw`.
    """
    return draft_frame(read_raw(path, settings), str(path), settings)


def draft_frame(raw: pd.DataFrame, file: str, settings: Mapping[str, Any] | None = None) -> str:
    """As `draft`, from a frame that has been read."""
    tokens = missing_tokens(raw)
    columns = {str(name): natural(clean(raw[name], tokens).series) for name in raw.columns}
    unit = likely_unit(columns)
    arms = [name for name in likely_treatments(columns) if name != unit]
    blocks = blocks_of(columns)
    lines = [
        f"# Drafted from {plain(Path(file).name)}: {len(raw)} rows, {len(columns)} columns. Every line is a guess.",
        "# Set role: ignore, or the visit, for whatever was recorded after treatment was assigned.",
        f"# Columns that could be the treatment (two values, complete): {plain(', '.join(arms)) or 'none found'}.",
        "data:",
        f"  file: {_yaml(file)}",
        f"  unit: {_yaml(unit)}"
        if unit
        else "  unit: ''  # none found: name the column that identifies a patient",
        *(f"  {key}: {_yaml(value)}" for key, value in (settings or {}).items()),
        f"  missing_codes: {_yaml(tokens)}",
        "dictionary:",
    ]
    for name, series in columns.items():
        attributes, doubt = guess(series)
        if name == unit:
            attributes, doubt = {"role": "unit"}, ""
        elif name in blocks:
            attributes["block"] = blocks[name]
        comment = f"  # {doubt}" if doubt else ""
        lines.append(f"  {_yaml(name)}: {_yaml(attributes)}{comment}")
    return "\n".join(lines) + "\n"


def missing_tokens(raw: pd.DataFrame) -> list[str]:
    """Texts that mean missing by custom, where they occur; the empty text always."""
    found = {""}
    for name in raw.columns:
        if not pd.api.types.is_numeric_dtype(raw[name].dtype):
            found |= {text_of(value) for value in raw[name].dropna().unique()} & set(_TOKENS)
    return [token for token in _TOKENS if token in found]


def likely_unit(columns: Mapping[str, pd.Series]) -> str | None:
    """The first complete column without repeats, whole numbers or text."""
    for name, series in columns.items():
        whole = not pd.api.types.is_numeric_dtype(series.dtype) or bool((series == np.floor(series)).all())
        if series.notna().all() and series.is_unique and whole:
            return name
    return None


def likely_treatments(columns: Mapping[str, pd.Series]) -> list[str]:
    """Complete columns with two values, the rarer in at least a fifth of the rows; the most even first."""
    shares = {
        name: float(series.value_counts(normalize=True).min())
        for name, series in columns.items()
        if series.notna().all() and series.nunique() == 2
    }
    even = [name for name, share in shares.items() if share >= 0.2]
    return sorted(even, key=lambda name: -shares[name])[:5]


def blocks_of(columns: Mapping[str, pd.Series]) -> dict[str, str]:
    """Columns that are missing in the same rows, three or more together: name to name of the block."""
    masks: dict[bytes, list[str]] = {}
    for name, series in columns.items():
        missing = series.isna().to_numpy()
        if missing.any() and not missing.all():
            masks.setdefault(missing.tobytes(), []).append(name)
    together = [names for names in masks.values() if len(names) >= _SMALLEST_BLOCK]
    return {name: f"block_{number}" for number, names in enumerate(together, 1) for name in names}


def guess(series: pd.Series) -> tuple[dict[str, Any], str]:
    """Attributes of a column, and a reason to doubt them (empty if there is none)."""
    observed = series.dropna()
    levels = observed_levels(observed)
    if len(levels) < 2:
        return {"role": "ignore"}, "the same value everywhere" if levels else "no value at all"
    numeric = pd.api.types.is_numeric_dtype(series.dtype)
    if len(levels) == 2:
        return {"role": "covariate", "kind": "binary", "levels": _plain(levels)}, ""
    if not numeric:
        if len(levels) > _MOST_LEVELS:
            return {"role": "ignore"}, _why_text(levels)
        return {"role": "covariate", "kind": "nominal", "levels": levels}, "nominal, or ordinal?"
    codes = suspicious_codes(observed)
    doubt = f"does {' or '.join(codes)} mean missing?" if codes else ""
    whole = bool((observed == np.floor(observed)).all())
    if whole and len(levels) <= _MOST_ORDERED:
        return {
            "role": "covariate",
            "kind": "ordinal",
            "levels": _plain(levels),
        }, doubt or "ordinal, or nominal?"
    kind = "count" if whole and observed.min() in (0, 1) and observed.max() < 1000 else "continuous"
    return {"role": "covariate", "kind": kind}, doubt


def _why_text(levels: list[str]) -> str:
    """What a column of many texts may be: numbers but for a few, or not."""
    other = [level for level in levels if as_number(level) is None]
    if len(other) < len(levels) / 2:
        return f"numbers but for {', '.join(map(repr, other[:3]))}: what do they stand for?"
    return f"text with {len(levels)} different values, for instance {levels[0]!r}"


def suspicious_codes(observed: pd.Series) -> list[str]:
    """Customary codes for missing (99, -9, ...) that lie far from the other values."""
    rest = observed[~observed.isin(_CODES)]
    if rest.empty:
        return []
    lower, upper = (float(quartile) for quartile in np.quantile(rest.to_numpy(dtype=float), (0.25, 0.75)))
    reach = _FAR * max(upper - lower, 1.0)
    values = set(observed.unique())
    found = sorted(code for code in _CODES if code in values and not {code - 1, code + 1} & values)
    high = max(float(rest.max()), upper + reach)
    return [str(code) for code in found if code > high or code < min(float(rest.min()), 0.0)]


def _plain(levels: list[str]) -> list[Any]:
    """Levels as numbers where all are whole numbers, for shorter YAML."""
    numbers = [as_number(level) for level in levels]
    whole = all(number is not None and number.is_integer() for number in numbers)
    return [int(number) for number in numbers if number is not None] if whole else levels


class _Dumper(yaml.SafeDumper):
    """YAML on one line: text with line ends and the like is written with escapes."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = None if value.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _yaml(value: Any) -> str:
    text = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, width=10**6, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("...\n").strip()
