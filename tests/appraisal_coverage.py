"""Whether the intervals that appraisals print hold the truth, with imputed covariates, under weights and clusters.

What is true of an average, of a curve or of treating everybody is a figure of the population. What is true of groups,
rankings and policies by a prediction depends on the prediction: there it is the same estimator applied to the true
effects of the same units (of sample splits: in each split, then their median). Such intervals also allow for the
scatter of the units' own effects, and cover a little more than they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from appraisal_worlds import COLUMNS, CONFOUNDED, World, confounded_sets, fitted, make_world
from confounded_world import Truth
from hetflow.effects.curves import Evidence, _parted, cells, display
from hetflow.effects.estimates import estimate_all
from hetflow.effects.halves import auxiliary_half
from hetflow.effects.learners import evaluation_terms, loss_terms
from hetflow.effects.medians import median_estimate
from hetflow.effects.omitted import bound
from hetflow.effects.one_split import GAP, Trial, _main, evaluate_split
from hetflow.effects.policy.appraise import appraise
from hetflow.effects.proxies import Half
from hetflow.effects.risk_models import appraise_risk
from hetflow.effects.scores import Scores
from hetflow.effects.split_regressions import groups_by_benefit
from hetflow.effects.split_tables import groups_table, learners_table, predictor_table
from hetflow.effects.stacked import Candidate, constant_effect
from hetflow.effects.table import Frame
from hetflow.effects.table import rows as table_rows
from hetflow.seeds import generator
from leak_settings import AVERAGE, CORRELATION
from leak_simulation import ESTIMATES, mean_frame
from risk_world import SETTINGS as RISK
from split_world import SETTINGS as SPLIT

Hit = tuple[str, float, bool]  # name, error of the estimate, whether the interval holds the truth
SPLITS, GROUPS, COST = 9, 3, AVERAGE
#: Shares and contrasts that are fixed have no error but this.
ROUNDING = 1e-9
POINTS = (-1.0, 0.0, 1.0)
#: E(X1 | X2) is 0.4 X2.
CURVES = {"X1": 1.0, "X2": CORRELATION}
POLICY: dict[str, Any] = {
    "rules": {"X2": {"covariate": "X2", "column": None, "higher_first": True}},
    "covariates": [],
    "cost": COST,
    "budget": 0.3,
    "depths": [],
    "min_leaf": "auto",
    "candidates": 64,
    "exchange_rate": None,
}


def hits(found: pd.DataFrame, truth: pd.Series, names: pd.Series) -> Iterator[Hit]:
    """Of a table with intervals; a missing upper bound is none."""
    upper = found["upper"].fillna(np.inf)
    covered = (found["lower"] <= truth) & (truth <= upper)
    for name, error, held in zip(names, found["estimate"] - truth, covered, strict=True):
        yield str(name), float(error), bool(held)


def exact(world: World) -> Scores:
    """Scores that are the true effects."""
    residual = world.effect * world.scores.treatment_residual
    return replace(world.scores, score=world.effect, outcome_residual=residual)


def exact_arms(world: World) -> Scores:
    """Scores whose doubly robust outcomes of both arms are the true means."""
    mean = world.control + world.scores.propensity * world.effect
    return replace(exact(world), cate=world.effect, outcome_mean=mean)


def rankings(world: World, seed: int) -> Iterator[Hit]:
    """AUTOC and QINI out of bag and sequential, and three points of the TOC."""
    quick = ESTIMATES | {"rules": {}, "projection": [], "average": []}
    found, truth = (
        estimate_all([scores], None, [], quick, seed, "a", "y") for scores in (world.scores, exact(world))
    )
    held = found.table["lower"].notna() & found.table["estimand"].str.contains("AUTOC|QINI")
    yield from hits(found.table[held], truth.table["estimate"][held], found.table["estimand"][held])
    curve = found.curves["toc"]
    near = curve["q"].isin([0.1, 0.2, 0.5])
    curve = curve[near].assign(upper=np.nan)
    yield from hits(curve, truth.curves["toc"]["estimate"][near], "TOC at " + curve["q"].astype(str))


def policies(world: World, seed: int) -> Iterator[Hit]:
    """Comparisons of rankings, gains of policies and gain curves."""
    settings = {
        "seed": seed, "better": "higher", "randomised": True, "confidence": 0.95, "minimum_cell_count": 10,
        "policy": POLICY, "projection": [], "ranking_draws": 200, "imputed": False, "harm": None,
    }  # fmt: skip
    found, truth = (
        appraise([scores], world.files.deployment, COLUMNS, world.frame, settings).tables
        for scores in (world.scores, exact(world))
    )
    names = {
        "ranking": ["rule", "against", "measure", "basis"],
        "values": ["policy", "quantity"],
        "curves": ["rule", "q"],
    }
    for table, keys in names.items():
        one, other = found[table], truth[table]["estimate"].copy()
        kept = one["q"].isin([0.2, 0.5]) if table == "curves" else one["se"] > ROUNDING
        one, other = one[kept], other[kept]
        # Whom these treat does not depend on the data, and treatment gains what it costs: a figure of the population.
        other[one[keys[0]].isin(["none", "all", "random"])] = AVERAGE - COST
        yield from hits(one, other, f"{table}: " + one[keys].astype(str).agg(" ".join, axis=1))


def risks(world: World, seed: int) -> Iterator[Hit]:
    """Effects by group of baseline risk, absolute and (binary outcomes) relative, their differences and trends."""
    kind = "binary" if world.binary else "continuous"
    settings = RISK | {"outcome_kind": kind, "better": "higher", "groups": 4}
    internal = world.scores.outcome_mean
    found, truth = (
        appraise_risk([scores], world.outcome, internal, None, settings).tables["effects"]
        for scores in (world.scores, exact_arms(world))
    )
    assert found["estimand"].tolist() == truth["estimand"].tolist()
    names = (
        found["estimand"] + " " + found["group"] + found["term"].where(found["estimand"] == "arm_means", "")
    )
    yield from hits(found, truth["estimate"], names)


def cells_of_two(world: World, seed: int) -> Iterator[Hit]:
    """Means over the thirds of an imputed and a complete covariate, cut where the covariates as observed are."""
    sets = [world.scores] * len(world.files.inference)
    evidence = Evidence(sets, world.files.inference, COLUMNS, world.frame, 0.95, 10, "", seed)
    table = cells(evidence, "X1", "X2")
    rules = [_parted(evidence, name) for name in ("X1", "X2")]
    X = population()
    codes = [np.searchsorted(rule.cuts, X[:, j], side="left") for j, rule in enumerate(rules)]
    for row in table.to_dict("records"):
        inside = np.ones(len(X), dtype=bool)
        for rule, code, level in zip(rules, codes, (row["first_level"], row["second_level"]), strict=True):
            inside &= code == rule.labels.index(level)
        truth = AVERAGE + world.slope * float(X[inside, 0].mean())
        place = rules[0].labels.index(row["first_level"]), rules[1].labels.index(row["second_level"])
        yield f"cells {place[0]} {place[1]}", row["estimate"] - truth, row["lower"] <= truth <= row["upper"]


@cache
def population() -> np.ndarray:
    """X1 and X2 of very many."""
    rng = generator(1, "appraisal coverage", "population")
    shared = np.sqrt(CORRELATION) * rng.standard_normal((400_000, 1))
    return shared + np.sqrt(1 - CORRELATION) * rng.standard_normal((400_000, 2))


def learners(world: World, seed: int) -> Iterator[Hit]:
    """Loss saved by a learner against one effect for all, its calibration, sequential AUTOC and groups.

    The learner is least squares by the other folds, and by the folds before; what is true of it is what the same
    formulas give with the true effects.
    """
    scores, truth = world.scores, exact(world)
    X = mean_frame(world.files.deployment)[[column.name for column in COLUMNS]].to_numpy()
    Z = np.column_stack([np.ones(len(X)), X])
    transformed = scores.outcome_residual / scores.treatment_residual
    held_out, sequential = np.full((2, len(X)), np.nan)
    for fold in np.unique(scores.fold):
        own = scores.fold == fold
        for target, rows in ((held_out, ~own), (sequential, scores.fold < fold)):
            if rows.any():
                target[own] = Z[own] @ fitted(Z[rows], transformed[rows], scores.weight[rows])
    candidate = Candidate(held_out, sequential)
    candidates = {"constant": constant_effect(scores), "ls": candidate}
    given = ("ls", candidate, "higher", GROUPS, 200, seed)
    one, other = (
        [*loss_terms(own, "ls", candidates), *evaluation_terms(own, *given)[0]] for own in (scores, truth)
    )
    frame = Frame("", "", "", 0.95, True)
    for mine, true in zip(one, other, strict=True):
        table = table_rows([mine], frame, "", 1)[0]
        if table["lower"].notna().any():
            yield from hits(table, pd.Series(true.estimate), "learners: " + table["estimand"])


def curves(world: World, seed: int) -> Iterator[Hit]:
    """Curves along an imputed and along a complete covariate: three points, and the whole."""
    sets = [world.scores] * len(world.files.inference)
    evidence = Evidence(sets, world.files.inference, COLUMNS, world.frame, 0.95, 10, "", seed)
    for name, share in CURVES.items():
        table = display(evidence, name)
        truth = AVERAGE + share * world.slope * table["x"]
        near = [int((table["x"] - point).abs().argmin()) for point in POINTS]
        at = pd.Series([f"curve {name} at {point:g}" for point in POINTS], index=table.index[near])
        yield from hits(table.iloc[near], truth.iloc[near], at)
        inside = (table["uniform_lower"] <= truth) & (truth <= table["uniform_upper"])
        yield f"curve {name}, whole", float((table["estimate"] - truth).mean()), bool(inside.all())


def splits(world: World, seed: int) -> Iterator[Hit]:
    """Average, slope and groups of repeated sample splits."""
    scores = world.scores
    trial = Trial(
        unit=scores.unit, X=mean_frame(world.files.deployment)[[c.name for c in COLUMNS]].to_numpy(),
        treated=scores.treated.astype(np.int64), outcome=world.outcome, propensity=scores.propensity,
        weight=scores.weight, cluster=world.cluster, stratum=None, binary=False,
        values=np.empty((len(scores.unit), 0)), names=[], sign=1.0,
    )  # fmt: skip
    parts = pd.concat([evaluate_split(trial, s, ["linear"], GROUPS, seed) for s in range(SPLITS)])
    settings = SPLIT | {"splits": SPLIT["splits"] | {"groups": GROUPS, "learners": ["linear"]}}
    told = learners_table(parts)
    line = predictor_table(parts, settings, told).query("chosen == 1").set_index("term")
    gates = groups_table(parts, settings, told).query("chosen == 1")
    gates = gates.set_index(pd.Index(["1", "2", "3", GAP]))
    each = [_true_split(trial, world.effect, s, seed) for s in range(SPLITS)]
    true = {key: median_estimate(np.array([one[key] for one in each])) for key in each[0]}
    named = [line.loc[["average", "slope"]], gates]
    for table, known in zip(named, ({"average": AVERAGE, "slope": true["slope"]}, true), strict=True):
        names = table.index.to_series()
        yield from hits(table, names.map(known), "splits: " + names)


def _true_split(trial: Trial, effect: np.ndarray, split: int, seed: int) -> dict[str, float]:
    """What is true of one split's main half: slope of the effect on its prediction, means of its groups."""
    auxiliary = auxiliary_half(trial.unit, trial.treated, None, trial.cluster, seed, split)
    half = Half(
        *(trial.unit, trial.X, trial.treated, trial.outcome, trial.propensity, trial.weight, trial.cluster),
        *(False, auxiliary),
    )
    main, true = _main(trial, half, "linear", split, seed), effect[~auxiliary]
    random = generator(seed, "splits", split, "ties").random(len(trial.unit))[~auxiliary]
    weight, proxy = main.weight / main.weight.sum(), main.proxies.effect
    centred = proxy - weight @ proxy
    group = groups_by_benefit(proxy, main.weight, GROUPS, random)
    means = [np.average(true[group == g], weights=weight[group == g]) for g in range(GROUPS)]
    found = {str(g + 1): float(mean) for g, mean in enumerate(means)}
    slope = float(weight @ (centred * true) / (weight @ centred**2))
    return found | {GAP: float(means[-1] - means[0]), "slope": slope}


