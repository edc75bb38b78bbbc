"""The first bags of a forest grown once more, to tell on which covariates its trees split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hetflow.errors import refuse
from hetflow.forest.grow import open_forest
from hetflow.forest.importance import split_frequencies, variable_importance
from hetflow.forest.samples import ALL, units_of

#: Engine whose trees can be read node by node.
READABLE = "histogram"


def split_importance(
    inputs: Mapping[str, Any],
    settings: Mapping[str, Any],
    seed: int,
    label: tuple[str, int],
    bags: int,
    parts: int,
    order: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Importance by splits of several parts of a forest.

    Parameters
    ----------
    inputs : mapping
        From `hetflow.forest.inputs.forest_inputs`.
    settings : mapping
        The section `forest` as the forest stage reads it.
    seed : int
    label : (str, int)
        Mode and imputation: with the study's seed the bags are those of the study's own forest.
    bags : int
        The first so many bags are grown; at least `parts`.
    parts : int
    order : ndarray of int64, shape (n,), optional
        Rows of the covariates are put into this order first: shuffled, they tell nothing about the effect.

    Returns
    -------
    ndarray, shape (parts, p)
        As `hetflow.forest.importance.variable_importance`; bag b belongs to part b modulo `parts`.

    Raises
    ------
    Refused
        If the engine's trees cannot be read.
    """
    if settings["engine"] != READABLE:
        refuse(
            "modifiers: importance by splits",
            f"forest.engine {READABLE}, whose trees can be read",
            settings["engine"],
            "read the importance by permutation and by Shapley values, which any engine has",
        )
    chosen = {key: value for key, value in inputs.items() if key not in ("unit", "fold", "scored")}
    chosen["in_sample"] = inputs["scored"] & units_of(ALL, inputs["fold"])
    if order is not None:
        chosen["X"] = inputs["X"][order]
        chosen["evaluated"] = None
    forest = open_forest(**chosen, seed=seed, label=(*label, ALL), settings=settings)
    covariates = inputs["X"].shape[1]
    return np.stack(
        [
            variable_importance(
                split_frequencies((forest.grow(bag)[0] for bag in range(part, bags, parts)), covariates)
            )
            for part in range(parts)
        ]
    )
