"""Rules that follow from a table's declaration alone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hetflow.publish.declared import EXTREME, NAME, TEXT, UNITS, Declared, Kinds, kind_of
from hetflow.publish.groups import thinned, without_small_groups
from hetflow.publish.log import Log

_QUANTILE = re.compile(r"q(0\.\d+)")
_EVERYBODY = ("all", "treated", "controls", "overlap")
"""Groups of an average, which are no parts of a whole."""
_WORDS = "units?|rows?|participants?|patients?|values?|cells?|events?|clusters?|women|men|people"
_NUMBER = r"\d{1,3}(?:[,\u202f]\d{3})+|\d+"
_NUMBERED = re.compile(
    rf"(?<![\w.,<\u202f])({_NUMBER})(?=(?:\s+of(?:\s+the)?\s+(?:{_NUMBER}))?(?:\s+[\w-]+){{0,2}}\s+(?:{_WORDS})\b)"
)


@dataclass(frozen=True, slots=True)
class Public:
    """What the public form of one analysis is made with.

    Attributes
    ----------
    threshold : int
        Counts of 1 to threshold - 1 are suppressed.
    rare : mapping of str to list of str
        Levels of few units, by covariate.
    log : Log
        What was suppressed is added to it.
    estimates : DataFrame
        The analysis' estimates in their public form.
    units : float
        Units of the analysis; NaN where it has no estimate of all.
    trees : bool
        Whether decision trees may be published.
    few_lost : bool
        Whether an arm lost few outcomes, so that numbers by arm of those with one are not published.
    """

    threshold: int
    rare: Mapping[str, Sequence[str]]
    log: Log
    estimates: pd.DataFrame
    units: float
    trees: bool = False
    few_lost: bool = False


def by_declaration(table: pd.DataFrame, declared: Declared, public: Public, where: str) -> pd.DataFrame:
    """A table without small groups and what tells them, small counts, extremes and rare levels.

    Parameters
    ----------
    table : DataFrame
    declared : Declared
    public : Public
    where : str
        What to call the table in the account.
    """
    kept = table
    if declared.label:
        total = _wholes(kept, declared, public)
        kept = without_small_groups(
            kept, declared.whole, declared.label, public.threshold, where, public.log, total
        )
    if declared.growing:
        kept = thinned(kept, declared.growing, public.threshold, where, public.log)
    kept = without_small_counts(kept, declared.of(UNITS), public, where)
    return without_levels(without_extremes(kept, declared, public, where), declared.of(NAME), public, where)


def _wholes(table: pd.DataFrame, declared: Declared, public: Public) -> np.ndarray | None:
    """Units of the whole of each row, where some of them may be in none of its groups.

    Sizes that are means over imputations miss the whole by half a unit a group, which is no group of its own; where a
    level of few units is known, it is.
    """
    if table.empty or not np.isfinite(public.units) or declared.label not in table or "n" not in table:
        return None
    keys = [name for name in declared.whole if name in table]
    groups = table.groupby(keys, dropna=False)["n"] if keys else None
    sums = groups.transform("sum") if groups is not None else pd.Series(table["n"].sum(), index=table.index)
    number = groups.transform("size") if groups is not None else pd.Series(len(table), index=table.index)
    several = table["imputations"] > 1 if "imputations" in table else pd.Series(False, index=table.index)
    rare = table["covariate"].isin(list(public.rare)) if "covariate" in table else False
    rounding = several & ~rare & ((public.units - sums).abs() <= number / 2)
    rounding |= table[declared.label].isin(_EVERYBODY)
    return np.where(rounding, sums, public.units).astype(float)


def without_small_counts(
    table: pd.DataFrame, columns: Sequence[str], public: Public, where: str
) -> pd.DataFrame:
    """Rows none of whose counts is small."""
    held = [name for name in columns if name in table and pd.api.types.is_numeric_dtype(table[name])]
    small = ((table[held] > 0) & (table[held] < public.threshold)).any(axis=1)
    if not held or not small.any():
        return table
    public.log.add(where, "small count", int(small.sum()))
    return table[~small].reset_index(drop=True)


def without_extremes(table: pd.DataFrame, declared: Declared, public: Public, where: str) -> pd.DataFrame:
    """The table with nothing where a minimum or maximum stood."""
    held = [name for name in declared.of(EXTREME) if name in table]
    if not held or table.empty:
        return table
    public.log.add(where, "order statistic", int(table[held].notna().to_numpy().sum()))
    return table.assign(**dict.fromkeys(held, np.nan))


def without_levels(table: pd.DataFrame, columns: Sequence[str], public: Public, where: str) -> pd.DataFrame:
    """Rows that name no rare level: as a term ``covariate=level``, or as a level beside its covariate."""
    terms = {f"{name}={level}" for name, levels in public.rare.items() for level in levels}
    held = [name for name in columns if name in table and not pd.api.types.is_numeric_dtype(table[name])]
    if table.empty or not terms or not held:
        return table
    named = table[held].isin(terms).any(axis=1)
    for covariate, level in (("covariate", "level"), ("first", "first_level"), ("second", "second_level")):
        if {covariate, level} <= set(table):
            named |= (table[covariate].astype(str) + "=" + table[level].astype(str)).isin(terms)
    public.log.add(where, "rare level", int(named.sum()))
    return table[~named].reset_index(drop=True)


def public_facts(facts: Any, declared: Kinds, public: Public, where: str, path: tuple[str, ...] = ()) -> Any:
    """Facts without extremes and quantiles beyond which few units lie, and with small numbers of units covered in their
    sentences.
    """
    if isinstance(facts, Mapping):
        told: dict[str, Any] = {}
        for key, inner in facts.items():
            own = (*path, str(key))
            if kind_of(own, declared) == EXTREME or _beyond(str(key), facts) < public.threshold:
                public.log.add(where, "order statistic", int(inner is not None))
                told[key] = None
            else:
                told[key] = public_facts(inner, declared, public, where, own)
        return told
    if isinstance(facts, list | tuple):
        return [public_facts(inner, declared, public, where, (*path, "*")) for inner in facts]
    if isinstance(facts, str) and kind_of(path, declared) == TEXT:
        return covered_text(facts, public, where)
    return facts


def _beyond(key: str, beside: Mapping[str, Any]) -> float:
    """How many units lie beyond a quantile, if the facts beside it say of how many units it is; infinity otherwise."""
    found, units = _QUANTILE.fullmatch(key), beside.get("units")
    if found is None or not isinstance(units, int | float):
        return math.inf
    q = float(found.group(1))
    return units * min(q, 1 - q)


def covered_text(text: str, public: Public, where: str) -> str:
    """A sentence with ``<10`` for every number of units from 1 to one less than the threshold."""

    def cover(found: re.Match[str]) -> str:
        if not 0 < int(re.sub(r"\D", "", found.group(1))) < public.threshold:
            return found.group(1)
        public.log.add(where, "small count")
        return f"<{public.threshold}"

    return _NUMBERED.sub(cover, text)