@cache
def hidden() -> Truth:
    """The confounder's true strength, and the effect."""
    return CONFOUNDED.truth()


def bounds(seed: int) -> Iterator[Hit]:
    """Limits of the bounds of the average effect under a confounder of the true strength."""
    known, sets = hidden(), confounded_sets(seed)
    for name, rho in (("bounds, worst case", 1.0), ("bounds, true correlation", known.rho)):
        one = bound(sets, known.c_y, known.c_t, rho, 0.95)
        yield name, float("nan"), bool(one.lower <= known.effect <= one.upper)
    plain = bound(sets, 0.0, 0.0, 1.0, 0.95)
    yield (
        "no confounder supposed",
        plain.lower_bound - known.effect,
        plain.lower <= known.effect <= plain.upper,
    )


APPRAISALS: dict[str, Callable[[World, int], Iterator[Hit]]] = {
    "rankings": rankings,
    "policies": policies,
    "risks": risks,
    "curves": curves,
    "cells": cells_of_two,
    "splits": splits,
    "learners": learners,
}
#: Those whose truth supposes the linear effect of the other worlds.
LINEAR = ("policies", "curves", "cells", "splits")


def replicate(name: str, number: int) -> list[Hit]:
    """One data set: every interval of every appraisal."""
    if name == "confounded":
        return list(bounds(number))
    world = make_world(name, number)
    made = [own for key, own in APPRAISALS.items() if not (world.binary and key in LINEAR)]
    return [hit for appraisal in made for hit in appraisal(world, number)]


def coverage(name: str, replicates: int, first: int = 0) -> pd.DataFrame:
    """By interval: replicates, how many covered, coverage, and bias with its Monte Carlo error."""
    rows = [hit for number in range(first, first + replicates) for hit in replicate(name, number)]
    table = pd.DataFrame(rows, columns=["interval", "error", "covered"])
    found = table.groupby("interval", sort=False).agg(
        replicates=("covered", "size"),
        covered=("covered", "sum"),
        bias=("error", "mean"),
        sd=("error", "std"),
    )
    rate = found["covered"] / found["replicates"]
    return found.assign(coverage=rate, bias_error=found["sd"] / np.sqrt(found["replicates"])).reset_index()
