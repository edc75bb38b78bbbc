"""Gain curves: what treating the first share by each rule gains net of cost, against a random order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hetflow.effects.linear import Vector
from hetflow.effects.policy.priorities import OUT_OF_BAG, Priority
from hetflow.effects.policy.sampled import Halves
from hetflow.effects.policy.tables import sampled_frame
from hetflow.effects.policy.values import RANDOM
from hetflow.effects.ranking import GRID


def gain_curves(
    benefits: Sequence[Vector],
    priorities: Sequence[Priority],
    cost: float,
    halves: Halves,
    level: float,
) -> pd.DataFrame:
    """Qini curves net of cost, with pointwise intervals.

    ``G(q)`` is the sum of benefit less cost over the first share q by a rule, a unit of all. A random order gains
    ``q (ATE - cost)``; the area between the two curves is the rule's QINI, whatever the cost. With one cost for all,
    the order of benefit per cost is that of benefit, and the budget spent is q times the cost (Sun, Du and Wager 2021).

    Parameters
    ----------
    benefits : sequence of ndarray, shape (n,)
        Doubly robust scores in benefit units, one entry a set of scores.
    priorities : sequence of Priority
    cost : float
    halves : Halves
    level : float

    Returns
    -------
    DataFrame
        ``rule, label, basis, q, n`` (treated)``, estimate, se, lower, upper, alternative``: benefit a unit of all.
    """
    units = np.ceil(GRID * halves.weight.size - 1e-9).astype(np.int64)
    tables = []
    for one in priorities:
        sets = [halves.gains(benefit - cost, one.values, GRID) for benefit in benefits]
        frame = sampled_frame(sets, one.basis == OUT_OF_BAG, level)
        tables.append(frame.assign(rule=one.name, label=one.label, basis=one.basis, q=GRID, n=units))
    everybody = [halves.means((benefit - cost)[:, None]) for benefit in benefits]
    sets = [mean * GRID for mean in everybody]
    frame = sampled_frame(sets, False, level)
    tables.append(frame.assign(rule=RANDOM, label="At random", basis="fixed", q=GRID, n=units))
    whole = pd.concat(tables, ignore_index=True)
    first = ["rule", "label", "basis", "q", "n"]
    return whole[first + [name for name in whole if name not in first]]
