"""The whole diagnosis of structure: tables and headline facts of one cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.missingness.masks import Masks, cells, compress
from hetflow.missingness.structure.alike import blocks, near
from hetflow.missingness.structure.communities import adjacency, louvain, modularity
from hetflow.missingness.structure.curveball import BURN_IN, DRAWS, THINNING
from hetflow.missingness.structure.entropy import structure_index
from hetflow.missingness.structure.flux import flux
from hetflow.missingness.structure.groups import MOST_CLUSTERS, group_levels, shares
from hetflow.missingness.structure.headline import headline
from hetflow.missingness.structure.nesting import nested, nesting, sequences
from hetflow.missingness.structure.network import network
from hetflow.missingness.structure.pairs import file_matching
from hetflow.missingness.structure.predictors import predictors
from hetflow.missingness.structure.reasons import by_reason
from hetflow.missingness.structure.rules import absence, declarations, find_rules, rules_table
from hetflow.seeds import generator


@dataclass(frozen=True, slots=True)
class Structure:
    """Tables by name and the facts of ``structure.json``."""

    tables: dict[str, pd.DataFrame]
    facts: dict[str, Any]


def describe_structure(
    frame: pd.DataFrame,
    outcomes: pd.DataFrame,
    columns: Sequence[Column],
    reasons: pd.DataFrame,
    settings: Mapping[str, Any],
) -> Structure:
    """Describe the structure of what is missing.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Cohort.
    outcomes : DataFrame, shape (n, 1 + outcomes)
        Of the same units; only where they are missing is looked at.
    columns : sequence of Column
        Columns of the cohort, covariates and auxiliaries.
    reasons : DataFrame
        Contract ``reasons``.
    settings : mapping
        ``seed``, ``groups`` (names of columns), ``strata`` and ``clusters`` (whether the design has them).

    Returns
    -------
    Structure
        Independent of the order of columns, and of the order of rows.
    """
    aligned = outcomes.set_index("unit").loc[frame["unit"].to_numpy()].reset_index()
    table = cells(frame, columns, aligned)
    masks = compress(table)
    seed, clusters = int(settings["seed"]), bool(settings["clusters"])
    groups = group_levels(frame, columns, settings["groups"], settings["strata"], clusters)
    tables = {
        "groups": shares(table, groups, clusters),
        "reasons": by_reason(table, frame["unit"].to_numpy(), reasons, groups),
        "flux": flux(table),
        "blocks": blocks(masks, {column.name: column.block for column in columns}),
        "file_matching": file_matching(table),
        "network": network(masks, generator(seed, "structure", "network")),
    }
    relation = nested(masks)
    visits = {column.name: column.visit for column in columns}
    last = 1 + max(visits.values(), default=0)
    visits |= dict.fromkeys(table.names[len(columns) :], last)  # outcomes come after all else
    tables |= {"nesting": nesting(masks, relation), "sequences": sequences(masks, relation, visits)}
    absent = absence(table)
    known = predictors(
        frame, columns, settings["strata"], clusters and frame["cluster"].nunique() <= MOST_CLUSTERS
    )
    found = find_rules(absent, known, generator(seed, "structure", "rules"))
    tables["rules"] = rules_table(absent, found, declarations(frame, columns))
    weights = adjacency(tables["network"], len(masks))
    labels = louvain(weights)
    named = set(table.names[len(columns) :])
    tables["nodes"] = _nodes(masks, labels, named)
    facts = headline(table, masks, tables, named) | _indices(masks, labels, seed)
    facts["network"] |= {"modularity": modularity(weights, labels), "draws": DRAWS}
    facts["network"] |= {"burn_in": BURN_IN, "thinning": THINNING}
    return Structure(tables, facts)


def _nodes(masks: Masks, labels: NDArray[np.int64], outcomes: set[str]) -> pd.DataFrame:
    """The distinct masks that the other tables number: mask, columns, width, rows, applicable, outcome (whether an
    outcome is among the columns), near_block, community."""
    return pd.DataFrame(
        {
            "mask": np.arange(1, len(masks) + 1),
            "columns": np.array([", ".join(group) for group in masks.members], dtype=object),
            "width": masks.widths,
            "rows": masks.rows,
            "applicable": masks.applies.sum(axis=0),
            "outcome": [bool(outcomes & set(group)) for group in masks.members],
            "near_block": near(masks) + 1,
            "community": labels + 1,
        }
    )


def _indices(masks: Masks, labels: NDArray[np.int64], seed: int) -> dict[str, Any]:
    """The structure index of all distinct masks, and of each community of two masks or more."""
    if not len(masks):
        return {"structure_index": None, "communities": []}
    whole = structure_index(masks, generator(seed, "structure", "index"))
    communities = []
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        if len(places) > 1:
            own = Masks(
                tuple(masks.members[place] for place in places),
                masks.missing[:, places],
                masks.applies[:, places],
            )
            index = structure_index(own, generator(seed, "structure", "index", int(label)))
            communities.append(
                {
                    "community": int(label) + 1,
                    "masks": [int(place) + 1 for place in places],
                    "columns": int(own.widths.sum()),
                    "structure_index": index.to_json(),
                }
            )
    return {"structure_index": whole.to_json(), "communities": communities}
