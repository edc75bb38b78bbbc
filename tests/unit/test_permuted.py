"""Permutations of the arm: drawn as the design drew them, a constant effect added back, ranked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hetflow.effects.permuted import (
    autoc,
    constant_effect,
    permutation_p,
    permute_arms,
    permuted_nuisance,
    with_permutation_p,
)
from hetflow.effects.ranking import evaluate_ranking
from hetflow.effects.scores import make_scores
from hetflow.errors import Refused
from hetflow.files import read_json
from hetflow.study.analyses import resolve_all
from hetflow.study.load import check_study
from hetflow.study.owners import ancestors, owners
from in_process import estimates, run_study
from route_study import data, study

EXACT = 1e-12


def trial(n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.permutation(np.tile([0, 1], n // 2)).astype(np.int8), np.repeat(["a", "b", "c"], n // 3)


def test_arms_are_permuted_within_strata_and_the_first_leaves_them() -> None:
    arm, stratum = trial()
    assert (permute_arms(arm, stratum, None, 7, 0) == arm).all()
    drawn = [permute_arms(arm, stratum, None, 7, number) for number in range(1, 200)]
    for one in drawn:
        for text in "abc":
            assert one[stratum == text].sum() == arm[stratum == text].sum()
    assert len({one.tobytes() for one in drawn}) == len(drawn)
    share = np.mean(drawn, axis=0)
    expected = pd.Series(arm).groupby(stratum).transform("mean").to_numpy()
    assert np.abs(share - expected).max() < 5 * 0.5 / np.sqrt(len(drawn)), "every unit as likely as any other"


def test_clusters_randomised_as_a_whole_change_arms_as_a_whole() -> None:
    cluster = np.repeat(np.arange(12), 5)
    arm = (cluster % 2).astype(np.int8)
    everybody = np.full(60, "all")
    drawn = permute_arms(arm, everybody, cluster, 7, 3)
    assert (pd.Series(drawn).groupby(cluster).nunique() == 1).all()
    assert drawn.sum() == arm.sum()
    assert (drawn != arm).any()
    mixed, _ = trial()
    assert (pd.Series(permute_arms(mixed, everybody, cluster, 7, 3)).groupby(cluster).nunique() == 2).any()


def nuisance(n: int = 200, effect: float = 0.7) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    arm = rng.permutation(np.tile([0, 1], n // 2)).astype(np.int8)
    e = np.where(np.arange(n) < n // 2, 0.5, 0.3)
    mean, noise = rng.normal(size=n), rng.normal(size=n)
    outcome = mean + effect * (arm - e) + noise
    table = pd.DataFrame(
        {"unit": np.arange(n), "fold": np.arange(n) % 5 + 1, "contrast": "treated - control", "treated": arm}
        | {"treatment_residual": arm - e, "outcome_residual": outcome - mean, "propensity": e}
        | {"outcome_mean": mean, "weight": rng.uniform(0.5, 2, n)}
    )
    return table, mean, noise


def test_the_effect_is_added_back() -> None:
    """Of a trial with a known constant effect and outcome mean the permuted residuals are those of the other arms."""
    table, _, noise = nuisance()
    drawn = permute_arms(table["treated"].to_numpy(), np.full(200, "all"), None, 1, 5)
    own = permuted_nuisance(table, drawn, 0.7)
    t = drawn - table["propensity"]
    np.testing.assert_allclose(own["outcome_residual"], 0.7 * t + noise, atol=EXACT)
    np.testing.assert_allclose(own["treatment_residual"], t, atol=EXACT)
    X, w = table["treatment_residual"].to_numpy()[:, None], np.sqrt(table["weight"].to_numpy())
    fit = np.linalg.lstsq(X * w[:, None], table["outcome_residual"].to_numpy() * w, rcond=None)[0][0]
    assert constant_effect(table) == pytest.approx(fit, abs=EXACT)


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_autoc_is_that_of_the_scores(better: str) -> None:
    table, _, _ = nuisance()
    cate = np.random.default_rng(3).normal(size=200)
    scores = make_scores(table, cate, better=better)
    sign = 1.0 if better == "higher" else -1.0
    whole = evaluate_ranking(
        sign * scores.score, scores.priority, scores.weight, scores.cluster, 10, np.random.default_rng(0)
    )
    assert autoc(cate, table, better) == pytest.approx(whole.autoc, abs=EXACT)


def test_the_p_value_is_the_rank_and_no_other_test_of_the_forest_has_one() -> None:
    assert permutation_p([2.0, *range(19)]) == 18 / 20
    assert permutation_p([99.0, *range(19)]) == 1 / 20
    assert permutation_p([0.0, 0.0, 0.0]) == 1.0
    table = pd.DataFrame(
        {"estimand": ["ATE", "AUTOC", "sequential_AUTOC"], "p": [0.1, 0.2, 0.3], "lower": 0.0, "upper": 1.0}
    )
    found = with_permutation_p(table, [99.0, *range(19)])
    assert found["p"].tolist()[:2] == [0.1, 0.05]
    assert np.isnan(found["p"].iloc[2])
    assert found["lower"].isna().tolist() == [False, True, True]


REFUSED = [
    (
        {"design": {"kind": "observational"}, "nuisance": {"propensity": "stack"}},
        "deployment in an observational",
    ),
    ({"missingness": {"strategy": "complete_case"}}, "which impute in two modes"),
    ({"missingness": {"strategy": "indicator"}}, "which impute in two modes"),
    ({"forest": {"training": "inference", "permutation_trees": 50}}, "write 52"),
    ({"forest": {"training": "inference", "permutations": 5}}, "greater than or equal to 19"),
]


@pytest.mark.parametrize(("changes", "said"), REFUSED)
def test_training_on_inference_mode_is_refused_where_it_has_no_null_distribution(
    changes: dict, said: str
) -> None:
    values = study("multiple_imputation", "randomised", "continuous", "histogram")
    values["forest"]["training"] = "inference"
    for section, keys in changes.items():
        values[section] = keys if section == "design" else values[section] | keys
    with pytest.raises(Refused) as refused:
        check_study(values, "tiny.yaml")
    assert said in str(refused.value)


def test_only_the_forest_and_its_permutations_read_inference_mode() -> None:
    assert "inference" in ancestors("forest", True, training="inference")
    assert "inference" not in ancestors("nuisance", True, training="inference")
    assert "inference" not in ancestors("forest", True)
    values = study("multiple_imputation", "randomised", "continuous", "histogram")
    values["analyses"] = {"trained": {"forest": {"training": "inference"}}}
    owner = owners(resolve_all(check_study(values, "tiny.yaml")))
    assert owner["trained", "nuisance"] == owner["trained", "inference"] == "primary"
    assert owner["trained", "forest"] == owner["trained", "permutation"] == "trained"
    assert ("primary", "permutation") not in owner


def test_a_study_with_such_a_forest_runs_beside_the_ordinary_one(tmp_path: Path) -> None:
    values = study("multiple_imputation", "randomised", "continuous", "histogram")
    forest = {
        "training": "inference",
        "permutations": 19,
        "permutation_trees": 80,
        "permutation_imputations": 1,
    }
    values["analyses"] = {"primary": {}, "trained": {"forest": forest}}
    begun = run_study(values, data(), tmp_path)
    table = estimates(begun, tmp_path).set_index(["analysis", "estimand"])
    drawn = [
        read_json(tmp_path / begun.file(name), "facts")["autoc"]
        for name in begun.plan.permutations("trained")
    ]
    assert len(drawn) == 20
    assert len(set(drawn)) == 20
    assert table.loc[("trained", "AUTOC"), "p"].item() == permutation_p(drawn)
    assert np.isnan(table.loc[("trained", "AUTOC"), "lower"].item())
    assert np.isfinite(table.loc[("primary", "AUTOC"), "lower"].item())
    assert (
        table.loc[("trained", "AUTOC"), "estimate"].item()
        != table.loc[("primary", "AUTOC"), "estimate"].item()
    )
    for estimand in ("projection", "rule_groups"):
        own, first = (table.loc[(name, estimand), "estimate"].to_numpy() for name in ("trained", "primary"))
        assert np.allclose(own, first), "with probability 1/2 the score does not hang on the forest"
    assert begun.plan.owner["trained", "nuisance"] == "primary"
    said = read_json(tmp_path / begun.file("trained/notices.json"), "facts")["notices"]
    assert said[0].startswith("EXPERIMENTAL")


def test_permutations_need_trees_enough_to_leave_every_unit_out(tmp_path: Path) -> None:
    values = study("multiple_imputation", "randomised", "continuous", "histogram")
    values["analyses"] = {"trained": {"forest": {"training": "inference", "permutation_trees": 20}}}
    with pytest.raises(Refused, match=r"analyses.trained.forest.permutation_trees(.|\n)*write 72 or more"):
        run_study(values, data(), tmp_path)
