"""Headline facts of the structure, from its tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hetflow.missingness.masks import Cells, Masks

FEWEST_OF_A_LEVEL = 30
"""Levels with fewer units to whom a column applies are not compared with others."""
NOT_IDENTIFIABLE = (
    "Whether values are missing because of what they would have been cannot be told from data. Whether a value exists "
    "is told by the dictionary alone (applicable_if)."
)


def headline(
    table: Cells, masks: Masks, tables: Mapping[str, pd.DataFrame], outcomes: set[str]
) -> dict[str, Any]:
    """Facts of ``structure.json`` that are read off the tables; `outcomes` are columns of `table`."""
    return {
        "units": len(table.missing),
        "columns": len(table.names),
        "incomplete_columns": int(table.missing.any(axis=0).sum()),
        "distinct_masks": len(masks),
        "blocks": _blocks(tables["blocks"]),
        "nesting": {"edges": len(tables["nesting"]), "sequences": _sequences(tables["sequences"])},
        "file_matching": _pairs(tables["file_matching"]),
        "network": _network(tables["network"]),
        "rules": {str(key): int(value) for key, value in tables["rules"]["status"].value_counts().items()},
        "contradictions": _contradictions(tables["rules"]),
        "arms": _arms(tables["groups"]),
        "outcomes": _outcomes(tables["groups"], outcomes),
        "groups": _spread(tables["groups"]),
        "not_identifiable": NOT_IDENTIFIABLE,
    }


def _blocks(blocks: pd.DataFrame) -> dict[str, Any]:
    exact = blocks[blocks["kind"] == "exact"]
    largest = exact.head(1).to_dict("records")
    return {
        "exact": len(exact),
        "near": int((blocks["kind"] == "near").sum()),
        "largest": {key: largest[0][key] for key in ("columns", "width", "any_missing")} if largest else None,
    }


def _sequences(sequences: pd.DataFrame) -> list[dict[str, Any]]:
    return [{"masks": row["masks"], "order": row["order"]} for row in sequences.to_dict("records")]


def _pairs(pairs: pd.DataFrame) -> dict[str, int]:
    counts: dict[Any, Any] = pairs.groupby("why")["pairs"].sum().to_dict()
    return {
        key: int(counts.get(f"{key} together", 0))
        for key in ("never observed", "seldom observed", "never exist")
    }


def _network(network: pd.DataFrame) -> dict[str, Any]:
    return {
        "pairs": len(network),
        "together": int((network["edge"] == "together").sum()),
        "apart": int((network["edge"] == "apart").sum()),
    }


def _contradictions(rules: pd.DataFrame) -> list[dict[str, Any]]:
    wrong = rules[rules["status"] == "contradicted"]
    return [
        {key: row[key] for key in ("columns", "declared", "contradictions")}
        for row in wrong.to_dict("records")
    ]


def _arms(groups: pd.DataFrame) -> list[dict[str, Any]]:
    """Columns whose interval of the difference between the arms leaves zero out, treated minus control; largest first.

    Without intervals (clusters) there are none.
    """
    arms = groups[(groups["by"] == "arm") & (groups["level"] == "treated")]
    sure = arms[(arms["lower"] > 0) | (arms["upper"] < 0)]
    order = np.lexsort((sure["column"].to_numpy(dtype=str), -sure["difference"].abs().to_numpy()))
    return [
        {key: row[key] for key in ("column", "share", "difference", "lower", "upper")}
        for row in sure.iloc[order].to_dict("records")
    ]


def _outcomes(groups: pd.DataFrame, outcomes: set[str]) -> list[dict[str, Any]]:
    """Drop-out by arm of every outcome that is missing anywhere: shares, and treated minus control."""
    rows = groups[(groups["by"] == "arm") & groups["column"].isin(outcomes)]
    found = []
    for name, own in rows.groupby("column"):
        arm = {str(row["level"]): row for row in own.to_dict("records")}
        found.append(
            {"column": str(name)}
            | {level: float(arm[level]["share"]) for level in ("treated", "control")}
            | {key: float(arm["treated"][key]) for key in ("difference", "lower", "upper")}
        )
    return found


def _spread(groups: pd.DataFrame) -> list[dict[str, Any]]:
    """For every grouping but the arm, the column whose share missing differs most between two of its levels.

    Levels of at least 30 units to whom the column applies; described, not tested.
    """
    large = groups[(groups["by"] != "arm") & (groups["applicable"] >= FEWEST_OF_A_LEVEL)]
    found = []
    for by, own in large.groupby("by", sort=False):
        shares = own.groupby("column")["share"]
        span = shares.max() - shares.min()
        if not len(span) or span.max() <= 0:
            continue
        rows = own[own["column"] == span.index[int(np.argmax(span.to_numpy()))]].to_dict("records")
        ends = {
            "lowest": min(rows, key=lambda row: (row["share"], row["level"])),
            "highest": min(rows, key=lambda row: (-row["share"], row["level"])),
        }
        keys = ("level", "missing", "applicable", "share")
        sides = {end: {key: row[key] for key in keys} for end, row in ends.items()}
        found.append({"by": str(by), "column": str(rows[0]["column"])} | sides)
    return found
