"""Bags grown and added up by threads: first bags are shared out, then units, so that no two write one sum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

_BAGS_A_THREAD = 8
"""Most bags that wait to be added up, for each thread: more idle less at the end of a round, and hold more trees."""
_WAITING_UNITS = 1_000_000
"""Units of the bags that wait, for each thread: what a bag holds grows with its units."""


def for_each_bag(
    grow: Callable[[int], Any],
    add: Callable[[list[Any], int, int], None],
    bags: Sequence[int],
    units: int,
    threads: int,
) -> None:
    """Grow all bags and add them up.

    Parameters
    ----------
    grow : callable
        From a bag's number to what `add` takes of it.
    add : callable
        Adds a list of grown bags for the units `first` to `last` - 1.
    bags : sequence of int
        Numbers of the bags.
    units : int
        Number of units.
    threads : int
        Number of threads; with one, bag after bag is grown and added up.
    """
    if threads <= 1:
        for bag in bags:
            add([grow(bag)], 0, units)
        return
    cuts = np.linspace(0, units, threads + 1).astype(int)
    size = threads * min(_BAGS_A_THREAD, max(1, _WAITING_UNITS // max(1, units)))
    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, len(bags), size):
            grown = list(pool.map(grow, bags[first : first + size]))
            jobs = [pool.submit(add, grown, low, high) for low, high in pairwise(cuts)]
            for job in jobs:
                job.result()
