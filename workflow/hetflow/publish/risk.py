"""Effects by baseline risk in public: arms within groups, and events within arms, are counts that totals tell."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from hetflow.publish.groups import without_small_groups
from hetflow.publish.rules import Public
from hetflow.publish.structure import AREA_PLACES

_ARMS = ("control", "treated")
#: Estimands that are made from the outcomes of one arm of a group, or compare these.
_OF_ARMS = frozenset({"arm_means", "ratio", "odds_ratio", "ratio_difference", "odds_ratio_difference"})


def public_risk(tables: Mapping[str, pd.DataFrame], public: Public, where: str) -> dict[str, pd.DataFrame]:
    """All tables of the appraisal `risk` but its performance.

    Returns
    -------
    dict of str to DataFrame
        ``groups``: of each risk, groups of enough units; an arm's number and mean stand where neither they nor the
        events, nor those without one, are few or are told by the arm's totals. ``effects``: those of the groups that
        are left; what is made from one arm's outcomes goes with these. ``distribution``: bars of enough units.
    """
    parts = [_groups(rows, public, where) for _, rows in _by_model(tables["groups"])]
    groups = pd.concat(parts, ignore_index=True) if parts else tables["groups"]
    bars = [_bars(rows, public, where) for _, rows in _by_model(tables["distribution"])]
    distribution = pd.concat(bars, ignore_index=True) if bars else tables["distribution"]
    return {
        "groups": groups,
        "effects": _effects(tables["effects"], tables["groups"], groups, public, where),
        "distribution": distribution,
    }


def performance(table: pd.DataFrame, public: Public, where: str) -> pd.DataFrame:
    """Discrimination and calibration; the C-statistic as printed, for exact it tells how many had the event."""
    areas = table["measure"].to_numpy() == "auc" if len(table) else np.zeros(0, dtype=bool)
    out = table.copy()
    columns = ["estimate", "lower", "upper"]
    out.loc[areas, columns] = out.loc[areas, columns].round(AREA_PLACES)
    out.loc[areas, "se"] = out.loc[areas, "se"].round(AREA_PLACES + 1)
    public.log.add(where, "rounded", int(areas.sum()))
    return out


def _by_model(table: pd.DataFrame) -> list[tuple[object, pd.DataFrame]]:
    return list(table.groupby("model", sort=False)) if len(table) else []


def _groups(rows: pd.DataFrame, public: Public, where: str) -> pd.DataFrame:
    """One risk's groups."""
    total = np.full(len(rows), public.units) if np.isfinite(public.units) else None
    kept = without_small_groups(
        rows, ("model",), "group", public.threshold, f"{where}: groups", public.log, total
    )
    out = kept.copy()
    sizes = kept[[f"n_{arm}" for arm in _ARMS]].sum(axis=1).to_numpy(dtype=float)
    few = untold(kept[f"n_{_ARMS[0]}"].to_numpy(dtype=float), sizes, public.threshold)
    for arm in _ARMS:
        events, n = (kept[f"{name}_{arm}"].to_numpy(dtype=float) for name in ("events", "n"))
        binary = not np.isnan(events).any()
        hidden = few | public.few_lost
        hidden = hidden | untold(events, n, public.threshold) if binary else hidden
        rule = "lost outcomes" if public.few_lost else "small count"
        public.log.add(f"{where}: events of {arm}", rule, int(hidden.sum()))
        for name in (f"n_{arm}", f"observed_{arm}", f"events_{arm}"):
            out[name] = out[name].astype(float).mask(hidden)
    return out


def untold(part: np.ndarray, whole: np.ndarray, threshold: int) -> np.ndarray:
    """Groups of which a part and the rest must not be told, where their sums over all groups are known.

    Parameters
    ----------
    part, whole : ndarray of float, shape (groups,)
        Units with an event and units of an arm; or units of one arm and of both.
    threshold : int

    Returns
    -------
    ndarray of bool, shape (groups,)
        Those in which part or rest is 1 to threshold - 1, and the smallest others until neither the sum of the hidden
        parts nor that of the hidden rests is such a number, and each of them may have at least half of the values below
        the threshold.
    """
    rest = whole - part
    hidden = _few(part, threshold) | _few(rest, threshold)
    for place in np.argsort(whole, kind="stable"):
        if not hidden.any() or _safe(part[hidden], rest[hidden], threshold):
            break
        hidden[place] = True
    return np.asarray(hidden)


def _few(counts: np.ndarray, threshold: int) -> np.ndarray:
    return np.asarray((counts > 0) & (counts < threshold))


def _safe(part: np.ndarray, rest: np.ndarray, threshold: int) -> bool:
    sums = np.array([part.sum(), rest.sum()])
    if _few(sums, threshold).any():
        return False
    whole = part + rest
    highest = np.minimum(whole, part.sum())
    lowest = np.maximum(0.0, part.sum() - (whole.sum() - whole))
    return bool((highest - lowest + 1 >= math.ceil((threshold - 1) / 2)).all())


def _effects(
    effects: pd.DataFrame, before: pd.DataFrame, groups: pd.DataFrame, public: Public, where: str
) -> pd.DataFrame:
    """Effects of groups that are left; nothing made from an arm's outcomes where these are hidden."""
    if effects.empty:
        return effects
    names = ["model", "group"]
    gone = set(before[names].itertuples(index=False, name=None)) - set(
        groups[names].itertuples(index=False, name=None)
    )
    few = groups[groups[[f"n_{arm}" for arm in _ARMS]].isna().any(axis=1)]
    hidden = set(few[names].itertuples(index=False, name=None))
    dropped = [
        _names(row, gone) or (row["estimand"] in _OF_ARMS and _names(row, hidden))
        for row in effects.to_dict("records")
    ]
    public.log.add(f"{where}: effects", "small group", int(sum(dropped)))
    return effects[~np.array(dropped, dtype=bool)].reset_index(drop=True)


def _names(row: Mapping[object, object], groups: set[tuple[object, object]]) -> bool:
    """Whether an estimate, or one side of a difference, is of one of the groups."""
    sides = str(row["group"]).split(" minus ")
    return any((row["model"], side) in groups for side in sides)


def _bars(rows: pd.DataFrame, public: Public, where: str) -> pd.DataFrame:
    """One risk's bars: those of few units are left out, and others until they are not told by the number of all."""
    named = rows.assign(bar=[str(place) for place in range(len(rows))])
    kept = without_small_groups(
        named, ("model",), "bar", public.threshold, f"{where}: distribution", public.log
    )
    return kept.drop(columns=["bar"]).assign(n_control=np.nan, n_treated=np.nan)
