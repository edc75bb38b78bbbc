"""The participant flow: how many units each step leaves, in all and by arm."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

OUTSIDE = -1  # in neither compared arm
UNASSIGNED = -2  # treatment missing


@dataclass(frozen=True, slots=True)
class Step:
    """One box of the flow.

    Attributes
    ----------
    label : str
        What the units that are left have in common.
    total, treated, control : int
        Units left after the step.
    excluded : int
        Units that the step took away, those for which the rule cannot be told included.
    unknown : int
        Units for which the rule cannot be told.
    """

    label: str
    total: int
    treated: int
    control: int
    excluded: int = 0
    unknown: int = 0


def step(
    label: str, kept: NDArray[np.bool_], arm: NDArray[np.int8], before: NDArray[np.bool_], unknown: int = 0
) -> Step:
    """The box of the units in `kept`, after the units in `before`."""
    return Step(
        label=label,
        total=int(kept.sum()),
        treated=int((arm[kept] == 1).sum()),
        control=int((arm[kept] == 0).sum()),
        excluded=int(before.sum() - kept.sum()),
        unknown=unknown,
    )


def flow_table(steps: list[Step]) -> pd.DataFrame:
    """One row a step, the file as read first: ``step, label, total, treated, control, excluded, unknown``."""
    return pd.DataFrame([{"step": number, **asdict(one)} for number, one in enumerate(steps)])
