"""Gaps that are kept: a constant in the gap and an indicator beside it.

With the indicator among the covariates the constant is immaterial: any other one gives the same span of a linear model
and the same splits of a tree. In a trial whose masks were fixed before randomisation the adjusted average effect is
consistent whatever the constant and whatever the reason for the gaps (Zhao and Ding, arXiv:2108.00152). The constant
here is the typical value, so that scale and range of the column stay as they are. Without an indicator the same
constant would not be harmless: a tree finds the units that hold it and so reads the mask. Gaps whose mask may have
arisen after randomisation are therefore imputed by donors instead.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from hetflow.cohort.columns import Column
from hetflow.missingness.fill import typical_value
from hetflow.missingness.variables import Variable, encode, restore


@dataclass(frozen=True, slots=True)
class KeptMasks:
    """A frame whose kept gaps are filled and marked, ready for the other gaps to be imputed.

    Attributes
    ----------
    frame : DataFrame, shape (n, ...)
        With the constants and the indicators; a gap of which it is not yet known whether the column applies is left.
    indicators : tuple of Column
        One for every distinct mask, named after the first of its columns.
    notices : tuple of str
    variables : tuple of Variable
        The kept columns as they were observed.
    constants : tuple of float
        One for each of them.
    """

    frame: pd.DataFrame
    indicators: tuple[Column, ...]
    notices: tuple[str, ...]
    variables: tuple[Variable, ...]
    constants: tuple[float, ...]

    def settle(self, completed: pd.DataFrame) -> pd.DataFrame:
        """The constant in every kept gap of the completed frame, where the column applies."""
        filled = []
        for variable, constant in zip(self.variables, self.constants, strict=True):
            now = encode(completed, variable.column)
            now.values[~variable.given & (now.applies == 1)] = constant
            filled.append(replace(now, given=variable.given))
        return restore(completed, filled)


def keep_masks(frame: pd.DataFrame, columns: Sequence[Column], kept: Collection[str]) -> KeptMasks:
    """Fill and mark the gaps of the covariates `kept`.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Typed cohort frame.
    columns : sequence of Column
        Covariates.
    kept : collection of str
        Those whose gaps are kept; their order does not matter, and neither do names without gaps.

    Raises
    ------
    Refused
        If a kept column has gaps and no observed value.
    """
    chosen = [column for column in sorted(columns, key=lambda c: c.name) if column.name in kept]
    chosen = [column for column in chosen if frame[column.name].isna().any()]
    variables = [encode(frame, column) for column in chosen]
    constants = [typical_value(variable) for variable in variables]
    groups: dict[bytes, list[str]] = {}
    filled = []
    for variable, constant in zip(variables, constants, strict=True):
        groups.setdefault(np.packbits(variable.given).tobytes(), []).append(variable.column.name)
        values = np.where(variable.missing, constant, variable.values)
        filled.append(replace(variable, values=values))
    by_name = {column.name: column for column in chosen}
    indicators = tuple(
        Column(by_name[names[0]].indicator, "binary", "auxiliary") for names in groups.values()
    )
    masks = {
        by_name[names[0]].indicator: frame[names[0]].isna().to_numpy(dtype=np.float64)
        for names in groups.values()
    }
    notices = tuple(
        f"{shared[0]}__missing stands for the mask shared by {', '.join(shared)}"
        for shared in groups.values()
        if len(shared) > 1
    )
    whole = restore(frame, filled).assign(**masks)
    return KeptMasks(whole, indicators, notices, tuple(variables), tuple(constants))


def mark_new_units(
    new: pd.DataFrame,
    studied: pd.DataFrame,
    columns: Sequence[Column],
    kept: Collection[str],
    marked: Collection[str],
) -> pd.DataFrame:
    """Kept gaps of units that are not in the study: the study's constants, and its indicators.

    Parameters
    ----------
    new, studied : DataFrame
        Typed frames; constants are those of `studied`.
    columns : sequence of Column
        Covariates.
    kept : collection of str
        Those whose gaps the study kept.
    marked : collection of str
        Columns of the study's completed file, its indicators among them.
    """
    filled = []
    for column in columns:
        variable = encode(new, column)
        if column.name in kept and variable.missing.any():
            constant = typical_value(encode(studied, column))
            filled.append(replace(variable, values=np.where(variable.missing, constant, variable.values)))
    masks = {
        column.indicator: new[column.name].isna().to_numpy(dtype=np.float64)
        for column in columns
        if column.indicator in marked
    }
    return restore(new, filled).assign(**masks)


def settle_new_units(
    frame: pd.DataFrame,
    new: pd.DataFrame,
    studied: pd.DataFrame,
    columns: Sequence[Column],
    kept: Collection[str],
) -> pd.DataFrame:
    """The study's constant in every kept gap of the completed new units, where the column applies."""
    filled = []
    for column in columns:
        given = new[column.name].notna().to_numpy()
        if column.name not in kept or given.all():
            continue
        now = encode(frame, column)
        rows = ~given & (now.applies == 1)
        if rows.any():
            now.values[rows] = typical_value(encode(studied, column))
        filled.append(replace(now, given=given))
    return restore(frame, filled)


def unkept_notice(frame: pd.DataFrame, columns: Sequence[Column], kept: Collection[str]) -> list[str]:
    """What to say of covariates whose gaps get no indicator."""
    silent = sorted(c.name for c in columns if c.name not in kept and frame[c.name].isna().any())
    if not silent:
        return []
    return [
        f"no indicator for {', '.join(silent)}, imputed from the other covariates: the dictionary does not say that "
        "who misses them was settled before randomisation, and an indicator of anything later is a post-treatment "
        "variable"
    ]
