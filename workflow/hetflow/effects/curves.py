"""The effect along one covariate, and over the cells of two: smooth where it can be, by groups elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.effects.groups import group_effects
from hetflow.effects.linear import Vector, cluster_codes
from hetflow.effects.rules import NOT_APPLICABLE, Rule, membership, settle_rule
from hetflow.effects.scores import Scores
from hetflow.effects.smoothing import (
    ENDS,
    FEWEST,
    Smooth,
    bandwidth,
    local_linear,
    pooled_band,
    weighted_quantiles,
)
from hetflow.effects.table import Frame, rows
from hetflow.errors import refuse
from hetflow.seeds import generator

#: Points of a curve, groups of a covariate that takes too few values for one, and groups in a pair.
POINTS, BINS, PARTS = 31, 8, 3
#: A numeric covariate with fewer distinct observed values is shown by groups.
FEWEST_VALUES = 20
CURVE, GROUP = "curve", "group"
COLUMNS = ["covariate", "label", "unit", "kind", "x", "level", "n", "estimate", "se", "lower", "upper"]
COLUMNS += ["uniform_lower", "uniform_upper", "df", "critical", "bandwidth", "imputations", "target", "scale"]
CELLS = ["first", "second", "first_label", "second_label", "first_level", "second_level", "n", "estimate"]
CELLS += ["se", "lower", "upper", "df", "imputations", "target", "scale"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What displays read.

    Attributes
    ----------
    sets : sequence of Scores
        Units of positive weight; one for each imputation (the same one again where scores are shared).
    frames : sequence of DataFrame
        Completed covariates of the same units, one an imputation: the covariate side alone, which may be inference
        mode.
    columns : sequence of Column
    observed : DataFrame, optional
        Covariates before imputation, on which windows and groups are settled.
    confidence : float
    minimum : int
        Fewest units of a group or window that is told.
    target : str
        To which covariates effects refer.
    seed : int
    """

    sets: Sequence[Scores]
    frames: Sequence[pd.DataFrame]
    columns: Sequence[Column]
    observed: pd.DataFrame | None
    confidence: float
    minimum: int
    target: str
    seed: int

    def column(self, name: str) -> Column:
        """A covariate by name, refused by name where this analysis does not hold it completed."""
        found = {column.name: column for column in self.columns}.get(name)
        if found is None or any(frame[name].isna().any() for frame in self.frames):
            refuse(
                f"modifiers: {name}",
                "a covariate of this analysis, completed",
                "missing values, or no such column in this analysis",
                "use a strategy that imputes, or name another covariate",
            )
        return found

    def rule(self, name: str, terms: Mapping[str, Any]) -> Rule:
        """Groups by one covariate."""
        given = {"covariate": name} | dict(terms)
        return settle_rule(name, given, self.columns, self.frames, self.sets[0].weight, self.observed)


def display(evidence: Evidence, name: str) -> pd.DataFrame:
    """The effect along one covariate, `COLUMNS`; effects are treated minus control in outcome units.

    A numeric covariate of at least `FEWEST_VALUES` values: a local linear curve among those to whom it applies.
    Otherwise, and for those to whom it does not apply, means of groups. Groups and points with fewer units than the
    minimum are left out.

    Raises
    ------
    Refused
        If this analysis cannot show the covariate.
    """
    column = evidence.column(name)
    if _levelled(column):
        table = _groups(evidence, evidence.rule(name, {"levels": True}))
    elif len(np.unique(_known(evidence, column)[0])) < FEWEST_VALUES:
        table = _groups(evidence, evidence.rule(name, {"quantiles": BINS}))
    else:
        table = _curve(evidence, column)
        away = evidence.rule(name, {"quantiles": 2})
        if away.labels[-1] == NOT_APPLICABLE:
            others = _groups(evidence, away)
            table = pd.concat([table, others[others["level"] == NOT_APPLICABLE]], ignore_index=True)
    return table.assign(
        covariate=name,
        label=column.label or name,
        unit=column.unit,
        imputations=len(evidence.frames),
        target=evidence.target,
        scale="outcome",
    )[COLUMNS]


def cells(evidence: Evidence, first: str, second: str) -> pd.DataFrame:
    """Mean effects over the cells of two covariates, `CELLS`: thirds of a numeric one, levels of another.

    Cells with fewer units than the minimum in any imputation are left out, as are those without two clusters.

    Raises
    ------
    Refused
        If this analysis cannot show one of the covariates, or no cell is large enough.
    """
    rules = [_parted(evidence, name) for name in (first, second)]
    width = len(rules[1].labels)
    codes = [membership(rules[0], frame) * width + membership(rules[1], frame) for frame in evidence.frames]
    names = [(one, other) for one in rules[0].labels for other in rules[1].labels]
    table = _means(evidence, codes, [f"{one} and {other}" for one, other in names], f"{first} x {second}")
    labels = [rule.column.label or rule.column.name for rule in rules]
    place = table["place"].to_numpy()
    return table.assign(
        first=first,
        second=second,
        first_label=labels[0],
        second_label=labels[1],
        first_level=[names[cell][0] for cell in place],
        second_level=[names[cell][1] for cell in place],
        imputations=len(evidence.frames),
        target=evidence.target,
        scale="outcome",
    )[CELLS]


def _levelled(column: Column) -> bool:
    return column.levels is not None or column.kind == "nominal"


