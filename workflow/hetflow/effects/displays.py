"""Effects along one covariate, aggregated: what the report draws without showing a unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hetflow.cohort.columns import Column
from hetflow.effects.checks import aligned
from hetflow.effects.groups import group_effects
from hetflow.effects.rules import Rule, membership, settle_rule
from hetflow.effects.scores import Scores
from hetflow.effects.table import Frame, rows
from hetflow.errors import Refused

#: Bins of a numeric covariate: eighths of some 700 units leave about 90 a bin, enough for a standard error.
BINS = 8
COLUMNS = [
    "covariate",
    "label",
    "unit",
    "bin",
    "x",
    "level",
    "n",
    "estimate",
    "se",
    "lower",
    "upper",
    "imputations",
]


def displays(
    score_sets: Sequence[Scores],
    completions: Sequence[pd.DataFrame],
    columns: Sequence[Column],
    names: Sequence[str],
    settings: Mapping[str, Any],
    observed: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Mean effect in bins (or levels) of each named covariate, pooled over imputations.

    Parameters
    ----------
    score_sets : sequence of Scores
        One, shared by all imputations, or one an imputation.
    completions : sequence of DataFrame
        Completed covariates with `unit`.
    columns : sequence of Column
    names : sequence of str
        Covariates to display.
    settings : mapping
        ``confidence`` and ``randomised``.
    observed : DataFrame, optional
        Covariates before imputation, on which bins are cut.

    Returns
    -------
    table : DataFrame
        `COLUMNS`; effects are treated minus control in outcome units, x is the mean of the covariate in the bin.
    notices : list of str
        Covariates that could not be displayed, and why.
    """
    sets = [scores.subset(scores.weight > 0) for scores in score_sets]
    frames = [aligned(frame, sets[0]) for frame in completions]
    seen = None if observed is None else aligned(observed, sets[0])
    by_name = {column.name: column for column in columns}
    frame = Frame("", "", sets[0].contrast, settings["confidence"], settings["randomised"])
    tables: list[pd.DataFrame] = []
    notices: list[str] = []
    for name in names:
        try:
            rule = settle_rule(name, _terms(by_name.get(name), name), columns, frames, sets[0].weight, seen)
            tables.append(_display(rule, sets, frames, frame))
        except Refused as refused:
            notices += [
                f"no effect drawn along {name}: expected {problem.expected}; found {problem.found}"
                for problem in refused.problems
            ]
    whole = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)
    return whole, notices


def _terms(column: Column | None, name: str) -> dict[str, Any]:
    """Levels where there are levels, else eighths."""
    levelled = column is not None and column.kind in {"binary", "nominal", "ordinal"}
    return {"covariate": name, "levels": True} if levelled else {"covariate": name, "quantiles": BINS}


def _display(
    rule: Rule, sets: Sequence[Scores], frames: Sequence[pd.DataFrame], frame: Frame
) -> pd.DataFrame:
    pairs = list(zip(sets if len(sets) > 1 else list(sets) * len(frames), frames, strict=True))
    codes = [membership(rule, completed) for _, completed in pairs]
    terms = [
        group_effects(scores, code, rule.labels, "display", rule.name)
        for (scores, _), code in zip(pairs, codes, strict=True)
    ]
    table, _ = rows(terms, frame, "", len(frames))
    table = table.assign(
        covariate=rule.column.name,
        label=rule.column.label or rule.column.name,
        unit=rule.column.unit,
        bin=np.arange(len(table)),
        x=_centres(rule, frames, codes),
        level=table["group"],
    )
    return table[COLUMNS]


def _centres(rule: Rule, frames: Sequence[pd.DataFrame], codes: Sequence[np.ndarray]) -> np.ndarray:
    """Mean of the covariate in each bin, over all imputations; NaN for levels."""
    if rule.cuts is None:
        return np.full(len(rule.labels), np.nan)
    values = np.concatenate([frame[rule.column.name].to_numpy(dtype=np.float64) for frame in frames])
    code = np.concatenate(codes)
    return np.array(
        [values[code == g].mean() if (code == g).any() else np.nan for g in range(len(rule.labels))]
    )
