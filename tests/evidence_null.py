"""Sizes and powers of the global tests of heterogeneity, by the whole analysis of simulated trials.

Folds, cross-fitted nuisances, forests, scores and estimates are made as in a study (`pipeline_null`), by the histogram
engine; the global tests read the scores and the covariates; repeated sample splits read the trial. In `missing`,
covariates have gaps at random, are imputed in both modes, and the tests read the mean of the deployment-mode
imputations (`leak_simulation`, route R).
"""

from __future__ import annotations

from dataclasses import dataclass

import leak_simulation
import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.effects.estimates import estimate_all
from hetflow.effects.global_tests import Inputs, global_tests
from hetflow.effects.one_split import Trial as SplitTrial
from hetflow.effects.one_split import evaluate_split
from hetflow.effects.scores import Scores
from hetflow.effects.split_tables import learners_table, predictor_table
from hetflow.nuisance.folds import draw_folds
from hetflow.seeds import generator
from leak_settings import SETTINGS, draw
from null_trial import AVERAGE, FOLDS, Setting, Trial
from numpy.typing import NDArray
from pipeline_null import ESTIMATES, analyse
from scipy.special import expit
from split_world import SETTINGS as SETTINGS_OF_SPLITS

Floats = NDArray[np.float64]

LEVEL = 0.05
NAMED = ["x1", "x2"]
GAIN = 0.12
"""Average effect on a binary outcome."""
GROUPS = 4
DRAWS = 199
"""Permutations a test: the size at 5 % is exact with 199 as with more, and power a little lower."""
SPLITS, LEARNERS = 15, ("linear", "causal_forest")
"""Sample splits behind a p-value: fewer than a study makes, whose median is steadier and no less cautious."""
TESTS = (
    *("AUTOC", "sequential_AUTOC", "calibration", "projection", "BLP"),
    *("independence_all", "independence_named", "independence_plain_all", "independence_plain_named"),
    *("score_residual_all", "score_residual_named"),
)


@dataclass(frozen=True)
class World:
    """A trial of n units: Y = x1 + x2 + x3^2 / 2 + (W - e) effect + noise, normal covariates.

    Attributes
    ----------
    units, covariates : int
    probability : float
    noise : {"normal", "spread", "tails"}
        Standard normal; times exp(x1 / 2); Student's t with 3 degrees of freedom.
    slope : float
        Effect 0.5 + slope f.
    shape : {"named", "other", "curved"}
        f is x1, which the study names; x4, which it does not; or (x1^2 - 1) / sqrt(2).
    missing : bool
        Gaps at random in the covariates (`leak_settings`, setting X), imputed; effect 1 + slope X1.
    cluster : int
        Units of a cluster; above 1, clusters are assigned whole, share half of the variance of every covariate, and
        have an error of standard deviation 0.5 in common.
    weighted : bool
        Log-normal weights that go by x2, from 0.4 to 2.5 for nine in ten.
    binary : bool
        P(Y = 1) = 0.15 + 0.6 expit(x1 + x2) + W (0.12 + slope f), held between 0.02 and 0.98.
    """

    units: int = 400
    covariates: int = 6
    probability: float = 0.5
    noise: str = "normal"
    slope: float = 0.0
    shape: str = "named"
    missing: bool = False
    cluster: int = 1
    weighted: bool = False
    binary: bool = False


NULLS = {
    "plain": World(),
    "uneven": World(probability=0.25),
    "many": World(units=300, covariates=40),
    "spread": World(noise="spread"),
    "tails": World(noise="tails"),
    "missing": World(missing=True),
    "binary": World(units=600, binary=True),
    "clusters": World(units=480, cluster=8),
    "few": World(units=400, cluster=20),
    "weights": World(weighted=True),
}
VARIED = {
    "named": World(slope=0.4),
    "other": World(slope=0.4, shape="other"),
    "many": World(units=300, covariates=40, slope=0.6),
    "curved": World(slope=0.8, shape="curved"),
    "missing": World(missing=True, slope=0.3),
    "binary": World(units=600, binary=True, slope=0.1),
    "clusters": World(units=480, cluster=8, slope=0.4),
}


