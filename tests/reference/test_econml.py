"""Averages, groups, projections and calibration are econml's own from the same cross-fitted nuisances.

econml 0.17 fits its first stages itself; here they are models that hand back the prediction made for the unit, carried
along as its controls `W`. What is compared is its final stage: `LinearDRLearner` regresses its doubly robust outcomes
on covariates, `LinearDML` and `NonParamDML` regress residual on residual.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from econml.dml import LinearDML, NonParamDML
from econml.dr import LinearDRLearner
from econml.inference import StatsModelsInference, StatsModelsInferenceDiscrete
from hetflow.effects.average import average_effect
from hetflow.effects.calibration import calibration
from hetflow.effects.groups import group_differences, group_effects
from hetflow.effects.projection import best_linear_projection
from hetflow.effects.scores import Scores, make_scores
from hetflow.seeds import generator
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.linear_model import LinearRegression, LogisticRegression

#: The same sums in another order.
EXACT = 1e-9
#: HC3 against HC0 and HC1: leverages of order 1 / n.
SANDWICH = 0.02
UNITS, FOLDS, GROUPS = 800, 5, 4
LEARNT = ("chance", "mean", "low", "high")
#: Where the first stages' predictions stand, from the end: after them comes only the arm, in the arms' regression.
CHANCE, MEAN, LOW, HIGH = -4, -3, -2, -1


class Chance(ClassifierMixin, BaseEstimator):
    """A classifier that knows each unit's propensity."""

    def fit(self, X: NDArray, y: NDArray, sample_weight: NDArray | None = None) -> Chance:
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: NDArray) -> NDArray:
        return np.column_stack([1 - X[:, CHANCE], X[:, CHANCE]])

    def predict(self, X: NDArray) -> NDArray:
        return (X[:, CHANCE] > 0.5).astype(int)


class Mean(RegressorMixin, BaseEstimator):
    """A regression that knows each unit's outcome mean, arms mixed."""

    def fit(self, X: NDArray, y: NDArray, sample_weight: NDArray | None = None) -> Mean:
        return self

    def predict(self, X: NDArray) -> NDArray:
        return X[:, MEAN]


class ArmMeans(Mean):
    """A regression that knows each unit's outcome mean in the arm that its last column names."""

    def predict(self, X: NDArray) -> NDArray:
        return np.where(X[:, -1] == 1, X[:, HIGH - 1], X[:, LOW - 1])


@pytest.fixture(scope="module", params=["alike", "weighted"])
def world(request: pytest.FixtureRequest) -> tuple[Scores, NDArray, NDArray]:
    """Scores of an observational sample, its three covariates, and the nuisances as econml's controls."""
    rng = generator(13, "econml")
    X = rng.normal(size=(UNITS, 3))
    treated = (rng.random(UNITS) < 0.2 + 0.6 / (1 + np.exp(-X[:, 0]))).astype(np.int8)
    outcome = X[:, 0] + X[:, 1] ** 2 + treated * (1 + 0.5 * X[:, 1]) + rng.normal(size=UNITS)
    fold = rng.permutation(np.arange(UNITS) % FOLDS) + 1
    learnt = pd.DataFrame(0.0, index=range(UNITS), columns=LEARNT)
    for k in range(1, FOLDS + 1):
        held, rest = fold == k, fold != k
        chance = LogisticRegression().fit(X[rest], treated[rest])
        learnt.loc[held, "chance"] = chance.predict_proba(X[held])[:, 1]
        for arm, name in enumerate(("low", "high")):
            own = rest & (treated == arm)
            learnt.loc[held, name] = LinearRegression().fit(X[own], outcome[own]).predict(X[held])
    learnt["mean"] = learnt["low"] + learnt["chance"] * (learnt["high"] - learnt["low"])
    weight = rng.uniform(0.2, 3.0, UNITS) if request.param == "weighted" else np.ones(UNITS)
    table = pd.DataFrame(
        {
            "unit": np.arange(UNITS),
            "contrast": "treated minus control",
            "treated": treated,
            "treatment_residual": treated - learnt["chance"],
            "outcome_residual": outcome - learnt["mean"],
            "propensity": learnt["chance"],
            "outcome_mean": learnt["mean"],
            "weight": weight,
            "fold": fold,
        }
    )
    effect = (learnt["high"] - learnt["low"]).to_numpy()
    return make_scores(table, effect, better="higher"), X, learnt.to_numpy()


def outcomes(scores: Scores) -> NDArray:
    return scores.outcome_mean + scores.outcome_residual


def doubly_robust(
    scores: Scores, X: NDArray | None, learnt: NDArray, intercept: bool, kind: str
) -> LinearDRLearner:
    model = LinearDRLearner(
        model_propensity=Chance(),
        model_regression=ArmMeans(),
        fit_cate_intercept=intercept,
        min_propensity=1e-12,
        cv=2,
        random_state=1,
    )
    inference = StatsModelsInferenceDiscrete(cov_type=kind)
    return model.fit(
        outcomes(scores), scores.treated, X=X, W=learnt, sample_weight=scores.weight, inference=inference
    )


