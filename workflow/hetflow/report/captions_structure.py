"""Captions and alternative texts of the figures of the structure of missing values."""

from __future__ import annotations

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.captions import Caption
from hetflow.report.words import listed


def patterns_caption(patterns: pd.DataFrame, masks: pd.DataFrame, minimum: int) -> Caption:
    """Of the dot matrix of the largest patterns."""
    top = patterns.sort_values("units", ascending=False, kind="stable").head(3)
    label = dict(zip(masks["mask"], masks["label"], strict=True))
    said = []
    for row in top.to_dict("records"):
        gone = [label[mask] for mask in masks["mask"] if row[mask] > 0]
        said.append(
            f"{fmt.count(row['units'])} participants miss {listed(gone) if gone else 'nothing shown'}"
        )
    return Caption(
        "The most frequent patterns",
        "A row is what some participants miss together (filled dots), and how many they are. Patterns of fewer than "
        f"{minimum} are not shown.",
        f"Dot matrix with bars. {'; '.join(said)}.",
    )


def network_caption(nodes: pd.DataFrame, edges: pd.DataFrame) -> Caption:
    """Of the co-missingness network."""
    strongest = edges.sort_values("strength", ascending=False, kind="stable").head(3)
    said = "; ".join(f"{row['first']} with {row['second']}" for row in strongest.to_dict("records"))
    return Caption(
        "What goes missing together beyond chance",
        "An arc joins variables that are missing in the same participants more often than they would be if each "
        "participant kept the number of missing values and each variable its share (false discovery rate 5 %). Thick: "
        "one says nearly all about the other. A colour is a community. Per cent: missing, of all participants.",
        f"Arc diagram of {len(nodes)} sets of variables and {len(edges)} links. The strongest: {said}.",
    )


def nesting_caption(edges: pd.DataFrame) -> Caption:
    """Of the nesting graph."""
    said = "; ".join(f"{row['inner']} within {row['outer']}" for row in edges.head(5).to_dict("records"))
    return Caption(
        "Missing within missing",
        "An arrow leads from a variable to another that whoever misses the first misses too (98 % of them or more). "
        "Two arrows in a row imply a third, which is not drawn. Per cent: missing, of all participants.",
        f"Graph of {len(edges)} arrows. {said}.",
    )
