"""Influx and outflux: how well a column's gaps can be filled from others, and how useful it is to fill theirs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hetflow.missingness.masks import Cells


def flux(table: Cells) -> pd.DataFrame:
    r"""Influx and outflux of every column.

    van Buuren S. Flexible Imputation of Missing Data, 2nd ed., section 4.1.3: with :math:`r_{ij} = 1` where
    observed, :math:`I_j = \sum_{k,i} (1 - r_{ij}) r_{ik} / \sum_{k,i} r_{ik}` and
    :math:`O_j = \sum_{k,i} r_{ij} (1 - r_{ik}) / \sum_{k,i} (1 - r_{ik})`. Here a cell that does not apply is
    neither observed nor missing.

    Parameters
    ----------
    table : Cells

    Returns
    -------
    DataFrame
        column, observed (share of the units to whom it applies), influx, outflux (0 to 1; outflux NaN where
        nothing is missing); by falling outflux, then influx, then name.
    """
    seen, gone = table.observed, table.missing
    applicable = table.applies.sum(axis=0)
    seen_by_unit, gone_by_unit = seen.sum(axis=1), gone.sum(axis=1)
    influx = _weighted(gone, seen_by_unit) / max(int(seen_by_unit.sum()), 1)
    total = int(gone_by_unit.sum())
    outflux = _weighted(seen, gone_by_unit) / total if total else np.full(gone.shape[1], np.nan)
    frame = pd.DataFrame(
        {
            "column": np.array(table.names, dtype=object),
            "observed": seen.sum(axis=0) / np.maximum(applicable, 1),
            "influx": influx,
            "outflux": outflux,
        }
    )
    return frame.sort_values(
        ["outflux", "influx", "column"], ascending=[False, True, True], kind="stable", ignore_index=True
    )


def _weighted(cells: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Sum of the weights of the units in which each column is True; exact, since weights are whole."""
    return np.array([int(weight[column].sum()) for column in np.ascontiguousarray(cells.T)], dtype=np.float64)