def residual_on_residual(
    make: Callable[..., LinearDML | NonParamDML], scores: Scores, X: NDArray, learnt: NDArray, **more: object
) -> LinearDML | NonParamDML:
    model = make(model_y=Mean(), model_t=Chance(), discrete_treatment=True, cv=2, random_state=1, **more)
    return model.fit(outcomes(scores), scores.treated, X=X, W=learnt, sample_weight=scores.weight)


def test_the_average_effect_and_its_standard_error(world: tuple[Scores, NDArray, NDArray]) -> None:
    scores, _, learnt = world
    ours = average_effect(scores, "ATE")
    theirs = doubly_robust(scores, None, learnt, True, "HC1").intercept__inference(T=1)
    assert ours.estimate[0] == pytest.approx(float(theirs.point_estimate), abs=EXACT)
    assert np.sqrt(ours.covariance[0, 0]) == pytest.approx(float(theirs.stderr), abs=EXACT)


def test_means_of_groups_their_differences_and_standard_errors(
    world: tuple[Scores, NDArray, NDArray],
) -> None:
    """A regression on the groups' indicators; HC0 lacks each group's factor n / (n - 1), which is ours."""
    scores, X, learnt = world
    codes = np.searchsorted(np.quantile(X[:, 1], [0.25, 0.5, 0.75]), X[:, 1]).astype(np.int64)
    ours = group_effects(scores, codes, [str(g) for g in range(GROUPS)], "rule_groups", "mean")
    member = (codes[:, None] == np.arange(GROUPS)).astype(float)
    theirs = doubly_robust(scores, member, learnt, False, "HC0").coef__inference(T=1)
    count = np.array(ours.n)
    assert ours.estimate == pytest.approx(theirs.point_estimate, abs=EXACT)
    expected = theirs.stderr * np.sqrt(count / (count - 1))
    assert np.sqrt(np.diag(ours.covariance)) == pytest.approx(expected, abs=EXACT)

    difference = group_differences(ours, [(GROUPS - 1, 0)], tested=True)
    member[:, 0] = 1.0  # the first group is the intercept, the last one's coefficient its distance
    theirs = doubly_robust(scores, member, learnt, False, "HC0").coef__inference(T=1)
    assert difference.estimate[0] == pytest.approx(theirs.point_estimate[-1], abs=EXACT)


def test_slopes_of_the_projection(world: tuple[Scores, NDArray, NDArray]) -> None:
    scores, X, learnt = world
    ours = best_linear_projection(scores, X, ("a", "b", "c"))
    model = doubly_robust(scores, X, learnt, True, "HC1")
    theirs = np.r_[model.intercept_(T=1), model.coef_(T=1)]
    assert ours.estimate == pytest.approx(theirs, abs=EXACT)
    # Ours is HC3, which econml does not have.
    error = np.r_[model.intercept__inference(T=1).stderr, model.coef__inference(T=1).stderr]
    assert np.sqrt(np.diag(ours.covariance)) == pytest.approx(error, rel=SANDWICH)


def test_the_overlap_effect_is_the_slope_of_residuals_about_their_means(
    world: tuple[Scores, NDArray, NDArray],
) -> None:
    """econml's regression has no intercept; ours has one, which centred residuals make superfluous."""
    scores, _, learnt = world
    centred = learnt.copy()
    centred[:, LEARNT.index("mean")] += np.average(scores.outcome_residual, weights=scores.weight)
    centred[:, LEARNT.index("chance")] += np.average(scores.treatment_residual, weights=scores.weight)
    ours = average_effect(scores, "ATO")
    theirs = LinearDML(model_y=Mean(), model_t=Chance(), discrete_treatment=True, cv=2, random_state=1).fit(
        outcomes(scores),
        scores.treated,
        W=centred,
        sample_weight=scores.weight,
        inference=StatsModelsInference(cov_type="HC1"),
    )
    assert ours.estimate[0] == pytest.approx(float(theirs.intercept_), abs=EXACT)
    error = float(theirs.intercept__inference().stderr)
    assert np.sqrt(ours.covariance[0, 0]) == pytest.approx(error, rel=SANDWICH)
    constant = np.ones((UNITS, 1))
    slope = residual_on_residual(
        NonParamDML, scores, constant, centred, model_final=LinearRegression(fit_intercept=False)
    )
    assert ours.estimate[0] == pytest.approx(float(slope.effect(constant[:1])[0]), abs=EXACT)


def test_calibration_is_a_linear_model_in_the_predicted_effects(
    world: tuple[Scores, NDArray, NDArray],
) -> None:
    scores, _, learnt = world
    mean = np.average(scores.cate, weights=scores.weight)
    parts = np.column_stack([np.full(UNITS, mean), scores.cate - mean])
    theirs = residual_on_residual(LinearDML, scores, parts, learnt, fit_cate_intercept=False)
    assert calibration(scores).estimate == pytest.approx(theirs.coef_, abs=EXACT)
