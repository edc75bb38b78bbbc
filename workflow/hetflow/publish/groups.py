"""Estimates of groups that make up a whole: a small group must not be told by the others and the average.

The average effect is the mean of the doubly robust scores, and a group's effect the mean of its own, so that the whole
less all groups but one is the last group's, exactly.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from hetflow.publish.log import Log

FAMILY = ("analysis", "outcome", "contrast", "estimand", "target", "term", "scale")
_DIFFERENCE = " minus "


def without_small_groups(
    frame: pd.DataFrame,
    family: Sequence[str],
    label: str,
    threshold: int,
    where: str,
    log: Log,
    total: np.ndarray | None = None,
) -> pd.DataFrame:
    """The rows that may be published.

    Parameters
    ----------
    frame : DataFrame
        With the column `n` and those named.
    family : sequence of str
        Columns that are equal in groups of one whole; those that the frame lacks are passed over.
    label : str
        Column that names the group; ``a minus b`` is a difference of two.
    total : ndarray, shape (rows,), optional
        How many units the whole of each row has, where that is known: units in none of its groups are a group too,
        which the others and the whole would tell.

    Returns
    -------
    DataFrame
        Without groups of fewer units than the threshold, without the smallest others where those together are fewer,
        and without differences that name one of them.
    """
    if frame.empty or "n" not in frame or label not in frame:
        return frame
    keys = [name for name in family if name in frame]
    dropped = np.zeros(len(frame), dtype=bool)
    texts = frame[label].astype(str)
    plain = (~texts.str.contains(_DIFFERENCE, regex=False)).to_numpy()
    whole = (
        frame[keys].astype("string").fillna("").agg("|".join, axis=1)
        if keys
        else pd.Series("", index=frame.index)
    )
    gone: set[tuple[str, str]] = set()
    for _, places in pd.Series(np.arange(len(frame))).groupby(whole.to_numpy(), sort=False):
        own = places.to_numpy()[plain[places.to_numpy()]]
        sizes = frame["n"].to_numpy(dtype=float)[own]
        rest = 0.0 if total is None or not len(own) else float(total[own[0]] - sizes.sum())
        out = own[_to_drop(sizes, rest, threshold, where, log)]
        dropped[out] = True
        gone |= {(_base(frame.iloc[place], keys), texts.iloc[place]) for place in out}
    for place in np.flatnonzero(~plain):
        sides = texts.iloc[place].split(_DIFFERENCE)
        dropped[place] |= any((_base(frame.iloc[place], keys), side) in gone for side in sides)
    return frame[~dropped].reset_index(drop=True)


def _base(row: pd.Series, keys: Sequence[str]) -> str:
    """The family's name, that of its differences being the same."""
    return "|".join(str(row[name]).removesuffix("_difference") for name in keys)


def _to_drop(sizes: np.ndarray, rest: float, threshold: int, where: str, log: Log) -> np.ndarray:
    """Places of the groups that are dropped; `rest` are units of the whole that are in none of them."""
    small = (sizes > 0) & (sizes < threshold)
    rest = rest if 0 < rest < threshold else 0.0
    if not small.any() and not rest:
        return np.empty(0, dtype=np.int64)
    log.add(where, "small group", int(small.sum()))
    out = list(np.flatnonzero(small))
    others = [place for place in np.argsort(sizes, kind="stable") if not small[place] and sizes[place] > 0]
    while rest + sizes[out].sum() < threshold and others:
        out.append(others.pop(0))
        log.add(where, "complementary group")
    return np.array(out, dtype=np.int64)


def thinned(
    curve: pd.DataFrame,
    family: Sequence[str],
    threshold: int,
    where: str,
    log: Log,
    told: Mapping[str, Collection[float]] | None = None,
) -> pd.DataFrame:
    """Points of a curve over growing sets of units, each at least the threshold larger than the one before and, but for
    the last, smaller than the whole.

    Parameters
    ----------
    told : mapping of str to sizes, optional
        Sizes of sets of the same order of units of which another table tells, by the family's columns joined by ``|``:
        no point may differ from one of them by fewer than the threshold.
    """
    if curve.empty or "n" not in curve:
        return curve
    keys = [name for name in family if name in curve]
    whole = curve[keys].astype("string").fillna("").agg("|".join, axis=1)
    kept: list[int] = []
    for key, rows in curve.groupby(whole.to_numpy(), sort=False):
        sizes = rows["n"].to_numpy(dtype=float)
        most, last = sizes.max(), 0.0
        known = np.array(sorted((told or {}).get(str(key), ())), dtype=float)
        for label, size in zip(rows.index, sizes, strict=True):
            apart = np.abs(known - size)
            if ((apart > 0) & (apart < threshold)).any():
                continue
            if size - last >= threshold and (size == most or most - size >= threshold):
                kept.append(label)
                last = size
    log.add(where, "thinned", len(curve) - len(kept))
    return curve.loc[sorted(kept)].reset_index(drop=True)
