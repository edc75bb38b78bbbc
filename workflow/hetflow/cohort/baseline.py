"""The baseline table: each column by arm, with standardised differences; unweighted, on observed cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column

Floats = NDArray[np.float64]
ARMS = (("treated", 1), ("control", 0))


def baseline_table(
    frame: Mapping[str, NDArray[Any]], columns: Iterable[Column], treated: NDArray[np.int8]
) -> pd.DataFrame:
    """Columns described by arm.

    Parameters
    ----------
    frame : mapping of str to ndarray, shape (n,)
        The typed cohort, ``<name>__applies`` included.
    columns : iterable of Column
        The columns to describe, in the table's order.
    treated : ndarray of int8, shape (n,)

    Returns
    -------
    DataFrame
        One row for a continuous or count column, one a level for binary, ordinal and nominal ones:
        ``variable, label, unit, kind, level`` (empty text for continuous) and, for ``_treated`` and
        ``_control``: ``units`` (in the arm), ``applicable``, ``missing`` (of those to whom the column
        applies), ``observed``, ``count`` (at the level), ``share`` (of the observed), ``mean``, ``sd``,
        ``median``, ``lower_quartile``, ``upper_quartile``; and ``standardised_difference`` (treated minus
        control; of a binary column on the row of the level coded 1, else on the first).
        What a kind does not have is NaN. Units to whom a column does not apply, or may not, are not
        described.
    """
    rows = [row for column in columns for row in _describe(frame, column, treated)]
    return pd.DataFrame(rows, columns=_NAMES)


_MEASURES = (
    "units", "applicable", "missing", "observed", "count", "share", "mean", "sd", "median", "lower_quartile",
    "upper_quartile",
)  # fmt: skip
_NAMES = [
    *("variable", "label", "unit", "kind", "level"),
    *(f"{measure}_{arm}" for measure in _MEASURES for arm, _ in ARMS),
    "standardised_difference",
]


def _describe(
    frame: Mapping[str, NDArray[Any]], column: Column, treated: NDArray[np.int8]
) -> Iterator[dict[str, Any]]:
    values = frame[column.name]
    applies = frame.get(column.applies, np.ones(len(values))) == 1
    known = applies & ~pd.isna(values)
    head: dict[str, Any] = {"variable": column.name, "label": column.label or column.name}
    head |= {"unit": column.unit, "kind": column.kind}
    for arm, code in ARMS:
        head[f"units_{arm}"] = int((treated == code).sum())
        head[f"applicable_{arm}"] = int(applies[treated == code].sum())
        head[f"observed_{arm}"] = int(known[treated == code].sum())
        head[f"missing_{arm}"] = head[f"applicable_{arm}"] - head[f"observed_{arm}"]
    pair = (values[known & (treated == 1)], values[known & (treated == 0)])
    if column.kind in ("continuous", "count"):
        yield head | {"level": ""} | _numbers(pair) | {"standardised_difference": standardised_mean(*pair)}
        return
    levels = column.levels or ()
    codes: Sequence[Any] = levels if column.kind == "nominal" else range(len(levels))
    counts = np.array([[int((part == code).sum()) for code in codes] for part in pair], dtype=np.float64)
    for place, level in enumerate(levels):
        here = place == (1 if column.kind == "binary" else 0)
        difference = _of_levels(counts, column.kind) if here else np.nan
        yield head | {"level": level, "standardised_difference": difference} | _shares(counts, place)


def _numbers(pair: tuple[Floats, Floats]) -> dict[str, float]:
    found: dict[str, float] = {}
    for (arm, _), part in zip(ARMS, pair, strict=True):
        if not len(part):
            continue
        lower, middle, upper = np.quantile(part, (0.25, 0.5, 0.75))
        found |= {f"mean_{arm}": float(part.mean()), f"median_{arm}": float(middle)}
        found |= {f"lower_quartile_{arm}": float(lower), f"upper_quartile_{arm}": float(upper)}
        found[f"sd_{arm}"] = float(part.std(ddof=1)) if len(part) > 1 else np.nan
    return found


def _shares(counts: Floats, place: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for (arm, _), row in zip(ARMS, counts, strict=True):
        found[f"count_{arm}"] = float(row[place])
        found[f"share_{arm}"] = float(row[place] / row.sum()) if row.sum() else np.nan
    return found


def _of_levels(counts: Floats, kind: str) -> float:
    if not counts.sum(axis=1).all():
        return np.nan
    shares = counts / counts.sum(axis=1, keepdims=True)
    if kind == "binary":
        return standardised_share(float(shares[0, 1]), float(shares[1, 1]))
    return standardised_levels(shares[0], shares[1])


def standardised_mean(treated: Floats, control: Floats) -> float:
    r"""Standardised difference of means, :math:`(\bar x_1 - \bar x_0) / \sqrt{(s_1^2 + s_0^2) / 2}`.

    Austin PC. Balance diagnostics for comparing the distribution of baseline covariates between treatment
    groups in propensity-score matched samples. Stat Med 2009;28:3083-107, section 3. NaN when an arm has
    fewer than two values, or neither varies.
    """
    if min(len(treated), len(control)) < 2:
        return np.nan
    spread = np.sqrt((np.var(treated, ddof=1) + np.var(control, ddof=1)) / 2)
    return float((np.mean(treated) - np.mean(control)) / spread) if spread > 0 else np.nan


def standardised_share(treated: float, control: float) -> float:
    r"""Standardised difference of shares, :math:`(p_1 - p_0) / \sqrt{(p_1(1-p_1) + p_0(1-p_0)) / 2}` (Austin
    2009)."""
    spread = np.sqrt((treated * (1 - treated) + control * (1 - control)) / 2)
    return float((treated - control) / spread) if spread > 0 else np.nan


def standardised_levels(treated: Floats, control: Floats) -> float:
    """Standardised difference of a column with several levels: a Mahalanobis distance, never negative.

    Yang D, Dalton JE. A unified approach to measuring the effect size between two groups using SAS. SAS
    Global Forum 2012, paper 335: the shares of all levels but one, with the mean of the arms' multinomial
    covariances. Levels that do not occur are left out; NaN when the covariance is singular (the arms share
    no level).

    Parameters
    ----------
    treated, control : ndarray, shape (k,)
        Shares of the levels, each summing to 1.
    """
    occurs = (treated + control) > 0
    first, second = treated[occurs][1:], control[occurs][1:]
    if not len(first):
        return np.nan
    covariance = (np.diag(first) - np.outer(first, first) + np.diag(second) - np.outer(second, second)) / 2
    if np.linalg.matrix_rank(covariance) < len(first):
        return np.nan
    difference = first - second
    return float(np.sqrt(difference @ np.linalg.solve(covariance, difference)))
