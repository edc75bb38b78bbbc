"""From the shards' files of one forest to effects per unit."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from hetflow.forest.effects import effects
from hetflow.forest.sums import add_all, from_frame


def effects_of_shards(frames: Iterable[pd.DataFrame], contrast: str = "treated - control") -> pd.DataFrame:
    """Effects per unit from the shards of one forest.

    Parameters
    ----------
    frames : iterable of DataFrame
        Tables under the contract `forest_sums`, in the order of the shards' names; read one at a time, so
        memory does not grow with the number of trees.
    contrast : str
        Which effect this is.

    Returns
    -------
    DataFrame
        unit, contrast, cate (treated minus control, outcome units), variance (null where it does not hold).

    Raises
    ------
    ValueError
        If shards are missing, doubled, or of different forests.
    """
    sums = add_all(from_frame(frame) for frame in frames)
    cate, variance = effects(sums)
    return pd.DataFrame({"unit": sums.unit, "contrast": contrast, "cate": cate, "variance": variance})
