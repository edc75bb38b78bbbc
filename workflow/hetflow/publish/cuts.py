"""One covariate cut in two ways: with few units between two cuts, two tables tell the mean of these few."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hetflow.publish.log import Log

_RANGE = re.compile(r"^(?:<= (?P<first>\S+)|\(\S+, (?P<inner>[^\]]+)\]|> \S+)$")


@dataclass(frozen=True, slots=True)
class Cut:
    """A covariate cut into ranges by one table.

    Attributes
    ----------
    table, name : str
        The table, and what of it would have to go: a rule, a covariate, a pair or a tree.
    covariate : str
    ends : dict of str to float
        Units up to each cut, by the cut as it is printed.
    """

    table: str
    name: str
    covariate: str
    ends: Mapping[str, float]


def near(cuts: list[Cut], threshold: int, where: str, log: Log) -> set[tuple[str, str]]:
    """Tables' parts that have to go, for an earlier one cuts the same covariate nearby.

    Parameters
    ----------
    cuts : list of Cut
        Of one analysis, those first that are to stay.
    threshold : int
    where : str
    log : Log

    Returns
    -------
    set of (table, name)
    """
    told: dict[str, dict[str, float]] = {}
    gone: set[tuple[str, str]] = set()
    for one in cuts:
        known = told.setdefault(one.covariate, {})
        if (one.table, one.name) in gone:
            continue
        if any(
            own != other and 0 < abs(size - count) < threshold
            for own, size in one.ends.items()
            for other, count in known.items()
        ):
            gone.add((one.table, one.name))
            log.add(f"{where}: {one.table} of {one.name}", "cut two ways")
        else:
            known.update(one.ends)
    return gone


def ends_of(labels: pd.Series, sizes: pd.Series) -> dict[str, float]:
    """Units up to each cut, from ranges written ``<= 3``, ``(3, 5]``, ``> 5`` in this order; none of other labels."""
    found = [_RANGE.match(str(label)) for label in labels]
    if not found or not all(found):
        return {}
    ends = [one["first"] or one["inner"] for one in found if one is not None]
    return {
        end: float(size)
        for end, size in zip(ends, np.cumsum(sizes.to_numpy(dtype=float)), strict=True)
        if end is not None
    }


def of_rules(estimates: pd.DataFrame, rules: Mapping[str, Mapping[str, object]]) -> Iterator[Cut]:
    """Groups by the study's rules."""
    groups = estimates[estimates["estimand"] == "rule_groups"]
    for term, rows in groups.groupby("term", sort=False):
        covariate = str(rules.get(str(term), {}).get("covariate", ""))
        yield Cut("rules", str(term), covariate, ends_of(rows["group"], rows["n"]))


def of_displays(displays: pd.DataFrame) -> Iterator[Cut]:
    """Binned effects along a covariate."""
    for covariate, rows in displays.groupby("covariate", sort=False) if len(displays) else ():
        yield Cut("displays", str(covariate), str(covariate), ends_of(rows["level"], rows["n"]))


def of_cells(cells: pd.DataFrame) -> Iterator[Cut]:
    """Either covariate of a pair."""
    for (first, second), rows in cells.groupby(["first", "second"], sort=False) if len(cells) else ():
        for covariate, level in ((first, "first_level"), (second, "second_level")):
            sums = rows.groupby(level, sort=False)["n"].sum()
            yield Cut("cells", f"{first} and {second}", str(covariate), ends_of(sums.index.to_series(), sums))


def of_trees(trees: pd.DataFrame) -> Iterator[Cut]:
    """Nodes of trees of all units to which conditions on one covariate lead, all of them below or all above."""
    whole = trees[trees["fold"] == 0] if len(trees) else trees
    for name, rows in whole.groupby("tree", sort=False) if len(whole) else ():
        nodes: dict[int, Mapping[Any, Any]] = {row["node"]: row for row in rows.to_dict("records")}
        ends: dict[str, dict[str, float]] = {}
        for node in nodes.values():
            path = list(_path(nodes, node))
            columns, sides = {column for column, _, _ in path}, {side for _, side, _ in path}
            if len(columns) == 1 and len(sides) == 1:
                below = sides == {"below"}
                cut = (min if below else max)(cut for _, _, cut in path)
                size = float(node["n"]) if below else float(nodes[0]["n"] - node["n"])
                ends.setdefault(columns.pop(), {})[f"{cut:g}"] = size
        for covariate, own in ends.items():
            yield Cut("trees", str(name), covariate, own)


def _path(
    nodes: Mapping[int, Mapping[Any, Any]], node: Mapping[Any, Any]
) -> Iterator[tuple[str, str, float]]:
    """Covariate, side and cut of every condition from a node up to the root."""
    while node["parent"] >= 0:
        parent = nodes[node["parent"]]
        yield str(parent["column"]), str(node["side"]), float(parent["cut"])
        node = parent


#: Columns that name what of a table has to go; they name one table alone among those of the appraisals.
_NAMED = {"rules": ["term"], "displays": ["covariate"], "cells": ["first", "second"], "trees": ["tree"]}


def named(frame: pd.DataFrame, table: str, gone: set[tuple[str, str]]) -> pd.Series:
    """Rows of what has to go."""
    names = frame[_NAMED[table]].astype(str).agg(" and ".join, axis=1)
    return names.isin({name for own, name in gone if own == table})


def left(frame: pd.DataFrame, table: str, gone: set[tuple[str, str]]) -> pd.DataFrame:
    """A table of an analysis without what has to go: the bins of the estimates, cells of pairs, trees."""
    columns = _NAMED.get(table)
    if columns is None or frame.empty or (table == "displays" and "bin" not in frame):
        return frame
    return frame[~named(frame, table, gone)].reset_index(drop=True)
