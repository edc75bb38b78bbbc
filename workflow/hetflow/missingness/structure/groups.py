"""Missing by arm, site and group: shares, and how each group differs from everybody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from hetflow.cohort.applicability import decode
from hetflow.cohort.columns import Column
from hetflow.missingness.masks import Cells, intersections

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

UNKNOWN = "unknown"
MOST_CLUSTERS = 50
"""More clusters are no groups to read off a table."""
CONFIDENCE = 0.95


def group_levels(
    frame: pd.DataFrame, columns: Sequence[Column], named: Sequence[str], strata: bool, clusters: bool
) -> dict[str, Texts]:
    """The level of every unit, by grouping.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Cohort.
    columns : sequence of Column
        All columns of the cohort.
    named : sequence of str
        Columns that the study names as groups; without any, ``stratum`` where the design has strata.
    strata, clusters : bool
        Whether the design has strata and clusters; more than 50 clusters make no groups.

    Returns
    -------
    dict of str to ndarray of str, shape (n,)
        ``arm`` first; a unit whose level is not known has ``unknown``.
    """
    treated = frame["treated"].to_numpy()
    found: dict[str, Texts] = {"arm": np.where(treated == 1, "treated", "control").astype(object)}
    by_name = {column.name: column for column in columns}
    for name in dict.fromkeys(named):
        if name in by_name:  # a constant column has been left out of the cohort, with a notice
            found[name] = _texts(decode(frame, [by_name[name]])[name])
    if strata and not named:
        found["stratum"] = _texts(frame["stratum"])
    if clusters and frame["cluster"].nunique() <= MOST_CLUSTERS:
        found["cluster"] = _texts(frame["cluster"])
    return found


def _texts(series: pd.Series) -> Texts:
    known = series.notna().to_numpy()
    texts = np.full(len(series), UNKNOWN, dtype=object)
    texts[known] = [
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        for value in series[known]
    ]
    return texts


def shares(table: Cells, groups: Mapping[str, Texts], clustered: bool = False) -> pd.DataFrame:
    """Missing cells by column and group.

    Parameters
    ----------
    table : Cells
        Columns without a gap are left out.
    groups : mapping of str to ndarray of str, shape (n,)
        From `group_levels`.
    clustered : bool
        Whether units depend on one another within clusters; then no interval is given, since Newcombe's takes
        units as independent.

    Returns
    -------
    DataFrame
        column, by, level, units, applicable, missing, share (missing over applicable), difference (share minus
        the share among all other units to whom the column applies), lower, upper (95 % interval of the
        difference, `newcombe`); NaN where nobody is left to compare. Sorted by column, then by grouping.
    """
    gaps = np.flatnonzero(table.missing.any(axis=0))
    gaps = gaps[np.argsort(np.array([table.names[place] for place in gaps], dtype=object), kind="stable")]
    names = [table.names[place] for place in gaps]
    missing, applies = table.missing[:, gaps], table.applies[:, gaps]
    parts = [_by(by, levels, names, missing, applies) for by, levels in groups.items()]
    frame = pd.concat(parts, ignore_index=True)
    place = {name: number for number, name in enumerate(names)}
    frame = frame.iloc[np.argsort(frame["column"].map(place).to_numpy(dtype=np.int64), kind="stable")]
    if clustered:
        frame = frame.assign(lower=np.nan, upper=np.nan)
    return frame.reset_index(drop=True)


def _by(
    by: str, levels: Texts, names: Sequence[str], missing: NDArray[np.bool_], applies: NDArray[np.bool_]
) -> pd.DataFrame:
    labels = np.array(sorted(set(levels)), dtype=object)
    inside = levels[:, None] == labels[None, :]
    gaps, whole = intersections(inside, missing), intersections(inside, applies)
    other_gaps, other_whole = gaps.sum(axis=0) - gaps, whole.sum(axis=0) - whole
    difference, lower, upper = newcombe(gaps, whole, other_gaps, other_whole)
    count = len(names)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = gaps / whole
    return pd.DataFrame(
        {
            "column": np.tile(np.array(names, dtype=object), len(labels)),
            "by": by,
            "level": np.repeat(labels, count),
            "units": np.repeat(inside.sum(axis=0), count),
            "applicable": whole.ravel(),
            "missing": gaps.ravel(),
            "share": share.ravel(),
            "difference": difference.ravel(),
            "lower": lower.ravel(),
            "upper": upper.ravel(),
        }
    )


def newcombe(
    first: NDArray[np.int64],
    of_first: NDArray[np.int64],
    second: NDArray[np.int64],
    of_second: NDArray[np.int64],
) -> tuple[Floats, Floats, Floats]:
    r"""Difference of two independent shares with its hybrid score interval.

    Newcombe RG. Interval estimation for the difference between independent proportions: comparison of eleven
    methods. Stat Med 1998;17:873-90, method 10: :math:`d - \sqrt{(p_1 - l_1)^2 + (u_2 - p_2)^2}` to
    :math:`d + \sqrt{(u_1 - p_1)^2 + (p_2 - l_2)^2}` with Wilson's limits :math:`l, u` of each share.

    Returns
    -------
    difference, lower, upper : ndarray
        NaN where one of the groups is empty.
    """
    p, low, high = _wilson(first, of_first)
    q, below, above = _wilson(second, of_second)
    d = p - q
    return d, d - np.hypot(p - low, above - q), d + np.hypot(high - p, q - below)


def _wilson(count: NDArray[np.int64], of: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    z = float(norm.ppf(0.5 + CONFIDENCE / 2))
    n = np.where(of > 0, of, np.nan).astype(np.float64)
    p = count / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return p, np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
