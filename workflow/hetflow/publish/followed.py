"""Tables whose rows follow other tables: what is said of a group goes where the group itself went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hetflow.publish.groups import without_small_groups
from hetflow.publish.rules import Public, without_levels

_KEYS = ["estimand", "group", "term"]
_TRIMMED, _RULES = "trimmed ATE", "rule_groups"
_ROUND_OFF = 1e-6  # of a share times a number of units


def of_published_estimates(table: pd.DataFrame, public: Public, where: str) -> pd.DataFrame:
    """Rows about estimates that are published."""
    if table.empty:
        return table
    published = set(public.estimates[_KEYS].itertuples(index=False, name=None))
    kept = np.array([key in published for key in table[_KEYS].itertuples(index=False, name=None)], dtype=bool)
    public.log.add(where, "small group", int((~kept).sum()))
    return table[kept].reset_index(drop=True)


def published_headlines(headline: Mapping[str, Any], public: Public) -> dict[str, Any]:
    """Facts by ``estimand:term:group`` of estimates that are published."""
    rows = [(one[0], set(one[1:])) for one in public.estimates[_KEYS].itertuples(index=False, name=None)]
    kept = {}
    for name, found in headline.items():
        estimand, *rest = name.split(":")
        if any(estimand == own and set(rest) <= words for own, words in rows):
            kept[name] = found
    return kept


def bounded_groups(table: pd.DataFrame, public: Public, where: str) -> pd.DataFrame:
    """Bounds of groups of enough units, and of ranges of the propensity that leave out nobody or enough."""
    if table.empty:
        return table
    keys = [*_KEYS, *(name for name in ("c_y", "c_t") if name in table)]
    whole = [name for name in keys if name != "group"]
    total = np.full(len(table), public.units) if np.isfinite(public.units) else None
    rules = table["estimand"] == _RULES
    kept = without_small_groups(
        table[rules].reset_index(drop=True),
        whole,
        "group",
        public.threshold,
        where,
        public.log,
        None if total is None else total[rules.to_numpy()],
    )
    others = table[~rules]
    sizes = [float(public.units)] if np.isfinite(public.units) else []
    gone = []
    for label, rows in others[others["estimand"] == _TRIMMED].groupby("group", sort=False):
        size = float(rows["n"].iloc[0])
        if any(0 < abs(size - other) < public.threshold for other in sizes) or size < public.threshold:
            gone.append(label)
        else:
            sizes.append(size)
    public.log.add(where, "complementary", len(gone))
    return pd.concat([others[~others["group"].isin(gone)], kept], ignore_index=True)


def outer_groups(clan: pd.DataFrame, public: Public, where: str) -> pd.DataFrame:
    """Who is in the outer groups: of a covariate with levels, all shares or none.

    A mean between 0 and 1 of a level or a covariate of two levels, times the group's size, is a count; where one of a
    covariate's is small, the others and one would tell it.
    """
    if clan.empty:
        return clan
    base = clan["covariate"].astype(str).str.split("=").str[0]
    levelled = clan["covariate"].astype(str).str.contains("=", regex=False)
    sides = clan["group"] != "difference"
    inside = clan["estimate"].between(0, 1) | ~sides
    share = levelled | inside.groupby([clan["by"], clan["learner"], clan["covariate"]]).transform("all")
    held = np.where(share, clan["estimate"] * clan["n"], clan["n"])
    few = sides & (
        (clan["n"] < public.threshold) | (share & (_small(held, public) | _small(clan["n"] - held, public)))
    )
    rare = ~clan.index.isin(without_levels(clan.assign(row=clan.index), ["covariate"], public, where)["row"])
    gone = (few | rare).groupby([clan["by"], clan["learner"], base]).transform("any")
    public.log.add(where, "small count", int(few.sum()))
    public.log.add(where, "complementary", int((gone & ~few & ~rare).sum()))
    return clan[~gone].reset_index(drop=True)


def _small(counts: Any, public: Public) -> np.ndarray:
    values = np.asarray(counts, dtype=float)
    return (values > _ROUND_OFF) & (values < public.threshold)
