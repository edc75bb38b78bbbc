"""Groups fixed by a rule in one covariate: cut points are settled once, membership is told per completed
data set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.effects.groups import group_differences, group_effects, weighted_cuts
from hetflow.effects.linear import Vector
from hetflow.effects.scores import Scores
from hetflow.effects.terms import Terms
from hetflow.errors import refuse

NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its groups settled.

    Attributes
    ----------
    name : str
    column : Column
        The covariate.
    cuts : ndarray, optional
        Ascending; a value equal to a cut belongs to the lower group. None for groups by level.
    values : tuple, optional
        For groups by level: the value of each group, as stored in the frame.
    labels : tuple of str
        Names of the groups; `NOT_APPLICABLE` comes last where the covariate does not apply to all.
    """

    name: str
    column: Column
    cuts: Vector | None
    values: tuple[float | str, ...] | None
    labels: tuple[str, ...]


def settle_rule(
    name: str,
    terms: Mapping[str, Any],
    columns: Sequence[Column],
    frames: Sequence[pd.DataFrame],
    weight: Vector,
    observed: pd.DataFrame | None = None,
) -> Rule:
    """Settle a rule's groups on the data that all imputations share.

    Parameters
    ----------
    name : str
    terms : mapping
        ``covariate`` and one of ``quantiles``, ``cuts``, ``levels``.
    columns : sequence of Column
    frames : sequence of DataFrame, n rows each
        Completed covariates of the scored units.
    weight : ndarray, shape (n,)
    observed : DataFrame, n rows, optional
        The covariates before imputation, on which quantiles are then cut; otherwise they are cut on the
        completed frames pooled.

    Raises
    ------
    Refused
        If the covariate is unknown, incomplete or of a kind that does not suit, or fewer than two groups
        result.
    """
    where = f"estimates.rules.{name}"
    column = _column(terms["covariate"], columns, frames, where)
    if terms.get("levels"):
        return _level_rule(name, column, frames, weight, where)
    if column.kind == "nominal":
        refuse(where, "`levels: true` for a nominal covariate", "cut points", "set `levels: true`")
    if terms.get("cuts"):
        cuts = np.asarray(terms["cuts"], dtype=np.float64)
    else:
        cuts = _quantile_cuts(column, int(terms["quantiles"]), frames, weight, observed)
    if cuts.size == 0:
        refuse(
            where,
            "at least two groups",
            f"one value of {column.name} for nearly all",
            "choose other cut points",
        )
    labels = _interval_labels(cuts)
    if any((_applies(frame, column) == 0).any() for frame in frames):
        labels = (*labels, NOT_APPLICABLE)
    return Rule(name, column, cuts, None, labels)


def membership(rule: Rule, frame: pd.DataFrame) -> NDArray[np.int64]:
    """Group of each unit of one completed data set, an index of ``rule.labels``, shape (n,).

    Raises
    ------
    Refused
        If a unit is in none of the groups.
    """
    values = frame[rule.column.name]
    if rule.cuts is not None:
        codes = np.searchsorted(rule.cuts, values.to_numpy(dtype=np.float64), side="left").astype(np.int64)
    else:
        found = _values(values, rule.column)
        codes = np.full(len(frame), -1, dtype=np.int64)
        for g, value in enumerate(rule.values or ()):
            codes[found == value] = g
    if rule.labels[-1] == NOT_APPLICABLE:
        codes[_applies(frame, rule.column) == 0] = len(rule.labels) - 1
    if (codes < 0).any():
        refuse(
            f"estimates.rules.{rule.name}",
            f"a group for every value of {rule.column.name}",
            f"{int((codes < 0).sum())} units in a level that not all imputations hold",
            "merge this level with another in the dictionary",
        )
    return codes


def rule_groups(scores: Scores, frame: pd.DataFrame, rule: Rule) -> list[Terms]:
    """Effects of a rule's groups and their differences.

    Of ordered groups the highest minus the lowest; of a nominal covariate's levels each minus the first.
    """
    effects = group_effects(scores, membership(rule, frame), rule.labels, "rule_groups", rule.name)
    pairs = difference_pairs(rule)
    return [effects, group_differences(effects, pairs, tested=True)] if pairs else [effects]


