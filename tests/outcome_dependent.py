"""Why projections are biased where missingness depends on the outcome, and what cures it.

The outcome mean of the shared score reads deployment-mode imputations. Where a covariate was not seen they stand nearer
to the mean, so that whoever reads them reads the mask too; and if the mask depends on the outcome, it depends on the
arm. The doubly robust score of a trial is unbiased for any outcome mean that arm and outcome have not touched, and
this one they have. The outcome means compared here:

deployment    what a study does: mean of the deployment imputations of all covariates
with_masks    the same, with an indicator of every gap beside it
never_missing covariates without gaps only: a function of what was there before randomisation
truth         all covariates as they were before values went missing
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.effects.scores import make_scores
from leak_settings import AVERAGE, SETTINGS, SLOPE, Trial, draw
from leak_simulation import impute, projections, shared_nuisance

MEANS = ("deployment", "with_masks", "never_missing", "truth")
SIDES = ("inference", "truth")
"""Covariates on which the score is projected."""


def one(units: int, slope: float, number: int, means: Sequence[str] = MEANS) -> dict[str, float]:
    """Errors and coverage in setting Y, keys ``mean.side.measure``."""
    trial = draw(SETTINGS["Y"].with_units(units), slope, number)
    files = impute(trial, number)
    sides = {"inference": files.inference, "truth": [trial.complete]}
    row: dict[str, float] = {}
    for mean in means:
        kept, read = _reads(mean, trial, files.deployment)
        scores = make_scores(shared_nuisance(kept, read, number), np.zeros(units), better="higher")
        row[f"{mean}.average_error"] = float(scores.score.mean()) - AVERAGE
        for side, frames in sides.items():
            found = projections(trial, scores, frames, slope, number)
            row |= {f"{mean}.{side}.{name}": value for name, value in found.items()}
    return row


def _reads(mean: str, trial: Trial, deployment: list[pd.DataFrame]) -> tuple[Trial, list[pd.DataFrame]]:
    """The trial with the columns that an outcome mean reads, and its frames."""
    if mean == "never_missing":
        return without_gaps(trial), deployment
    if mean == "with_masks":
        gaps = [column for column in trial.columns if trial.frame[column.name].isna().any()]
        masks = {column.indicator: trial.frame[column.name].isna().astype(float) for column in gaps}
        marked = [*trial.columns, *(Column(column.indicator, "binary") for column in gaps)]
        return replace(trial, columns=marked), [frame.assign(**masks) for frame in deployment]
    return trial, [trial.complete] if mean == "truth" else deployment


def without_gaps(trial: Trial) -> Trial:
    """The trial with the covariates that nobody misses."""
    columns = [column for column in trial.columns if trial.frame[column.name].notna().all()]
    return replace(trial, columns=columns)


def simulate(
    units: int, replicates: int, first: int = 0, slope: float = SLOPE, means: Sequence[str] = MEANS
) -> pd.DataFrame:
    """One row a replicate."""
    return pd.DataFrame([one(units, slope, first + j, means) for j in range(replicates)])
