"""Two covariates crossed: cells of few units, and those that the sizes of rows and columns would tell."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hetflow.publish.rules import Public, without_levels
from hetflow.publish.suppression import SHOWN, Totals, known, suppress

_PAIR = ["first", "second"]


def crossed(cells: pd.DataFrame, public: Public, where: str) -> pd.DataFrame:
    """The cells that may be published.

    The sizes of both covariates' groups are taken to be known, as other tables give them. A pair is left out whole
    where a cell could be told all the same, or where a level of few units is among its groups.
    """
    if cells.empty:
        return cells
    kept = []
    for _, rows in cells.groupby(_PAIR, sort=False):
        if len(without_levels(rows, [*_PAIR], public, where)) < len(rows):
            continue
        shown = _shown(rows, public)
        public.log.add(where, "small count", int((rows["n"] < public.threshold).sum()))
        public.log.add(where, "complementary", int((~shown & (rows["n"] >= public.threshold)).sum()))
        kept.append(rows[shown])
    return pd.concat(kept, ignore_index=True) if kept else cells.iloc[:0]


def _shown(rows: pd.DataFrame, public: Public) -> np.ndarray:
    """Which cells are shown; a cell that the table lacks is one of few units."""
    wide = rows.pivot_table(
        index="first_level", columns="second_level", values="n", aggfunc="sum", sort=False
    )
    lacking = wide.isna().to_numpy()
    rest = public.units - float(rows["n"].sum()) if np.isfinite(public.units) else 0.0
    if lacking.any() and rest > 0:
        wide = wide.fillna(max(1.0, round(rest / lacking.sum())))
    counts = wide.fillna(0).to_numpy().round().astype(np.int64)
    low, high = known(counts.sum(axis=1), 1)
    left, right = known(counts.sum(axis=0), 1)
    try:
        states = suppress(
            counts, Totals(low, high, left, right), public.threshold, np.zeros(counts.shape, bool)
        )
    except ValueError:
        return np.zeros(len(rows), dtype=bool)
    shown = pd.DataFrame(states == SHOWN, index=wide.index, columns=wide.columns)
    pairs = zip(rows["first_level"], rows["second_level"], strict=True)
    return np.array([bool(shown.loc[one, other]) for one, other in pairs], dtype=bool)
