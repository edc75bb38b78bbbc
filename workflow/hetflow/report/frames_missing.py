"""What the figures of missing values draw, made from the tables of the missingness stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.disclosure import shown, texts
from hetflow.report.inputs import MISSING, Covered
from hetflow.report.mask_names import MaskNames, split_names
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words

_MOST_MASKS = 16


def missing_shares(
    variables: pd.DataFrame,
    masks: pd.DataFrame,
    columns: Sequence[Mapping[str, Any]],
    words: Words,
    minimum: int,
) -> pd.DataFrame:
    """One row a variable, a declared block, or a set of variables that share a mask; most missing first.

    Returns
    -------
    DataFrame
        label, variables, units, missing, not_applicable (mean shares of all units); rows where fewer than
        `minimum` are concerned are left out.
    """
    rows = variables[variables["group"] == "all"].set_index("column")
    groups: dict[str, list[str]] = {}
    mask_of = {
        name: str(mask["mask"])
        for mask in masks.to_dict("records")
        for name in split_names(mask["columns"], list(rows.index))
    }
    called = MaskNames.of(columns, words)
    for name in rows.index:
        key = (
            f"block {called.blocks[name]}"
            if called.blocks.get(name)
            else f"mask {mask_of[name]}"
            if name in mask_of
            else name
        )
        groups.setdefault(key, []).append(name)
    out = []
    for names in groups.values():
        own = rows.loc[names]
        units = float(own["units"].iloc[0])
        missing, away = own["missing"].mean(), own["not_applicable"].mean()
        if max(missing, away) >= minimum:
            label = called.label(names)
            keep = [value / units if value >= minimum else 0.0 for value in (missing, away)]
            out.append((label, len(names), int(units), *keep))
    frame = pd.DataFrame(out, columns=["label", "variables", "units", "missing", "not_applicable"])
    return frame.sort_values(["missing", "not_applicable"], ascending=False, kind="stable", ignore_index=True)


def pattern_map(
    patterns: pd.DataFrame,
    masks: pd.DataFrame,
    columns: Sequence[Mapping[str, Any]],
    words: Words,
    minimum: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Patterns over the masks that concern most cells; those of too few units are put together as shares.

    Returns
    -------
    patterns : DataFrame
        label, units, and one column a mask: 1 missing, 0 observed, a share in the last row of all others;
        there, 0 and 1 also stand where fewer than `minimum` miss or have the value.
    masks : DataFrame
        mask (name of that column), label.
    """
    called = MaskNames.of(columns, words)
    large = masks[masks["rows"] >= minimum].copy()
    large["names"] = [called.split(text) for text in large["columns"]]
    large = large.assign(cells=large["rows"] * large["width"]).sort_values(
        "cells", ascending=False, kind="stable"
    )
    large = large.head(_MOST_MASKS).sort_values("rows", ascending=False, kind="stable")
    heads = pd.DataFrame(
        {
            "mask": [f"mask {mask}" for mask in large["mask"]],
            "label": [called.label(names) for names in large["names"]],
        }
    )
    firsts = [names[0] for names in large["names"]]
    merged: dict[tuple[int, ...], int] = {}
    for row in patterns.to_dict("records"):
        gone = set(called.split(row["columns"]))
        key = tuple(int(name in gone) for name in firsts)
        merged[key] = merged.get(key, 0) + int(row["units"])
    order = sorted(merged.items(), key=lambda item: (-item[1], item[0]))
    body: list[tuple[Any, ...]] = [("pattern", units, *key) for key, units in order if units >= minimum]
    rest = [(units, key) for key, units in order if units < minimum]
    total = sum(units for units, _ in rest)
    if total >= minimum:
        missed = [sum(units * key[place] for units, key in rest) for place in range(len(firsts))]
        shares = (_coarse(count, total, minimum) for count in missed)
        body.append(("others", total, *shares))
    return pd.DataFrame(body, columns=["label", "units", *heads["mask"]]), heads


def _coarse(count: int, total: int, minimum: int) -> float:
    """A share that tells no small count: 0 or 1 instead."""
    if count < minimum:
        return 0.0
    return 1.0 if total - count < minimum else count / total


def missing_table(
    variables: pd.DataFrame,
    columns: Sequence[Mapping[str, Any]],
    words: Words,
    minimum: int,
    covered: Covered | None = None,
) -> tuple[Table, pd.DataFrame]:
    """Missing values by variable and arm, for the page and for export; `covered` as in the baseline table."""
    wide = {group: rows.set_index("column") for group, rows in variables.groupby("group", sort=False)}
    every = wide["all"]
    concerned = every[(every["missing"] > 0) | (every["not_applicable"] > 0)]
    concerned = concerned.sort_values(["missing", "not_applicable"], ascending=False, kind="stable")
    records = []
    for name in concerned.index:
        record = {"variable": name, "label": words.covariate(name)}
        record["all"] = _gap(every.loc[name], shown(float(every.loc[name, "missing"]), minimum))
        arms = [wide[group].loc[name] for group in ("treated", "control")]
        keys = [(str(name), MISSING, group) for group in ("treated", "control")]
        gaps = texts([int(arm["missing"]) for arm in arms], keys, minimum, covered)
        record |= {
            group: _gap(arm, text)
            for group, arm, text in zip(("treated", "control"), arms, gaps, strict=True)
        }
        record["not_applicable"] = shown(float(every.loc[name, "not_applicable"]), minimum)
        records.append(record)
    frame = pd.DataFrame(
        records, columns=["variable", "label", "all", "treated", "control", "not_applicable"]
    )
    body = tuple(Cell(tuple(row[1:])) for row in frame.itertuples(index=False, name=None))
    head = ("Variable", "Missing", words.treated, words.control, "Does not apply")
    note = (
        "Missing values, of those to whom the variable applies. A value that does not exist is not missing."
    )
    table = Table("missing", "Missing values by variable", head, body, (0,), note, True)
    return table, frame


def _gap(row: pd.Series, text: str) -> str:
    """A count with its share, where both may be shown."""
    if text == fmt.count(float(row["missing"])) and row["missing"] > 0:
        return f"{text} ({fmt.percent(float(row['share']))})"
    return text
