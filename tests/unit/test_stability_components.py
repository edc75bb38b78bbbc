"""Components of variance of headline numbers, advice on trees and imputations, and the study's section."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from hetflow.effects.components import jackknife_variance
from hetflow.effects.enough import advice, named, stability_facts
from hetflow.effects.refits import (
    GROUPS,
    refit_table,
)
from hetflow.effects.stability import (
    FOLDS,
    IMPUTATIONS,
    MONTE_CARLO,
    SEED,
    TUNING,
    LeftOut,
    Sizes,
    components,
    moves,
)
from hetflow.errors import Refused
from hetflow.plan import make_plan
from hetflow.refit_files import learnt_from
from hetflow.study.load import check_study
from hetflow.study.stability import refit_changes, refit_names
from small_project import STUDY

SIZES = Sizes(2000, 200, 10, 400, 200, 3, 4)


def minimal() -> dict:
    """The small study, stability as it is by default."""
    study = yaml.safe_load(STUDY)
    del study["stability"]
    return study


def refits(values: dict[str, np.ndarray], estimand: str = "ATE") -> pd.DataFrame:
    parts = [refit_table(name, {(estimand, "all", "effect"): column}) for name, column in values.items()]
    return pd.concat(parts, ignore_index=True)


def estimates(estimand: str = "ATE", se: float = 0.5) -> pd.DataFrame:
    row = {"estimand": estimand, "group": "all", "term": "effect", "estimate": 1.0, "se": se}
    return pd.DataFrame([row])


def test_components_are_the_moments_written_out() -> None:
    rng = np.random.default_rng(9)
    names = ["base", "folds-001", "folds-002", "tuning-a"]
    values = {name: 4 * rng.normal() + 0.2 * rng.normal(size=1 + GROUPS) for name in names}
    left_out = LeftOut(np.ones(10), {("ATE", "all", "effect"): 3 * rng.normal(size=11)})
    table = components(estimates(), refits(values), left_out, SIZES, 0.95).set_index("source")
    noise = {name: jackknife_variance(v[0], v[1:], np.full(10, 10.0)) for name, v in values.items()}
    seed = np.mean([noise[name] for name in names[:3]])
    at_hand = seed * (400 * 3) / (2000 * 10)
    assert table.loc[SEED, "variance"] == pytest.approx(at_hand)
    square = float(np.var([values[name][0] for name in names[:3]], ddof=1))
    assert table.loc[FOLDS, "variance"] == pytest.approx(max(square - seed, 0))
    square = float(np.var([values[name][0] for name in ("base", "tuning-a")], ddof=1))
    own = (noise["base"] + noise["tuning-a"]) / 2
    assert table.loc[TUNING, "variance"] == pytest.approx(max(square - own, 0))
    assert (table.loc[[FOLDS, TUNING], "variance"] > 0).all()
    total = jackknife_variance(
        *(lambda v: (v[0], v[1:]))(left_out.values["ATE", "all", "effect"]), np.ones(10)
    )
    assert table.loc[IMPUTATIONS, "variance"] == pytest.approx(total - at_hand)
    assert table.loc[MONTE_CARLO, "variance"] == pytest.approx(total)
    assert table["share"].to_numpy() == pytest.approx(table["variance"].to_numpy() / 0.25)


def test_trees_of_held_out_forests_count_for_what_they_rank() -> None:
    values = {"base": np.random.default_rng(8).normal(size=1 + GROUPS)}
    whole = components(estimates(), refits(values), LeftOut(np.empty(0), {}), SIZES, 0.95)
    held = components(
        estimates("sequential_AUTOC"),
        refits(values, "sequential_AUTOC"),
        LeftOut(np.empty(0), {}),
        replace(SIZES, held_out_trees=2000, refit_held_out_trees=400, trees=1, refit_trees=40),
        0.95,
    )
    np.testing.assert_allclose(held["variance"], whole["variance"])
    assert set(whole["source"]) == {SEED, MONTE_CARLO}


def test_rounding_is_no_component() -> None:
    values = {"base": 1 + 1e-16 * np.arange(1 + GROUPS), "folds-001": np.ones(1 + GROUPS)}
    table = components(estimates(), refits(values), LeftOut(np.empty(0), {}), SIZES, 0.95)
    assert (table[["variance", "lower", "upper", "share"]] == 0).all(axis=None)


def test_what_the_table_lacks_is_left_out() -> None:
    values = {"base": np.ones(1 + GROUPS)}
    assert components(estimates("AUTOC"), refits(values), LeftOut(np.empty(0), {}), SIZES, 0.95).empty
    assert moves(estimates("AUTOC"), refits(values)).empty


def test_moves_are_in_standard_errors_from_the_study_s_own_folds() -> None:
    values = {"base": np.ones(1 + GROUPS), "folds-001": np.full(1 + GROUPS, 1.25)}
    found = moves(estimates(), refits(values)).set_index("refit")
    assert found.loc["folds-001", "moved"] == pytest.approx(0.5)
    assert found.loc["base", "source"] == "base"


def variances(estimand: str, seed: float, imputations: float, term: str = "t") -> pd.DataFrame:
    rows = [(SEED, seed), (IMPUTATIONS, imputations), (MONTE_CARLO, seed + imputations)]
    return pd.DataFrame(
        [
            {"estimand": estimand, "group": "all", "term": term, "source": source, "se": 1.0}
            | {"variance": value, "share": value}
            for source, value in rows
        ]
    )


@pytest.mark.parametrize(
    ("seed", "imputations", "expected"),
    [
        (0.004, 0.004, {"trees": 2000, "imputations": 10}),
        (0.015, 0.001, {"trees": 3400, "imputations": 10}),
        (0.001, 0.02, {"trees": 2000, "imputations": 21}),
        (0.05, 0.02, {"trees": 5000, "imputations": 40}),
    ],
)
def test_advice_is_enough_and_the_least_of_its_kind(seed: float, imputations: float, expected: dict) -> None:
    table = variances("ATE", seed, imputations)
    facts = stability_facts(table, SIZES, 0.1)
    assert facts["enough"] == (seed + imputations <= 0.01)
    found = advice(table, SIZES, 0.1)
    assert found == expected | {"held_out_trees": 200}
    assert facts["advice"] == (None if facts["enough"] else found)
    m, trees = found["imputations"], found["trees"]
    assert imputations * 10 / m + seed * 10 * 2000 / (m * trees) <= 0.01 + 1e-12


def test_advice_raises_the_forests_that_an_estimate_comes_from() -> None:
    table = pd.concat([variances("ATE", 0.001, 0.001), variances("sequential_AUTOC", 0.02, 0.0)])
    found = advice(table, SIZES, 0.1)
    assert found == {"trees": 2000, "held_out_trees": 400, "imputations": 10}


def test_estimates_have_short_names() -> None:
    parts = [
        variances("projection", 1, 1, "Age"),
        variances("projection", 1, 1, "BMI"),
        variances("ATE", 1, 1),
    ]
    two = [
        variances("rule_groups_difference", 1, 1, "site").assign(group=group)
        for group in ("b minus a", "c minus a")
    ]
    assert list(named(pd.concat(parts + two))) == [
        "projection:Age",
        "projection:BMI",
        "ATE",
        "rule_groups_difference:site:b minus a",
        "rule_groups_difference:site:c minus a",
    ]


def test_refits_are_added_by_name_and_change_none() -> None:
    study = check_study(minimal(), "x.yaml")
    plan = make_plan(study, rows=500, covariates=5)
    more = make_plan(check_study(minimal() | {"stability": {"folds": 5}}, "x.yaml"), rows=500, covariates=5)
    assert plan.refits("primary")[:4] == [f"primary/refits/{name}.parquet" for name in refit_names(study)[:4]]
    assert set(plan.refits("primary")) < set(more.refits("primary"))
    assert refit_changes(study, "folds-002") == {"folds": 2}
    assert refit_changes(study, "tuning-leaves_of_three") == {"forest": {"min_leaf": 3}}
    assert learnt_from(plan, "primary", "base") == []
    assert learnt_from(plan, "primary", "tuning-leaves_of_three") == []
    assert learnt_from(plan, "primary", "folds-001") == plan.completed("primary", "deployment")
    assert set(plan.refits("primary")) <= set(plan.artefacts())
    without = check_study(minimal() | {"learners": {"analyses": []}}, "x.yaml")
    assert set(plan.refits("primary")) <= set(make_plan(without, rows=500, covariates=5).artefacts())


def test_an_empty_list_of_analyses_does_without() -> None:
    study = check_study(minimal() | {"stability": {"analyses": []}}, "x.yaml")
    plan = make_plan(study, rows=500, covariates=5)
    assert plan.refits("primary") == []
    assert not {"refit", "stability"} & set(plan.stages("primary"))


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"trees": 42}, "write 44"),
        ({"held_out_trees": 20}, "write 40"),
        ({"tunings": {"none": {}}}, "say what differs"),
        ({"tunings": {"odd": {"forest": {"max_features": 2.5}}}}, "write a share"),
    ],
)
def test_sections_that_cannot_work_are_refused(section: dict, said: str) -> None:
    with pytest.raises(Refused, match=said):
        check_study(minimal() | {"stability": section}, "x.yaml")
