"""What the figures and the table of the structure of missing values show, from the tables of the structure stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

from hetflow.report.disclosure import shown
from hetflow.report.mask_names import MaskNames
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words

MOST_NODES = 18
"""Masks in one drawing; of more, those with most rows."""
_STATUS = {
    "contradicted": "contradicted: values are recorded where the dictionary says that none exist",
    "undeclared": "not in the dictionary",
    "beside": "beside what the dictionary says",
    "confirmed": "as the dictionary says",
    "declared": "as the dictionary says; too few to tell from chance",
}


def node_labels(
    nodes: pd.DataFrame, cohort: Mapping[str, Any], words: Words, units: int, minimum: int
) -> pd.DataFrame:
    """Masks of at least `minimum` rows, most first, with what to call them.

    Returns
    -------
    DataFrame
        mask, label, share (of all units), community; at most 18 rows.
    """
    kept = nodes[nodes["rows"] >= minimum].sort_values(["rows", "mask"], ascending=[False, True])
    kept = kept.head(MOST_NODES)
    called = MaskNames.of(cohort["columns"], words, cohort.get("outcomes"))
    labels = [
        called.label(called.split(row["columns"]), bool(row["outcome"])) for row in kept.to_dict("records")
    ]
    return pd.DataFrame(
        {
            "mask": kept["mask"].to_numpy(),
            "label": labels,
            "share": kept["rows"].to_numpy() / units,
            "community": kept["community"].to_numpy(),
        }
    )


def network_frames(
    nodes: pd.DataFrame, network: pd.DataFrame, minimum: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Masks that an edge of the kind "together" touches, by community, and these edges.

    Parameters
    ----------
    nodes : DataFrame
        From `node_labels`.
    network : DataFrame
        The stage's table.
    minimum : int
        Edges of fewer units missing under both are left out.

    Returns
    -------
    nodes : DataFrame
        As given, communities with most rows first.
    edges : DataFrame
        first, second (labels), strength (normalised mutual information).
    """
    edges = network[(network["edge"] == "together") & (network["together"] >= minimum)]
    edges = edges[edges["first"].isin(nodes["mask"]) & edges["second"].isin(nodes["mask"])]
    touched = nodes[nodes["mask"].isin({*edges["first"], *edges["second"]})].copy()
    widest = touched.groupby("community")["share"].transform("max")
    touched = touched.assign(widest=widest).sort_values(
        ["widest", "community", "share", "mask"], ascending=[False, True, False, True]
    )
    label = dict(zip(nodes["mask"], nodes["label"], strict=True))
    frame = pd.DataFrame(
        {
            "first": [label[mask] for mask in edges["first"]],
            "second": [label[mask] for mask in edges["second"]],
            "strength": edges["nmi"].to_numpy(),
        }
    )
    return touched.drop(columns="widest").reset_index(drop=True), frame


def nesting_frames(nodes: pd.DataFrame, nesting: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Nested masks with the layer each stands in (0: nothing is nested in it), and the edges by label."""
    kept = nesting[nesting["inner"].isin(nodes["mask"]) & nesting["outer"].isin(nodes["mask"])]
    touched = nodes[nodes["mask"].isin({*kept["inner"], *kept["outer"]})].copy()
    layer = dict.fromkeys(touched["mask"], 0)
    for _ in range(len(layer)):
        for inner, outer in zip(kept["inner"], kept["outer"], strict=True):
            layer[outer] = max(layer[outer], layer[inner] + 1)
    label = dict(zip(nodes["mask"], nodes["label"], strict=True))
    edges = pd.DataFrame(
        {
            "inner": [label[mask] for mask in kept["inner"]],
            "outer": [label[mask] for mask in kept["outer"]],
        }
    )
    return touched.assign(layer=[layer[mask] for mask in touched["mask"]]).reset_index(drop=True), edges


def seriated(patterns: pd.DataFrame, masks: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The map of patterns with masks that go together side by side, and bands that are alike one below another.

    Masks in the optimal leaf order (Bar-Joseph et al. 2001) of average linkage on 1 - Jaccard over units; bands by
    their cells in that order, the band of small patterns last.
    """
    names = list(masks["mask"])
    if len(names) < 3:
        return patterns, masks
    cells = patterns[names].to_numpy(dtype=np.float64)
    weight = patterns["units"].to_numpy(dtype=np.float64)
    both = (cells * weight[:, None]).T @ cells
    rows = (cells * weight[:, None]).sum(axis=0)
    either = np.maximum(rows[:, None] + rows[None, :] - both, 1e-12)
    apart = np.clip(1 - both / either, 0.0, 1.0)
    np.fill_diagonal(apart, 0.0)
    condensed = squareform((apart + apart.T) / 2, checks=False)
    order = leaves_list(optimal_leaf_ordering(linkage(condensed, "average"), condensed))
    if rows[order[0]] < rows[order[-1]]:
        order = order[::-1]
    own = patterns[patterns["label"] == "pattern"]
    keys = own[[names[place] for place in order]].to_numpy()
    bands = own.iloc[np.lexsort([-own["units"].to_numpy(), *(-keys[:, ::-1].T)])] if len(own) else own
    rest = patterns[patterns["label"] != "pattern"]
    return pd.concat([bands, rest], ignore_index=True), masks.iloc[order].reset_index(drop=True)


def design_table(
    rules: pd.DataFrame, columns: Sequence[Mapping[str, Any]], words: Words, minimum: int
) -> tuple[Table, pd.DataFrame]:
    """Conditions under which nobody has a value, for the page and for export; those of too few units are left out."""
    called = MaskNames.of(columns, words)
    kept = rules[(rules["units"] >= minimum) & (rules["absent"] >= minimum)]
    records = []
    for row in kept.to_dict("records"):
        records.append(
            {
                "variables": row["columns"],
                "label": called.label(called.split(row["columns"])),
                "condition": row["condition"] or f"not ({row['declared']})",
                "without": shown(row["absent"], minimum),
                "recorded": shown(row["contradictions"], minimum),
                "status": _STATUS[row["status"]],
                "suggestion": row["suggestion"],
            }
        )
    names = ["variables", "label", "condition", "without", "recorded", "status", "suggestion"]
    frame = pd.DataFrame(records, columns=names)
    body = tuple(
        Cell((row["label"], row["condition"], row["without"], row["recorded"], row["status"]))
        for row in frame.to_dict("records")
    )
    head = ("Variable", "No value where", "Participants", "Values there", "Dictionary")
    note = (
        "Found by trees of at most three conditions on what was known at baseline. That no value was ever recorded "
        "under a condition is seen in the data; whether one exists there only the dictionary can say (applicable_if)."
    )
    return Table("design", "Values absent by design", head, body, (0, 1, 4), note, True), frame
