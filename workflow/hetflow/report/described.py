"""Effect displays in words: where an effect is lowest and highest, and how it stands to the average.

What a screen reader says in a display's place, and what stands beneath it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.picks import between
from hetflow.report.printed import number_of
from hetflow.report.tables import estimate_text
from hetflow.report.words import Words


def is_curve(rows: pd.DataFrame) -> pd.Series:
    """Points of a smooth curve, against means of groups or bins."""
    if "uniform_lower" in rows:
        return rows["kind"] == "curve"
    return pd.Series(False, index=rows.index)


def values(x: pd.Series) -> list[str]:
    """Values of a covariate with the digits that a quarter of their distance needs."""
    step = float(np.ptp(x)) / max(1, len(x) - 1)
    return [fmt.number(float(value), fmt.decimals(step / 4) if step else 2) for value in x]


def said_of_displays(displays: pd.DataFrame, words: Words) -> str:
    """Of several covariates: where along each the effect is lowest and highest."""
    return " ".join(
        f"{rows['label'].iloc[0]}: {said_of_one(rows, words, None)}"
        for _, rows in displays.groupby("covariate", sort=False)
    )


def said_of_cells(cells: pd.DataFrame, words: Words) -> str:
    """Of several pairs of covariates."""
    return " ".join(
        f"{rows['first_label'].iloc[0]} and {rows['second_label'].iloc[0]}: {said_of_two(rows, words)}"
        for _, rows in cells.groupby(["first", "second"], sort=False)
    )


def said_of_two(cells: pd.DataFrame, words: Words) -> str:
    """In which cell of two covariates the effect is lowest and in which it is highest."""
    records = cells.to_dict("records")
    where = [f"{between(row['first_level'])} and {between(row['second_level'])}" for row in records]
    return _extremes(records, where, words, "where the two are")


def said_of_one(rows: pd.DataFrame, words: Words, mark: float | None) -> str:
    """Of one covariate: where the effect is lowest and highest, and how it stands to the average.

    Parameters
    ----------
    rows : DataFrame
        Effects as printed: points of a curve with its band, bins, levels, or those to whom it does not apply.
    words : Words
    mark : float, optional
        The average effect as printed.
    """
    curve, groups = rows[is_curve(rows)], rows[~is_curve(rows)]
    said = []
    if len(curve):
        first = curve.iloc[0]
        places = [fmt.with_unit(value, first["unit"]) for value in values(curve["x"])]
        said.append(_extremes(curve.to_dict("records"), places, words, "at"))
        if mark is not None:
            inside = ((curve["uniform_lower"] <= mark) & (mark <= curve["uniform_upper"])).all()
            said.append(
                f"The average effect, {_with_unit(mark, curve, words)}, lies within the band of the whole curve "
                f"{'everywhere' if inside else 'in a part of it only'}."
            )
    if len(groups):
        names = [between(str(level)) for level in groups["level"]]
        said.append(_extremes(groups.to_dict("records"), names, words, "in the group"))
        if mark is not None and not len(curve):
            held = int(((groups["lower"] <= mark) & (mark <= groups["upper"])).sum())
            said.append(
                f"The average effect, {_with_unit(mark, groups, words)}, lies in {held} of the "
                f"{len(groups)} intervals."
            )
    return " ".join(said)


def _with_unit(mark: float, rows: pd.DataFrame, words: Words) -> str:
    places = fmt.decimals(float(rows["se"].median()))
    return fmt.with_unit(fmt.number(mark, places), words.unit)


def _extremes(rows: Sequence[Mapping[Any, Any]], places: Sequence[str], words: Words, where: str) -> str:
    """Where the effect is lowest and where it is highest, with estimates and intervals."""
    told = [
        f"{place}: {estimate_text(number_of(row), words.unit)}"
        for row, place in zip(rows, places, strict=True)
    ]
    values = [row["estimate"] for row in rows]
    low, high = int(np.argmin(values)), int(np.argmax(values))
    if low == high:
        return f"The effect {where} {told[low]}."
    return f"The effect is lowest {where} {told[low]}, and highest {where} {told[high]}."
