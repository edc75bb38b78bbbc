"""Make values missing by a mechanism that is known: the seventeen classes of the taxonomy.

A cell goes missing when its score exceeds a threshold. The score is a linear predictor on the logit scale (how
strongly values, arm, outcome and group speak for missingness) plus standard logistic noise; the structure of
the noise is the structure of the masks. The threshold is the quantile that gives every column exactly the
share of missing cells that was asked for, so that rates hold in every data set and not only on average.

The generator stands alone: it needs a complete data frame and nothing else of a study.

>>> import numpy as np, pandas as pd
>>> complete = pd.DataFrame(np.random.default_rng(1).normal(size=(1000, 4)), columns=list("abcd"))
>>> made = amputate(complete, ["a", "b"], "MAR-WS-B", seed=1, drivers=["c"])
>>> made.mask.mean().tolist()
[0.3, 0.3]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hetflow.missingness.amputation_structures import STRUCTURES
from hetflow.missingness.amputation_task import Influences, Strengths, Task, make_task
from hetflow.missingness.mask_scores import BoolArray
from hetflow.missingness.taxonomy import CLASSES, Mechanism, parse_mechanism

__all__ = ["CLASSES", "Amputation", "Influences", "Mechanism", "Strengths", "amputate"]

OBSERVED, MISSING, ABSENT = "observed", "missing", "not applicable"


@dataclass(frozen=True, slots=True)
class Amputation:
    """Data made incomplete.

    Attributes
    ----------
    frame : DataFrame, shape (n, p)
        The data with gaps; numeric columns that were made incomplete are float64.
    mask : DataFrame of bool, shape (n, q)
        True where a value exists and was hidden.
    reason : DataFrame of str, shape (n, q)
        ``observed``, ``missing`` (exists but hidden) or ``not applicable`` (no value exists).
    mechanism : Mechanism
    directions : DataFrame, shape (drivers, q)
        Weights of the standardised drivers in each column's value score; without columns unless MAR.
    """

    frame: pd.DataFrame
    mask: pd.DataFrame
    reason: pd.DataFrame
    mechanism: Mechanism
    directions: pd.DataFrame


def amputate(
    frame: pd.DataFrame,
    columns: Sequence[str],
    mechanism: str | Mechanism,
    *,
    seed: int,
    rate: float | Mapping[str, float] = 0.3,
    drivers: Sequence[str] | None = None,
    blocks: Sequence[Sequence[str]] | None = None,
    strengths: Strengths | None = None,
    influences: Influences | None = None,
    exists: pd.DataFrame | None = None,
) -> Amputation:
    """Hide values of some columns by a mechanism of the taxonomy.

    Parameters
    ----------
    frame : DataFrame, shape (n, p)
        Complete data; text columns are allowed.
    columns : sequence of str
        Columns to make incomplete, in the order of measurement, which sequential classes follow.
    mechanism : str or Mechanism
        One of `hetflow.missingness.taxonomy.CLASSES`.
    seed : int
        Not negative. Streams are keyed by purpose and column: what happens to a column does not depend on
        the columns' places in `frame`.
    rate : float or mapping of column to float
        Share of missing cells among those that exist, strictly between 0 and 1. A single number is every
        column's rate, except under SS-S, where rates must rise: there it is the mean, and the j-th of q
        columns of a block gets ``2 rate j / (q + 1)``. Met to half a cell (where a deterministic score has
        ties, to 1 % of the units or refused).
    drivers : sequence of str, optional
        Observed columns on which MAR masks depend; by default all that are not in `columns`. Every column
        (under strong structure every block) has a direction of its own in their space, drawn from the seed; a
        single driver is followed upwards.
    blocks : sequence of sequences of str, optional
        Partition of `columns` within which masks are related; one block by default.
    strengths : Strengths, optional
    influences : Influences, optional
        Arm, outcome and groups; a class's name speaks of covariates only.
    exists : DataFrame of bool, optional
        False where a column (of `columns`, all or some) has no value; these cells become gaps too, beside
        the rate. Under SS-B the rate is the share of units for which any member of the block exists.

    Returns
    -------
    Amputation

    Raises
    ------
    Refused
        For unknown classes or columns, incomplete data, rates out of range or out of reach.

    Notes
    -----
    P(missing | values) is logistic under U, WS-B and SS-B, and the same for a given direction: structure
    changes how masks hang together, not how one mask depends on values. WS-S is a first-order chain in the
    order of `columns`, SS-S a discrete-time hazard. Under MNAR the score is the column's own value (SS-B: the
    mean of the block's standardised values). The classes are those of Jackson et al. (arXiv 2307.02650).
    """
    chosen = parse_mechanism(mechanism) if isinstance(mechanism, str) else mechanism
    task = make_task(
        frame,
        list(columns),
        chosen,
        seed,
        rate,
        drivers,
        blocks,
        strengths or Strengths(),
        influences or Influences(),
        exists,
    )
    masks: dict[str, BoolArray] = {}
    for block in task.blocks:
        masks |= STRUCTURES[chosen.structure](task, block)
    mask = pd.DataFrame({name: masks[name] for name in columns}, index=frame.index)
    return Amputation(_hide(task, mask), mask, _reasons(task, mask), chosen, _directions(task))


def _hide(task: Task, mask: pd.DataFrame) -> pd.DataFrame:
    gaps = {name: mask[name].to_numpy() | ~task.exists[name] for name in map(str, mask)}
    return task.frame.assign(**{name: task.frame[name].mask(gap) for name, gap in gaps.items()})


def _reasons(task: Task, mask: pd.DataFrame) -> pd.DataFrame:
    parts = {
        name: np.where(~task.exists[name], ABSENT, np.where(mask[name], MISSING, OBSERVED))
        for name in map(str, mask)
    }
    return pd.DataFrame(parts, index=mask.index)


def _directions(task: Task) -> pd.DataFrame:
    if task.mechanism.values != "MAR":
        return pd.DataFrame(index=task.drivers)
    strong = task.mechanism.structure.startswith("SS")
    parts = {name: task.direction(block[0] if strong else name) for block in task.blocks for name in block}
    return pd.DataFrame(parts, index=task.drivers)