def _known(evidence: Evidence, column: Column) -> tuple[Vector, Vector]:
    """Values of those to whom it applies, as observed or, where those are not at hand, completed; their weights."""
    frame = evidence.frames[0] if evidence.observed is None else evidence.observed
    values = frame[column.name].to_numpy(dtype=np.float64)
    held = _applies(frame, column) & np.isfinite(values)
    return values[held], evidence.sets[0].weight[held]


def _applies(frame: pd.DataFrame, column: Column) -> NDArray[np.bool_]:
    if column.applies not in frame.columns:
        return np.ones(len(frame), dtype=bool)
    return frame[column.applies].to_numpy(dtype=np.float64) == 1


def _parted(evidence: Evidence, name: str) -> Rule:
    levelled = _levelled(evidence.column(name))
    return evidence.rule(name, {"levels": True} if levelled else {"quantiles": PARTS})


def _groups(evidence: Evidence, rule: Rule) -> pd.DataFrame:
    """Means of a rule's groups."""
    codes = [membership(rule, frame) for frame in evidence.frames]
    table = _means(evidence, codes, rule.labels, rule.name)
    centres = _centres(evidence, rule, codes)
    return table.assign(
        kind=GROUP,
        x=centres[table["place"].to_numpy()],
        level=[rule.labels[place] for place in table["place"]],
        uniform_lower=np.nan,
        uniform_upper=np.nan,
        critical=np.nan,
        bandwidth=np.nan,
    )


def _means(
    evidence: Evidence, codes: Sequence[NDArray[np.int64]], labels: Sequence[str], name: str
) -> pd.DataFrame:
    """Pooled means of those groups that are large enough in every imputation, with their `place` among the labels."""
    pairs = list(zip(evidence.sets, codes, strict=True))
    fewest = max(2, evidence.minimum)
    kept = [
        g for g in range(len(labels)) if all(_clusters(scores, code == g) >= fewest for scores, code in pairs)
    ]
    if not kept:
        refuse(f"modifiers: {name}", f"a group of at least {fewest} units", "none", "name other covariates")
    terms = []
    for scores, code in pairs:
        held = np.isin(code, kept)
        within = np.searchsorted(kept, code[held])
        terms.append(group_effects(scores.subset(held), within, [labels[g] for g in kept], "display", name))
    frame = Frame("", "", evidence.sets[0].contrast, evidence.confidence, False)
    table, _ = rows(terms, frame, evidence.target, len(evidence.frames))
    return table[["n", "estimate", "se", "lower", "upper", "df"]].assign(place=kept)


def _clusters(scores: Scores, held: NDArray[np.bool_]) -> int:
    return len(np.unique(scores.cluster[held]))


def _centres(evidence: Evidence, rule: Rule, codes: Sequence[NDArray[np.int64]]) -> Vector:
    """Mean of the covariate in each group; NaN for levels and where it does not apply."""
    centres = np.full(len(rule.labels), np.nan)
    if rule.cuts is None:
        return centres
    values = np.concatenate([frame[rule.column.name].to_numpy(dtype=np.float64) for frame in evidence.frames])
    code = np.concatenate(codes)
    for g, label in enumerate(rule.labels):
        if label != NOT_APPLICABLE and (code == g).any():
            centres[g] = values[code == g].mean()
    return centres


def _curve(evidence: Evidence, column: Column) -> pd.DataFrame:
    """A local linear curve on a grid that all imputations share."""
    known, weight = _known(evidence, column)
    half_width = bandwidth(known, weight)
    first, last = (float(value) for value in weighted_quantiles(known, weight, ENDS))
    points = np.linspace(first, last, POINTS)
    curves = [
        _smooth(scores, completed, column, points, half_width)
        for scores, completed in zip(evidence.sets, evidence.frames, strict=True)
    ]
    n = np.min([curve.n for curve in curves], axis=0)
    held = np.all([np.isfinite(curve.estimate) for curve in curves], axis=0) & (n >= evidence.minimum)
    if not held.any():
        refuse(
            f"modifiers: {column.name}",
            f"at least {FEWEST} units (or clusters) within some window of the covariate",
            f"{n.max()} at most",
            "name another covariate",
        )
    band = pooled_band(
        [_at(curve, held) for curve in curves],
        evidence.confidence,
        generator(evidence.seed, "modifiers", "band", column.name),
    )
    names = ("estimate", "se", "lower", "upper", "uniform_lower", "uniform_upper", "critical")
    table = pd.DataFrame({name: getattr(band, name) for name in names})
    df = np.where(np.isinf(band.df), np.nan, band.df)
    return table.assign(kind=CURVE, x=points[held], level="", n=n[held], df=df, bandwidth=half_width)


def _smooth(
    scores: Scores, completed: pd.DataFrame, column: Column, points: Vector, half_width: float
) -> Smooth:
    applied = _applies(completed, column)
    own = scores.subset(applied)
    x = completed[column.name].to_numpy(dtype=np.float64)[applied]
    return local_linear(own.score, x, own.weight, cluster_codes(own.cluster), points, half_width)


def _at(curve: Smooth, held: NDArray[np.bool_]) -> Smooth:
    covariance = curve.covariance[np.ix_(held, held)]
    return Smooth(curve.estimate[held], covariance, curve.n[held], curve.clusters[held])
