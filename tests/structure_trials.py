"""Trials of the network and the communities on masks of known structure, shared by tests and validation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hetflow.missingness.structure.communities import adjacency, louvain
from hetflow.missingness.structure.network import network
from mask_worlds import adjusted_rand, as_masks, unstructured, weak_blocks


@dataclass(frozen=True, slots=True)
class World:
    """Unstructured masks: units, masks, spread of the units' and of the masks' effects on the logit scale."""

    n: int
    k: int
    sick: float
    rare: float


WORLDS = (
    World(500, 20, 1.0, 0.8),
    World(1000, 20, 1.0, 0.8),
    World(1000, 20, 1.5, 1.2),
    World(1000, 8, 1.0, 0.8),
)


def false_discoveries(world: World, replicates: int) -> tuple[float, float]:
    """Share of replicates with any edge (the false discovery rate, as every edge is false), and share of p < 0.05."""
    any_edge, small = 0, []
    for replicate in range(replicates):
        rng = np.random.default_rng([17, world.n, world.k, int(10 * world.sick), replicate])
        masks = as_masks(unstructured(rng, world.n, world.k, world.sick, world.rare))
        table = network(masks, np.random.default_rng(replicate))
        any_edge += bool((table["edge"] != "").any())
        small.append(float((table["p"] < 0.05).mean()))
    return any_edge / replicates, float(np.mean(small))


def block_agreement(
    n: int, sizes: tuple[int, ...], correlation: float, replicates: int
) -> tuple[list[float], float]:
    """Adjusted Rand index of communities and planted weak blocks, and mean share of edges between blocks."""
    index, wrong = [], []
    for replicate in range(replicates):
        rng = np.random.default_rng([18, n, len(sizes), replicate])
        missing, block = weak_blocks(rng, n, sizes, correlation)
        masks = as_masks(missing)
        table = network(masks, np.random.default_rng(replicate))
        own = block[[int(name[1:]) for name in masks.names]]
        index.append(adjusted_rand(louvain(adjacency(table, len(masks))), own))
        edges = table[table["edge"] == "together"]
        across = own[edges["first"].to_numpy() - 1] != own[edges["second"].to_numpy() - 1]
        wrong.append(float(across.mean()) if len(edges) else 0.0)
    return index, float(np.mean(wrong))
