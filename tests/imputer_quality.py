"""Quality of imputations of the mixed world: means over the first m imputations, and what must never break."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pandas as pd
from hetflow.missingness.chained import ChainSettings
from hetflow.missingness.strategies import complete
from hetflow.missingness.task import Settings
from imputation_world import Quality, World, quality

ENGINES = ("pmm", "normal", "tree")


def impute(world: World, engine: str, imputations: range, seed: int = 1) -> list[pd.DataFrame]:
    """Deployment-mode imputations by an engine."""
    settings = Settings(chain=ChainSettings(engine=engine))
    return [
        complete(
            world.seen, world.columns, "multiple_imputation", "deployment", k, seed, settings=settings
        ).frame
        for k in imputations
    ]


def mean_quality(world: World, completed: list[pd.DataFrame]) -> Quality:
    """Mean over imputations of every measure."""
    return Quality(*np.mean([astuple(quality(world, one)) for one in completed], axis=0))


def assert_respects_data(world: World, completed: pd.DataFrame) -> None:
    """Observed cells bit for bit, no gap left, and no level that the data do not know."""
    for name in world.seen.columns.drop("unit"):
        seen = world.seen[name]
        assert completed[name].where(seen.notna()).equals(seen.where(seen.notna())), name
        assert completed[name].notna().all()
        if name[0] in "bn":
            assert set(completed[name]) <= set(seen.dropna()), name
