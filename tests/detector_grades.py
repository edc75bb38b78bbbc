"""Grades of the detector of mechanisms on data whose mechanism is known.

Five columns are made incomplete by one of the seventeen classes, four stay observed; the detector is told in which
order the five were measured. A data set's grade is the share of its masks that are labelled rightly: the place among
other masks (structure and form), and the relation to observed values with its nature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from amputation_world import DRIVERS, INCOMPLETE, complete_data
from hetflow.missingness.amputation import CLASSES, Strengths, amputate, parse_mechanism
from hetflow.missingness.mechanism.label import NOT_IDENTIFIABLE, label_masks

UNITS = 2000
DISCERNIBLE = tuple(name for name in CLASSES if not name.startswith("MNAR"))
SHORTEST_CHAIN = 3
"""Of two columns that hang together weakly nothing tells whether they are a block or a sequence."""
FORMS = {
    "U": ("U", "none"),
    "WS-B": ("WS", "block"),
    "WS-S": ("WS", "sequential"),
    "SS-B": ("SS", "block"),
    "SS-S": ("SS", "sequential"),
}


@dataclass(frozen=True)
class Family:
    """How data are generated.

    Attributes
    ----------
    strengths : Strengths
    rate : float
    skewed : bool
        Log-normal, uniform, binary and three-valued drivers instead of normal ones.
    blocks : tuple of tuples of str, optional
        One block by default.
    """

    strengths: Strengths = Strengths()  # noqa: RUF009 (immutable)
    rate: float = 0.3
    skewed: bool = False
    blocks: tuple[tuple[str, ...], ...] | None = None


FAMILIES = {
    "strong": Family(),
    "weak": Family(Strengths(values=0.5)),
    "tails": Family(Strengths(shape="tails")),
    "foreign": Family(Strengths(2.0, "step", 0.7, 2.5), 0.4, True, (("a", "b", "c"), ("d", "e"))),
}
"""The detector was tuned on none but `strong`."""


def foreign_drivers(frame: pd.DataFrame) -> pd.DataFrame:
    """Normal drivers given other margins; the dependence between columns stays."""
    w, x, y, z = (frame[name].to_numpy() for name in DRIVERS)
    cut = np.quantile(z, [1 / 3, 2 / 3])
    return frame.assign(
        w=np.exp(w), x=np.argsort(np.argsort(x)) / len(x), y=(y > 0.3) * 1.0, z=np.searchsorted(cut, z)
    )


def grade(name: str, family: Family, seed: int, units: int = UNITS) -> dict[str, float]:
    """Grades of one data set.

    Returns
    -------
    dict
        ``structure``, ``values``: shares of masks labelled rightly. ``structured``: whether any mask was called
        structured. ``identified``: whether any mechanism was claimed to be identified.
    """
    whole = complete_data(units, seed)
    if family.skewed:
        whole = foreign_drivers(whole)
    made = amputate(
        whole,
        INCOMPLETE,
        name,
        seed=seed,
        rate=family.rate,
        drivers=DRIVERS,
        blocks=family.blocks,
        strengths=family.strengths,
    )
    labels = label_masks(
        made.mask.to_numpy(),
        made.frame[DRIVERS].to_numpy(dtype=float),
        seed=seed,
        names=INCOMPLETE,
        visit=[1.0, 2.0, 3.0, 4.0, 5.0],
    )
    mechanism = parse_mechanism(name)
    structure, form = FORMS[mechanism.structure]
    pair = {column for block in family.blocks or () if len(block) < SHORTEST_CHAIN for column in block}
    unknown = labels["columns"].isin(pair) if structure == "WS" else pd.Series(False, index=labels.index)
    right = (labels["structure"] == structure) & (labels["form"] == np.where(unknown, NOT_IDENTIFIABLE, form))
    nature = {"P": "probabilistic", "D": "deterministic"}[mechanism.nature]
    values = labels["nature"] == ("none" if mechanism.values == "MCAR" else nature)
    return {
        "structure": float(right.mean()),
        "values": float(values.mean()),
        "structured": float((labels["structure"] != "U").any()),
        "identified": float((labels["mechanism"] != NOT_IDENTIFIABLE).any()),
    }


def grades(
    family: str, classes: Sequence[str], replicates: int, first: int = 0, units: int = UNITS
) -> pd.DataFrame:
    """One row a data set, indexed by class."""
    rows = [
        {"class": name} | grade(name, FAMILIES[family], first + j, units)
        for name in classes
        for j in range(replicates)
    ]
    return pd.DataFrame(rows).set_index("class")