def simulate(world: World, seed: int) -> Trial:
    """One trial of complete covariates."""
    rng = generator(seed, "evidence null", "trial")
    n, e = world.units, world.probability
    X = rng.normal(size=(n, world.covariates))
    treated = (rng.random(n) < e).astype(np.int64)
    noise = rng.standard_t(3, size=n) if world.noise == "tails" else rng.normal(size=n)
    cluster = None
    if world.cluster > 1:
        number = n // world.cluster
        cluster = np.repeat(np.arange(number), world.cluster)
        X = (X + rng.normal(size=(number, world.covariates))[cluster]) / np.sqrt(2)
        treated = rng.permutation(np.arange(number) % 2)[cluster]
        noise = noise + 0.5 * rng.normal(size=number)[cluster]
    noise = noise * (np.exp(X[:, 0] / 2) if world.noise == "spread" else 1.0)
    shape = {"named": X[:, 0], "other": X[:, 3], "curved": (X[:, 0] ** 2 - 1) / np.sqrt(2)}[world.shape]
    effect = (GAIN if world.binary else AVERAGE) + world.slope * shape
    weight = np.exp(0.4 * X[:, 1] + 0.4 * rng.normal(size=n)) if world.weighted else None
    if world.binary:
        chance = 0.15 + 0.6 * expit(X[:, 0] + X[:, 1]) + treated * effect
        outcome = (rng.random(n) < np.clip(chance, 0.02, 0.98)).astype(np.float64)
    else:
        outcome = X[:, 0] + X[:, 1] + X[:, 2] ** 2 / 2 + (treated - e) * effect + noise
    fold = draw_folds(np.arange(n), treated, None, cluster, FOLDS, seed)
    return Trial(X, treated, outcome, effect, fold, weight, cluster)


def replicate(world: World, seed: int) -> dict[str, float]:
    """p-values of all global tests in one trial."""
    if world.missing:
        return _of_missing(world, seed)
    trial = simulate(world, seed)
    setting = Setting(
        world.units, world.covariates, world.probability, engine="histogram", binary=world.binary
    )
    scores = analyse(trial, setting, seed)
    names = [f"x{j + 1}" for j in range(world.covariates)]
    frame = pd.DataFrame(trial.X, columns=names).assign(unit=scores.unit)
    columns = [Column(name, "continuous") for name in names]
    found = _p_values(scores, [frame], [frame], columns, NAMED, seed)
    return found | {"BLP": _split_p(scores, trial.X, trial.outcome, trial.cluster, world.binary, seed)}


def _split_p(
    scores: Scores,
    X: Floats,
    outcome: Floats,
    cluster: NDArray[np.int64] | None,
    binary: bool,
    seed: int,
) -> float:
    """Of the slope on the predicted effect, by the learner whose predictions tell most."""
    trial = SplitTrial(
        unit=scores.unit, X=X, treated=scores.treated.astype(np.int64), outcome=outcome,
        propensity=scores.propensity, weight=scores.weight, cluster=cluster, stratum=None, binary=binary,
        values=X[:, :0], names=[], sign=1.0,
    )  # fmt: skip
    settings = SETTINGS_OF_SPLITS | {"splits": SETTINGS_OF_SPLITS["splits"] | {"learners": list(LEARNERS)}}
    parts = pd.concat([evaluate_split(trial, split, LEARNERS, GROUPS, seed) for split in range(SPLITS)])
    table = predictor_table(parts, settings, learners_table(parts))
    return float(table[(table["chosen"] == 1) & (table["term"] == "slope")]["p"].iloc[0])


def _of_missing(world: World, seed: int) -> dict[str, float]:
    trial = draw(SETTINGS["X"], world.slope, seed)
    files = leak_simulation.impute(trial, seed)
    scores = leak_simulation.route_scores(trial, files, "R", seed)
    found = _p_values(scores, files.deployment, files.inference, trial.columns, ["X1", "X2"], seed)
    X = leak_simulation.mean_frame(files.deployment)[[column.name for column in trial.columns]].to_numpy()
    return found | {"BLP": _split_p(scores, X, trial.outcome, None, False, seed)}


def _p_values(
    scores: Scores,
    deployment: list[pd.DataFrame],
    inference: list[pd.DataFrame],
    columns: list[Column],
    named: list[str],
    seed: int,
) -> dict[str, float]:
    chosen = {"permutations": DRAWS, "coding": "ranks", "projection": named, "unsuited": "", "seed": seed}
    stratum = np.full(scores.n, "all")
    tests, notices = global_tests(Inputs(scores, deployment, columns, stratum, chosen))
    alike = np.ptp(scores.weight) == 0 and np.unique(scores.cluster).size == scores.n
    assert all("independen" in notice and not alike for notice in notices), notices
    found = {}
    for row in tests.to_dict("records"):
        which = "" if row["test"] == "calibration" else f"_{row['covariates']}"
        found[f"{row['test']}{which}"] = float(row["p"])
    asked = ESTIMATES | {"rules": {}, "projection": named}
    results = estimate_all([scores], inference, columns, asked, seed, "primary", "outcome")
    p = results.table.set_index("estimand")["p"]
    found["AUTOC"] = float(p["AUTOC"])
    if "sequential_AUTOC" in p:
        found["sequential_AUTOC"] = float(p["sequential_AUTOC"])
    found["projection"] = float(results.joint["p"].iloc[0])
    return found


def rejections(world: World, replicates: int, first: int = 0) -> dict[str, int]:
    """How many of the trials each test rejects at 5 %; a test that the world does not have is left out."""
    rows = pd.DataFrame([replicate(world, first + j) for j in range(replicates)])
    return {name: int((rows[name] < LEVEL).sum()) for name in TESTS if name in rows}
