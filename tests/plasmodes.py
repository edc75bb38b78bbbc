"""Plasmodes of the bundled trials: their covariates and gaps, with an effect that we choose."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.missingness.plasmode import PlasmodeTrial, plasmode_trial
from opt_frame import opt_columns, opt_frame

ACTG = Path(__file__).parents[1] / "workflow" / "resources" / "actg175" / "actg175.csv"
ACTG_COLUMNS = [
    *(Column(name, "continuous") for name in ("age", "wtkg", "karnof", "cd40", "cd80", "preanti")),
    *(
        Column(name, "binary", levels=("0", "1"))
        for name in ("hemo", "homo", "drugs", "race", "gender", "symptom")
    ),
]
MODIFIER = "BL.PG"
"""Of OPT's effect: a column of the laboratory block that 430 units miss together."""


def _standard(values: pd.Series) -> np.ndarray:
    return ((values - values.mean()) / values.std()).to_numpy()


def opt_effect(frame: pd.DataFrame) -> np.ndarray:
    """Average 1; 0.8 a standard deviation of the logarithm of the modifier."""
    return 1.0 + 0.8 * _standard(np.log1p(frame[MODIFIER]))


def opt_baseline(frame: pd.DataFrame) -> np.ndarray:
    return _standard(frame["BL.PD.avg"]) + 0.5 * _standard(np.log1p(frame[MODIFIER]))


def opt_plasmode(seed: int, units: int = 823) -> PlasmodeTrial:
    """OPT's 71 baseline covariates and their gaps."""
    return plasmode_trial(
        opt_frame(), opt_columns(), baseline=opt_baseline, effect=opt_effect, units=units, seed=seed
    )


@cache
def actg_source() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Covariates, arm (any combination therapy against zidovudine alone), and who lacks CD4 at 96 weeks."""
    raw = pd.read_csv(ACTG)
    frame = raw[[column.name for column in ACTG_COLUMNS]].astype(float)
    frame.insert(0, "unit", np.arange(len(raw), dtype=np.int64))
    return frame, (raw["arms"] > 0).to_numpy().astype(np.int8), raw["cd496"].isna().to_numpy()


def actg_plasmode(seed: int, units: int = 2139) -> PlasmodeTrial:
    """ACTG175's covariates and drop-out, with a known effect on the outcome that is missing in 37 %."""
    frame, arm, gone = actg_source()
    return plasmode_trial(
        frame,
        ACTG_COLUMNS,
        baseline=lambda x: 100 * _standard(x["cd40"]),
        effect=lambda x: 50 + 30 * _standard(x["age"]),
        units=units,
        seed=seed,
        noise=100.0,
        arm=arm,
        outcome_missing=gone,
    )
