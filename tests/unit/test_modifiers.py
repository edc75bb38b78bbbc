"""Effect modifiers: Shapley values, curves and cells against closed forms and other programs."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hetflow.cohort.columns import Column
from hetflow.cohort.matrix import covariate_codes, covariate_matrix
from hetflow.effects import curves, importance, score_forest
from hetflow.effects.groups import group_effects
from hetflow.effects.linear import cluster_codes
from hetflow.effects.modifiers import column_groups, evidence_of, rank_modifiers, show_modifiers
from hetflow.effects.smoothing import (
    FEWEST,
    REFERENCE,
    Smooth,
    bandwidth,
    local_linear,
    pooled_band,
    weighted_quantiles,
)
from hetflow.pooling import pool
from modifier_simulation import scores_of
from needs import package
from numpy.typing import NDArray
from scipy import stats
from sklearn.ensemble import RandomForestRegressor

#: Sums of a few dozen products in another order.
ROUNDING = 1e-10
#: Quantile of 4,000 draws of a supremum: its Monte Carlo error is some 0.02.
QUANTILE_ERROR = 0.08
ENTRIES = Column("entries", "nominal", levels=("a", "b", "c"))
LAB = [Column(f"lab{j}", "continuous", block="panel") for j in range(2)]


def _forest(
    rng: np.random.Generator, gaps: float = 0.0, trees: int = 7
) -> tuple[score_forest.ScoreForest, NDArray]:
    X = rng.normal(size=(240, 5))
    X[rng.random(X.shape) < gaps] = np.nan
    X = score_forest.single_precision(X)
    y = np.nan_to_num(X[:, 0]) * (np.nan_to_num(X[:, 1]) > 0) + rng.normal(size=240)
    return score_forest.grow_score_forest(X, y, rng.uniform(0.5, 2, 240), trees, 3), X


def _expected(forest: score_forest.ScoreForest, node: int, row: NDArray, known: set[int]) -> float:
    """What a tree predicts from the known covariates, both ways in proportion to cover elsewhere."""
    feature, left, right, missing_left = (int(value) for value in forest.nodes[node])
    if feature < 0:
        return float(forest.numbers[node, 1])
    if feature in known:
        goes = missing_left == 1 if np.isnan(row[feature]) else row[feature] <= forest.numbers[node, 0]
        return _expected(forest, left if goes else right, row, known)
    cover = forest.numbers[[left, right], 2]
    each = [_expected(forest, child, row, known) for child in (left, right)]
    return float(cover @ each / cover.sum())


def _naive_shapley(forest: score_forest.ScoreForest, row: NDArray) -> NDArray:
    """Shapley values by their definition, over all subsets of the covariates."""
    p = len(row)

    def value(known: set[int]) -> float:
        return float(np.mean([_expected(forest, root, row, known) for root in forest.start[:-1]]))

    phi = np.zeros(p)
    for j in range(p):
        others = [k for k in range(p) if k != j]
        for size in range(p):
            share = factorial(size) * factorial(p - size - 1) / factorial(p)
            for subset in combinations(others, size):
                phi[j] += share * (value({*subset, j}) - value(set(subset)))
    return phi


def test_shapley_values_are_those_of_their_definition_and_add_up() -> None:
    forest, X = _forest(np.random.default_rng(1), gaps=0.15)
    phi = score_forest.shapley_values(forest, X)
    np.testing.assert_allclose(phi[:3], [_naive_shapley(forest, row) for row in X[:3]], atol=ROUNDING)
    predicted = score_forest.predicted(forest, X)
    assert np.ptp(predicted) > 0.1
    np.testing.assert_allclose(phi.sum(axis=1) + forest.base, predicted, atol=ROUNDING)


def test_shapley_values_are_those_of_the_package_shap() -> None:
    shap = package("shap")
    rng = np.random.default_rng(2)
    X = score_forest.single_precision(rng.normal(size=(300, 6)))
    y = X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=300)
    forest = RandomForestRegressor(10, min_samples_leaf=score_forest.MIN_LEAF, random_state=1).fit(X, y)
    theirs = shap.TreeExplainer(forest, feature_perturbation="tree_path_dependent").shap_values(X)
    ours = score_forest.shapley_values(score_forest._plain([one.tree_ for one in forest.estimators_]), X)
    np.testing.assert_allclose(ours, theirs, atol=ROUNDING)


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_trees_as_arrays_predict_as_scikit_learn_and_exchange_covariates(gaps: float) -> None:
    rng = np.random.default_rng(3)
    forest, X = _forest(rng, gaps)
    other = RandomForestRegressor(
        7,
        min_samples_leaf=score_forest.MIN_LEAF,
        max_features=score_forest.SHARE_OF_COVARIATES,
        max_samples=120,
        max_depth=score_forest.DEEPEST - 1,
        random_state=3,
    )
    again = np.random.default_rng(3)
    again.normal(size=X.shape)
    again.random(X.shape)
    y = np.nan_to_num(X[:, 0]) * (np.nan_to_num(X[:, 1]) > 0) + again.normal(size=240)
    weight = again.uniform(0.5, 2, 240)
    np.testing.assert_allclose(
        score_forest.predicted(forest, X), other.fit(X, y, weight / weight.mean()).predict(X), atol=ROUNDING
    )
    donor, replaced = rng.permutation(240).astype(np.int64), np.array([True, False, False, True, False])
    changed = X.copy()
    changed[:, replaced] = X[donor][:, replaced]
    expected = score_forest.predicted(forest, changed) - score_forest.predicted(forest, X)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(
        score_forest.predicted_change(forest, X, donor, replaced), expected, atol=ROUNDING
    )


def _line_data(n: int = 200) -> tuple[NDArray, NDArray, NDArray]:
    rng = np.random.default_rng(5)
    x = rng.uniform(-1, 1, n)
    return x, 1 - 2 * x + rng.normal(size=n) * (1 + x**2), rng.uniform(0.5, 2, n)


def test_local_line_is_weighted_least_squares_of_statsmodels_with_hc3() -> None:
    x, score, weight = _line_data()
    points, half = np.array([-0.4, 0.1, 0.5]), 0.6
    ours = local_linear(score, x, weight, np.arange(len(x)), points, half)
    for g, point in enumerate(points):
        kernel = weight * np.clip(1 - ((x - point) / half) ** 2, 0, None)
        held = kernel > 0
        fit = sm.WLS(score[held], sm.add_constant(x[held] - point), kernel[held]).fit(cov_type="HC3")
        np.testing.assert_allclose(ours.estimate[g], fit.params[0], rtol=ROUNDING)
        np.testing.assert_allclose(np.sqrt(ours.covariance[g, g]), fit.bse[0], rtol=1e-8)
        assert ours.n[g] == held.sum()


def test_a_straight_effect_is_found_without_error_and_repeated_units_in_a_cluster_count_once() -> None:
    x, score, weight = _line_data()
    exact = local_linear(1 - 2 * x, x, weight, np.arange(len(x)), np.array([0.0, 0.3]), 0.5)
    np.testing.assert_allclose(exact.estimate, [1.0, 0.4], atol=ROUNDING)
    np.testing.assert_allclose(exact.covariance, 0, atol=ROUNDING)
    once = local_linear(score, x, weight, np.arange(len(x)), np.array([0.0]), 0.5)
    halves = local_linear(
        np.tile(score, 2),
        np.tile(x, 2),
        np.tile(weight, 2),
        np.tile(np.arange(len(x)), 2),
        np.array([0.0]),
        0.5,
    )
    np.testing.assert_allclose(halves.estimate, once.estimate, rtol=ROUNDING)
    # Leverages halve, so that HC3's inflation is smaller; without it the two would be equal.
    assert 0.9 * once.covariance[0, 0] < halves.covariance[0, 0] < once.covariance[0, 0]


def test_windows_with_few_units_or_clusters_or_a_single_value_have_no_estimate() -> None:
    x = np.concatenate([np.linspace(0, 1, FEWEST), np.linspace(9, 10, FEWEST - 1), np.full(FEWEST, 20.0)])
    points = np.array([0.5, 9.5, 20.0])
    units = local_linear(x, x, np.ones(len(x)), np.arange(len(x)), points, 1.0)
    assert np.isfinite(units.estimate).tolist() == [True, False, False]
    paired = local_linear(x, x, np.ones(len(x)), np.arange(len(x)) // 2, points, 1.0)
    assert np.isnan(paired.estimate).all()


def test_bandwidth_reads_spread_and_number_alone() -> None:
    x = np.random.default_rng(6).normal(size=5000)
    one = np.ones(5000)
    assert bandwidth(x, one) == pytest.approx(REFERENCE * 5000 ** (-2 / 7), rel=0.03)
    assert bandwidth(3 * x + 7, one) == pytest.approx(3 * bandwidth(x, one))
    assert bandwidth(x, 9 * one) == pytest.approx(bandwidth(x, one))
    np.testing.assert_array_equal(
        weighted_quantiles(np.array([3.0, 1, 2]), np.array([1.0, 1, 2]), (0.25, 0.75)), [1, 2]
    )


def _curve(estimate: NDArray, covariance: NDArray) -> Smooth:
    return Smooth(estimate, covariance, np.full(len(estimate), 99), np.full(len(estimate), 99))


def test_uniform_band_has_the_closed_form_of_independent_and_of_equal_points() -> None:
    rng = np.random.default_rng(7)
    independent = pooled_band([_curve(np.zeros(10), np.eye(10))], 0.95, rng)
    sidak = stats.norm.ppf(0.5 + 0.5 * 0.95 ** (1 / 10))
    assert independent.critical == pytest.approx(sidak, abs=QUANTILE_ERROR)
    alike = pooled_band([_curve(np.zeros(10), np.ones((10, 10)))], 0.95, rng)
    assert alike.critical == pytest.approx(stats.norm.ppf(0.975), abs=QUANTILE_ERROR)
    np.testing.assert_allclose(independent.upper, stats.norm.ppf(0.975), rtol=1e-6)


def test_curves_are_pooled_by_rubins_rules() -> None:
    rng = np.random.default_rng(8)
    estimates, variances = rng.normal(size=(5, 3)), rng.uniform(0.5, 1, (5, 3))
    band = pooled_band([_curve(e, np.diag(v)) for e, v in zip(estimates, variances, strict=True)], 0.95, rng)
    pooled = pool(estimates, variances)
    np.testing.assert_allclose(band.estimate, pooled.estimate)
    np.testing.assert_allclose(band.se, np.sqrt(pooled.total))
    reach = stats.t.ppf(0.975, pooled.df) * np.sqrt(pooled.total)
    np.testing.assert_allclose(band.upper - band.estimate, reach)
    assert (band.uniform_upper - band.estimate >= reach).all()


def _study(n: int = 400) -> tuple[pd.DataFrame, list[Column], NDArray]:
    rng = np.random.default_rng(9)
    frame = pd.DataFrame(
        {
            "unit": np.arange(n),
            "age": rng.normal(50, 10, n),
            "entries": np.array(["a", "b", "c"])[np.minimum(rng.integers(0, 40, n) // 19, 2)],
            "smokes": rng.integers(0, 2, n).astype(float),
            "packs": np.zeros(n),
            "packs__applies": np.zeros(n),
            "lab0": rng.normal(size=n),
            "lab1": rng.normal(size=n),
        }
    )
    frame["packs__applies"] = frame["smokes"]
    frame["packs"] = np.where(frame["smokes"] == 1, rng.gamma(2, size=n), 0.0)
    columns = [
        Column("age", "continuous", label="Age", unit="years"),
        ENTRIES,
        Column("smokes", "binary", levels=("No", "Yes")),
        Column("packs", "continuous", applicable_if="smokes == 'Yes'"),
        *LAB,
    ]
    return frame, columns, rng.normal(size=n) + (frame["age"].to_numpy() - 50) / 10


def _evidence(minimum: int = 10, **more: object) -> curves.Evidence:
    frame, columns, score = _study()
    known = {"confidence": 0.95, "minimum": minimum, "target": "as patients are seen", "seed": 4}
    return evidence_of([scores_of(score)], [frame], columns, None, **(known | more))  # type: ignore[arg-type]


def test_a_level_is_told_by_its_mean_and_only_with_enough_units() -> None:
    evidence = _evidence()
    table = curves.display(evidence, "smokes")
    scores, frame = evidence.sets[0], evidence.frames[0]
    terms = group_effects(scores, frame["smokes"].astype(int).to_numpy(), ("No", "Yes"), "display", "smokes")
    np.testing.assert_allclose(table["estimate"], terms.estimate)
    np.testing.assert_allclose(table["se"], np.sqrt(np.diag(terms.covariance)))
    assert table["n"].sum() == len(frame)
    assert set(curves.display(evidence, "entries")["level"]) == {"a", "b", "c"}
    few = int((frame["entries"] == "c").sum())
    assert set(curves.display(_evidence(few + 1), "entries")["level"]) == {"a", "b"}


def test_those_to_whom_a_covariate_does_not_apply_stand_beside_the_curve() -> None:
    evidence = _evidence()
    table = curves.display(evidence, "packs")
    away = table[table["kind"] == curves.GROUP]
    apply = evidence.frames[0]["smokes"].to_numpy() == 1
    assert away["level"].tolist() == ["not applicable"]
    assert away["estimate"].item() == pytest.approx(evidence.sets[0].score[~apply].mean())
    curve = table[table["kind"] == curves.CURVE]
    assert curve["n"].max() <= apply.sum()
    assert (curve["uniform_lower"] <= curve["lower"]).all()


def test_cells_are_means_of_scores_and_small_ones_are_left_out() -> None:
    evidence = _evidence()
    table = curves.cells(evidence, "age", "smokes")
    frame, score = evidence.frames[0], evidence.sets[0].score
    assert len(table) == 6
    assert table["n"].sum() == len(frame)
    cuts = weighted_quantiles(frame["age"].to_numpy(), np.ones(len(frame)), (1 / 3, 2 / 3))
    held = (frame["age"].to_numpy() <= cuts[0]) & (frame["smokes"].to_numpy() == 1)
    assert table["estimate"][1] == pytest.approx(score[held].mean(), rel=1e-2)
    fewest = int(table["n"].min())
    assert (curves.cells(_evidence(fewest + 1), "age", "smokes")["n"] > fewest).all()


def test_a_covariate_with_gaps_is_not_displayed_and_the_reason_is_told() -> None:
    frame, columns, score = _study()
    frame.loc[3, "age"] = np.nan
    evidence = evidence_of(
        [scores_of(score)], [frame], columns, None, confidence=0.95, minimum=10, target="", seed=4
    )
    displays, cells, notices = show_modifiers(evidence, ["age", "smokes"], [["age", "smokes"]])
    assert set(displays["covariate"]) == {"smokes"}
    assert cells.empty
    assert len(notices) == 2
    assert all("age" in notice and "missing values" in notice for notice in notices)


def test_columns_of_a_covariate_and_of_a_block_are_taken_together() -> None:
    frame, columns, _ = _study()
    for encode in (covariate_matrix, covariate_codes):
        names = encode(frame, columns)[1]
        groups = {group.name: group for group in column_groups(frame, columns, encode)}
        held = [name for name, inside in zip(names, groups["entries"].columns, strict=True) if inside]
        assert held == (
            ["entries=a", "entries=b", "entries=c"] if encode is covariate_matrix else ["entries"]
        )
        packs = [name for name, inside in zip(names, groups["packs"].columns, strict=True) if inside]
        assert packs == ["packs", "packs__applies"]
        assert groups["panel"].kind == importance.BLOCK
        assert groups["panel"].members == 2
        assert groups["panel"].columns.sum() == 2
        assert sum(group.columns.sum() for group in groups.values() if group.kind == "covariate") == len(
            names
        )


def test_the_covariate_that_moves_the_effect_ranks_first_and_above_its_reference() -> None:
    frame, columns, score = _study()
    asked = {"draws": 3, "trees": 20, "most_units": 1000, "top": 1}
    found = rank_modifiers([scores_of(score)], [frame], columns, asked, 3, 4)
    table = found.table[found.table["kind"] == "covariate"]
    for measure in (importance.PERMUTATION, importance.SHAPLEY):
        rows = table[table["measure"] == measure].set_index("name")
        assert rows.loc["age", "rank"] == 1
        assert rows.loc["age", "top"] > 0.9
        assert rows.loc["age", "lower"] > rows.loc["age", "null_upper"]
        assert sorted(rows["rank"]) == list(range(1, 7))
    assert 0.2 < found.facts["explained"] < 0.5  # the age part is half of the score's variance
    assert found.facts["additivity_gap"] < ROUNDING


def test_thinning_keeps_whole_clusters_and_all_units_where_they_fit() -> None:
    cluster = cluster_codes(np.repeat(np.arange(50), 4))
    kept = importance.thinned(cluster, 60, 1)
    assert len(kept) == 60
    assert (np.bincount(cluster[kept])[np.unique(cluster[kept])] == 4).all()
    np.testing.assert_array_equal(importance.thinned(cluster, 200, 1), np.arange(200))
