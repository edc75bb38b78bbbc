"""The baseline table: covariates by arm, with standardised differences."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.disclosure import HIDDEN, small, texts
from hetflow.report.inputs import MISSING, Covered
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words, with_unit

ARMS = ("treated", "control")
_LONG = 30  # rows from which the whole table is folded and a short one stands before it
_NAMES = [
    "variable",
    "label",
    "level",
    "statistic",
    "treated",
    "control",
    "missing_treated",
    "missing_control",
    "standardised_difference",
]
Record = Mapping[Hashable, Any]


def baseline_tables(
    baseline: pd.DataFrame,
    leading: Collection[str],
    words: Words,
    minimum: int,
    covered: Covered | None = None,
) -> tuple[list[Table], pd.DataFrame]:
    """The baseline table for the page, and its texts for export.

    Parameters
    ----------
    baseline : DataFrame
        From the cohort stage: one row for a continuous or count column, one a level for the others.
    leading : collection of str
        Covariates that the study names; a long table is preceded by theirs alone.
    covered : dict, optional
        Of the public form: `hetflow.report.inputs.ReportInputs.covered`.

    Returns
    -------
    tables : list of Table
        ``baseline`` and, where the table is long, ``baseline_all``, folded.
    frame : DataFrame
        variable, label, level, statistic, treated, control, missing_treated, missing_control,
        standardised_difference; texts, but for the rounded difference.
    """
    groups = baseline.groupby("variable", sort=False)
    records = [line for _, rows in groups for line in _lines(rows, minimum, covered)]
    frame = pd.DataFrame(records, columns=_NAMES)
    if len(frame) <= _LONG:
        return [_table("baseline", "Baseline characteristics", frame, words)], frame
    chosen = frame[frame["variable"].isin(leading)]
    count = frame["variable"].nunique()
    whole = _table(
        "baseline_all", f"Baseline characteristics, all {count} covariates", frame, words, folded=True
    )
    if chosen.empty:
        return [whole], frame
    return [
        _table("baseline", "Baseline characteristics, covariates that the study names", chosen, words),
        whole,
    ], frame


def _lines(rows: pd.DataFrame, minimum: int, covered: Covered | None) -> list[dict[str, Any]]:
    """Text of one covariate: a line, or one for each level (of a binary covariate the second alone)."""
    first = rows.iloc[0].to_dict()
    head = {
        "variable": first["variable"],
        "label": _named(first),
        "statistic": _statistic(str(first["kind"])),
    }
    keys = [(str(first["variable"]), MISSING, arm) for arm in ARMS]
    gaps = texts([int(first[f"missing_{arm}"]) for arm in ARMS], keys, minimum, covered)
    head |= {f"missing_{arm}": text for arm, text in zip(ARMS, gaps, strict=True)}
    head["standardised_difference"] = round(float(rows["standardised_difference"].max()), 2)
    if first["kind"] in {"continuous", "count"}:
        return [head | {"level": ""} | {arm: _centre(first, arm, minimum) for arm in ARMS}]
    shown = {arm: _level_texts(rows, arm, minimum, covered) for arm in ARMS}
    lines = [
        head | {"level": str(level)} | {arm: shown[arm][place] for arm in ARMS}
        for place, level in enumerate(rows["level"])
    ]
    if first["kind"] == "binary" and len(lines) == 2:
        return lines[1:]
    for line in lines[1:]:
        line |= {"standardised_difference": float("nan"), "missing_treated": "", "missing_control": ""}
    return lines


def _named(row: Record) -> str:
    return with_unit(str(row["label"]), row.get("unit"))


def _statistic(kind: str) -> str:
    return {"continuous": "mean (SD)", "count": "median (quartiles)"}.get(kind, "number (%)")


def _centre(row: Record, arm: str, minimum: int) -> str:
    """Mean (SD) of a continuous covariate, median (quartiles) of a count."""
    if row[f"observed_{arm}"] < minimum:
        return f"<{minimum} observed"
    spread = float(row[f"sd_{arm}"])
    places = fmt.decimals(spread / 10 if spread > 0 else None)
    if row["kind"] == "count":
        places = 0 if all(float(row[f"{name}_{arm}"]).is_integer() for name in _QUARTILES) else 1
        middle, low, high = (fmt.number(float(row[f"{name}_{arm}"]), places) for name in _QUARTILES)
        return f"{middle} ({low} to {high})"
    return f"{fmt.number(float(row[f'mean_{arm}']), places)} ({fmt.number(spread, places)})"


_QUARTILES = ("median", "lower_quartile", "upper_quartile")


def _level_texts(rows: pd.DataFrame, arm: str, minimum: int, covered: Covered | None) -> list[str]:
    """Count (share) of each level; small counts and those that would tell them are hidden."""
    counts = [int(value) for value in rows[f"count_{arm}"]]
    keys = [(str(name), str(level), arm) for name, level in zip(rows["variable"], rows["level"], strict=True)]
    printed = texts(counts, keys, minimum, covered)
    shares = rows[f"share_{arm}"].tolist()
    return [
        text
        if text == HIDDEN or small(count, minimum) or not fmt.known(share)
        else f"{text} ({fmt.percent(share)})"
        for text, count, share in zip(printed, counts, shares, strict=True)
    ]


def _table(name: str, caption: str, frame: pd.DataFrame, words: Words, folded: bool = False) -> Table:
    body: list[Cell] = []
    for _, rows in frame.groupby("variable", sort=False):
        first = rows.iloc[0]
        difference = fmt.number(float(first["standardised_difference"]), 2)
        gaps = _gaps(first)
        if len(rows) == 1:
            label = f"{first['label']}: {first['level']}" if first["level"] else first["label"]
            body.append(Cell((label, first["treated"], first["control"], gaps, difference)))
            continue
        body.append(Cell((first["label"], "", "", gaps, difference)))
        body += [
            Cell((row["level"], row["treated"], row["control"], "", ""), 1) for _, row in rows.iterrows()
        ]
    head = ("Covariate", words.treated, words.control, "Missing", "Std. difference")
    note = (
        "Mean (SD), median (quartiles) of counts, number (%) of levels, among those observed. Missing: in "
        "the two arms. Std. difference: treated minus control in standard deviations; for several "
        "levels a distance without sign."
    )
    return Table(name, caption, head, tuple(body), (0,), note, folded)


def _gaps(row: pd.Series) -> str:
    treated, control = str(row["missing_treated"]), str(row["missing_control"])
    return "0" if treated == control == "0" else f"{treated} / {control}"