def difference_pairs(rule: Rule) -> list[tuple[int, int]]:
    """Which groups of a rule are compared, first minus second; none where all but one do not apply."""
    last = len(rule.labels) - (rule.labels[-1] == NOT_APPLICABLE)
    if last < 2:
        return []
    nominal = rule.values is not None and rule.column.kind == "nominal"
    return [(g, 0) for g in range(1, last)] if nominal else [(last - 1, 0)]


def _column(name: str, columns: Sequence[Column], frames: Sequence[pd.DataFrame], where: str) -> Column:
    known = {column.name: column for column in columns}
    if name not in known:
        refuse(where, "a covariate of the study", repr(name), "correct the name")
    for frame in frames:
        if name not in frame.columns or bool(frame[name].isna().any()):
            refuse(
                where,
                f"completed values of {name}",
                "missing values, or no such column in this analysis",
                "use a strategy that imputes, or leave this rule out",
            )
    return known[name]


def _quantile_cuts(
    column: Column, groups: int, frames: Sequence[pd.DataFrame], weight: Vector, observed: pd.DataFrame | None
) -> Vector:
    sources = frames if observed is None else [observed]
    values = np.concatenate([frame[column.name].to_numpy(dtype=np.float64) for frame in sources])
    applies = np.concatenate([_applies(frame, column) for frame in sources])
    usable = np.isfinite(values) & (applies == 1)
    return (
        weighted_cuts(values[usable], np.tile(weight, len(sources))[usable], groups)
        if usable.any()
        else values[:0]
    )


def _level_rule(
    name: str, column: Column, frames: Sequence[pd.DataFrame], weight: Vector, where: str
) -> Rule:
    if column.levels is None:
        refuse(
            where,
            "a binary, ordinal or nominal covariate for `levels`",
            column.kind,
            "give `cuts` or `quantiles`",
        )
    pairs: list[tuple[float | str, str]]
    if column.kind == "nominal":
        pairs = [(level, level) for level in column.levels]
        if column.applicable_if is not None and str(column.not_applicable) not in column.levels:
            pairs.append((str(column.not_applicable), NOT_APPLICABLE))
    else:
        pairs = [(float(code), level) for code, level in enumerate(column.levels)]
    held = weight > 0
    applicable = [held & (_applies(frame, column) == 1) for frame in frames]
    rows = [held] * len(frames) if column.kind == "nominal" else applicable
    present = [
        pair
        for pair in pairs
        if all(
            (_values(frame[column.name], column)[r] == pair[0]).any()
            for frame, r in zip(frames, rows, strict=True)
        )
    ]
    labels = [label for _, label in present]
    if column.kind != "nominal" and any((_applies(frame, column) == 0).any() for frame in frames):
        labels.append(NOT_APPLICABLE)
    if len(labels) < 2:
        refuse(where, "at least two levels among the units", str(labels), "leave this rule out")
    return Rule(name, column, None, tuple(value for value, _ in present), tuple(labels))


def _applies(frame: pd.DataFrame, column: Column) -> Vector:
    if column.applies not in frame.columns:
        return np.ones(len(frame))
    return frame[column.applies].to_numpy(dtype=np.float64)


def _values(values: pd.Series, column: Column) -> NDArray[Any]:
    if column.kind == "nominal":
        return values.astype(object).to_numpy()
    return values.to_numpy(dtype=np.float64)


def _interval_labels(cuts: Vector) -> tuple[str, ...]:
    texts = [f"{cut:.6g}" for cut in cuts]
    if len(set(texts)) < len(texts):
        texts = [repr(float(cut)) for cut in cuts]
    middle = [f"({low}, {high}]" for low, high in pairwise(texts)]
    return (f"<= {texts[0]}", *middle, f"> {texts[-1]}")
