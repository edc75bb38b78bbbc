"""R mice as a witness: on the same data its methods and ours draw imputations of the same law.

Means, standard deviations and correlations of the imputed cells over `IMPUTATIONS` imputations of each; one Welch test
a statistic, false alarm `FALSE_ALARM` for all of an engine together by Bonferroni. Left out where R or mice is not
installed.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hetflow.missingness.chained import ChainSettings
from hetflow.missingness.strategies import complete
from hetflow.missingness.task import Settings
from needs import do_without, program
from scipy.stats import ttest_ind
from trial_simulation import simulate_trial

pytestmark = pytest.mark.xdist_group("mice")

IMPUTATIONS = 12
UNITS = 400
FALSE_ALARM = 1e-4
METHODS = {"pmm": "pmm", "normal": "norm", "tree": "cart"}
SCRIPT = """
a <- commandArgs(TRUE)
d <- read.csv(a[1])
i <- mice::mice(d, m = as.integer(a[3]), maxit = 5, method = a[4], printFlag = FALSE, seed = 1)
write.csv(mice::complete(i, "long"), a[2], row.names = FALSE)
"""


def mice(frame: pd.DataFrame, method: str, folder: Path) -> list[pd.DataFrame]:
    """Imputations of R mice."""
    rscript = program("Rscript")
    asked = [rscript, "--vanilla", "-e", 'cat(requireNamespace("mice") && requireNamespace("rpart"))']
    if subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() != "TRUE":
        do_without("the R packages mice and rpart are not installed")
    (folder / "mice.R").write_text(SCRIPT)
    frame.to_csv(folder / "in.csv", index=False, na_rep="NA")
    given = ["in.csv", "out.csv", str(IMPUTATIONS), method]
    subprocess.run([rscript, "--vanilla", "mice.R", *given], cwd=folder, check=True, capture_output=True)
    long = pd.read_csv(folder / "out.csv")
    return [part[frame.columns].reset_index(drop=True) for _, part in long.groupby(".imp")]


def statistics(frame: pd.DataFrame, seen: pd.DataFrame) -> list[float]:
    """Of the imputed cells of each incomplete column."""
    found: list[float] = []
    for name in seen.columns[seen.isna().any()]:
        part = frame[seen[name].isna()]
        found += [
            part[name].mean(),
            part[name].std(),
            part[name].corr(part["X8"]),
            part[name].corr(part["X1"]),
        ]
    return [value for value in found if not np.isclose(value, 1.0)]


@pytest.mark.parametrize("engine", list(METHODS))
def test_imputations_are_those_of_mice(engine: str, tmp_path: Path) -> None:
    """Power: a mean moved by 0.3 standard deviations is some 6 standard errors of the difference away."""
    trial = simulate_trial(np.random.default_rng(6), n=UNITS)
    seen = trial.frame.drop(columns="unit")
    settings = Settings(ChainSettings(engine=engine))
    ours = [
        statistics(
            complete(
                trial.frame, trial.columns, "multiple_imputation", "deployment", k, 1, settings=settings
            ).frame,
            seen,
        )
        for k in range(IMPUTATIONS)
    ]
    theirs = [statistics(frame, seen) for frame in mice(seen, METHODS[engine], tmp_path)]
    p = ttest_ind(ours, theirs, equal_var=False).pvalue
    assert len(p) == 15
    assert p.min() * len(p) > FALSE_ALARM
