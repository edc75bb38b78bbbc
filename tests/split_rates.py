"""How often repeated sample splits reject, and how often their interval holds the average effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from hetflow.effects.one_split import Trial, evaluate_split
from hetflow.effects.split_tables import groups_table, learners_table, predictor_table
from split_world import SETTINGS

LEVEL = 0.05


def split_rates(
    draw: Callable[[np.random.Generator], Trial],
    replicates: int,
    splits: int,
    learners: Sequence[str],
    first: int = 0,
    average: float = 1.0,
) -> pd.DataFrame:
    """One row a simulated trial: p-values of slope and gap, whether the interval of the average holds the truth.

    The slope's and the gap's p-value are those of the learner that Lambda or Lambda-bar chose on the same data;
    ``single_*`` are the first split's alone, by the first learner and undoubled.
    """
    settings = SETTINGS | {"splits": SETTINGS["splits"] | {"learners": list(learners)}}
    rows = []
    for replicate in range(first, first + replicates):
        trial = draw(np.random.default_rng([replicate, 2024]))
        bare = Trial(
            **{name: getattr(trial, name) for name in Trial.__slots__}
            | {"values": trial.X[:, :0], "names": []}
        )
        parts = pd.concat([evaluate_split(bare, s, learners, 4, replicate) for s in range(splits)])
        told = learners_table(parts)
        blp = predictor_table(parts, settings, told).query("chosen == 1").set_index("term")
        gap = groups_table(parts, settings, told).query("chosen == 1").iloc[-1]
        alone = parts[(parts["split"] == 0) & (parts["learner"] == learners[0])]
        line = predictor_table(alone, settings, learners_table(alone)).query("chosen == 1").set_index("term")
        rows.append(
            {
                "slope": blp.loc["slope", "p"],
                "gap": gap["p"],
                "covered": blp.loc["average", "lower"] <= average <= blp.loc["average", "upper"],
                "single_slope": line.loc["slope", "p"] / 2,
            }
        )
    return pd.DataFrame(rows)


def summary(found: pd.DataFrame) -> dict[str, float]:
    """Rates of rejection at `LEVEL` and of coverage."""
    rates = {name: float((found[name] < LEVEL).mean()) for name in ("slope", "gap", "single_slope")}
    return rates | {"covered": float(found["covered"].mean())}
