"""Bounds of omitted-variable bias are those of DoubleML and econml from one set of nuisances; E-values are published.

DoubleML 0.11 and econml 0.17 compute sigma2, nu2, bounds and robustness values after Chernozhukov, Cinelli, Newey,
Sharma and Syrgkanis (2022). For the limits of the bounds both have a slip of sign, against which a jackknife decides:
DoubleML divides its score by a Jacobian of -1 and so adds the bias to minus the effect's influence (its lower and upper
standard errors are exchanged); econml adds the influence of nu2 of the partially linear model with the wrong sign. The
limits of econml's interactive model are right, and are compared.
"""

from __future__ import annotations

import doubleml as dml
import numpy as np
import pandas as pd
import pytest
from econml.validate.sensitivity_analysis import (
    RV,
    dml_sensitivity_values,
    dr_sensitivity_values,
    sensitivity_interval,
)
from hetflow.effects.arm_means import arm_outcomes
from hetflow.effects.average import average_effect
from hetflow.effects.confounding import e_value
from hetflow.effects.omitted import Elements, bound, elements, robustness, squared_error
from hetflow.effects.scores import Scores, make_scores
from hetflow.seeds import generator
from scipy.stats import norm
from score_world import nuisance_frame
from sklearn.dummy import DummyClassifier, DummyRegressor

#: The same sums in another order.
EXACT = 1e-9
#: DoubleML divides variances by n where ours has the factor n / (n - 1).
COUNT = 2e-3
#: The jackknife is the influence function but for terms of order 1 / n, where leverage is moderate.
JACKKNIFE = 0.02
#: DoubleML searches the robustness value numerically, econml to 1e-6 of the bound.
SEARCHED = 1e-4
UNITS = 900
LEVEL = 0.975


@pytest.fixture(scope="module")
def scores() -> Scores:
    """An observational sample with nuisances that are wrong, but not by much."""
    rng = generator(12, "omitted")
    x = rng.normal(size=UNITS)
    e = 0.2 + 0.6 / (1 + np.exp(-x))
    treated = (rng.random(UNITS) < e).astype(np.int8)
    tau = 0.9 + 0.4 * x + 0.05 * rng.normal(size=UNITS)
    mean = x + e * tau + 0.1 * rng.normal(size=UNITS)
    outcome = x + treated * (1 + 0.5 * x) + rng.normal(size=UNITS)
    frame = nuisance_frame(treated, outcome - mean, e).assign(outcome_mean=mean)
    return make_scores(frame, tau, better="higher")


def theirs(scores: Scores, score: str) -> dml.DoubleMLIRM:
    outcome = scores.outcome_residual + scores.outcome_mean
    frame = pd.DataFrame({"y": outcome, "d": scores.treated, "x": scores.propensity})
    low = scores.outcome_mean - scores.propensity * scores.cate
    given = {"ml_m": scores.propensity, "ml_g0": low, "ml_g1": low + scores.cate}
    model = dml.DoubleMLIRM(
        dml.DoubleMLData(frame, "y", "d"),
        ml_g=DummyRegressor(),
        ml_m=DummyClassifier(),
        score=score,
        n_folds=1 + 1,
        n_rep=1,
    )
    given = {name: np.asarray(values, dtype=float)[:, None] for name, values in given.items()}
    model.fit(external_predictions={"d": given})
    return model


def ours(scores: Scores, target: str) -> Elements:
    outcome = scores.outcome_residual + scores.outcome_mean
    return elements(scores, target, squared_error(scores, outcome))


@pytest.mark.parametrize(("target", "score"), [("ATE", "ATE"), ("ATT", "ATTE")])
@pytest.mark.parametrize(("c_y", "c_t", "rho"), [(0.03, 0.03, 1.0), (0.1, 0.2, 1.0), (0.05, 0.02, 0.5)])
def test_bounds_are_those_of_doubleml(
    scores: Scores, target: str, score: str, c_y: float, c_t: float, rho: float
) -> None:
    model = theirs(scores, score)
    model.sensitivity_analysis(cf_y=c_y, cf_d=c_t, rho=rho, level=LEVEL)
    found = model.sensitivity_params
    own = ours(scores, target)
    one = bound([own], c_y, c_t, rho, 2 * LEVEL - 1)
    assert own.estimate[0] == pytest.approx(model.coef[0], abs=EXACT)
    assert one.lower_bound == pytest.approx(found["theta"]["lower"][0], abs=EXACT)
    assert one.upper_bound == pytest.approx(found["theta"]["upper"][0], abs=EXACT)
    if rho == 1.0:  # our robustness value is that of the worst case
        assert robustness([own], 2 * LEVEL - 1)[0] == pytest.approx(found["rv"][0], abs=SEARCHED)


def test_limits_of_the_average_effect_are_those_of_econml_and_of_doubleml_with_its_sign_mended(
    scores: Scores,
) -> None:
    e, outcome = scores.propensity, scores.outcome_residual + scores.outcome_mean
    arms = arm_outcomes(scores)
    chances = np.column_stack([1 - e, e])
    given = dr_sensitivity_values(outcome, scores.treated[:, None].astype(float), arms, chances)
    elements_ = given.theta[0], given.sigma[0], given.nu[0], given.cov[0]
    low, high = sensitivity_interval(*elements_, 2 * (1 - LEVEL), 0.1, 0.2, 1.0, "ci")
    one = bound([ours(scores, "ATE")], 0.1, 0.2, 1.0, 2 * LEVEL - 1)
    assert (one.lower, one.upper) == pytest.approx((low, high), rel=COUNT)
    value = RV(*elements_, 2 * (1 - LEVEL), interval_type="ci")
    assert robustness([ours(scores, "ATE")], 2 * LEVEL - 1)[1] == pytest.approx(value, abs=COUNT)

    model = theirs(scores, "ATE")
    model.sensitivity_analysis(cf_y=0.1, cf_d=0.2, level=LEVEL)
    se = model.sensitivity_params["se"]
    reach = norm.ppf(LEVEL)
    assert (one.lower_bound - one.lower) / reach == pytest.approx(se["upper"][0], rel=COUNT)
    assert (one.upper - one.upper_bound) / reach == pytest.approx(se["lower"][0], rel=COUNT)


@pytest.mark.parametrize("target", ["ATE", "ATT", "ATO"])
def test_the_joint_covariance_is_that_of_the_jackknife(scores: Scores, target: str) -> None:
    """Leave each unit out of effect, sigma2 and nu2; the nuisances stay (for the ATO the slope does too)."""
    outcome = scores.outcome_residual + scores.outcome_mean
    common = None if target != "ATO" else float(average_effect(scores, "ATO").estimate[0])
    error2 = squared_error(scores, outcome, effect=common)
    left = np.empty((UNITS, 3))
    for i in range(UNITS):
        weight = np.ones(UNITS)
        weight[i] = 0.0
        left[i] = elements(scores, target, error2, weight).estimate
    deviation = left - left.mean(axis=0)
    expected = (UNITS - 1) / UNITS * deviation.T @ deviation
    found = elements(scores, target, error2).covariance
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.abs((found - expected) / scale).max() < JACKKNIFE


def test_the_overlap_effect_has_the_bounds_of_econml_s_linear_model(scores: Scores) -> None:
    """econml adds the influence of nu2 with the other sign: compare what does not read their covariance with it."""
    t = scores.treatment_residual - scores.treatment_residual.mean()
    y = scores.outcome_residual - scores.outcome_residual.mean()
    given = dml_sensitivity_values(t, y)
    effect = float(given.theta)
    own = elements(scores, "ATO", (y - effect * t) ** 2)
    assert own.estimate == pytest.approx([effect, given.sigma, given.nu], abs=EXACT)
    own_variances, theirs_ = np.diag(own.covariance), np.diag(given.cov)
    assert own_variances == pytest.approx(theirs_, rel=COUNT)
    low, high = sensitivity_interval(effect, given.sigma, given.nu, given.cov, 0.05, 0.1, 0.2, 1.0, "theta")
    one = bound([own], 0.1, 0.2, 1.0, 0.95)
    assert (one.lower_bound, one.upper_bound) == pytest.approx((low, high), abs=EXACT)
    value = RV(effect, given.sigma, given.nu, given.cov, 0.05, interval_type="theta")
    assert robustness([own], 0.95)[0] == pytest.approx(value, abs=SEARCHED)


def test_e_values_are_those_of_the_published_example() -> None:
    """VanderWeele and Ding (2017): a risk ratio of 3.9 (limits 1.8 to 8.7) has E-values 7.26 and 3.0."""
    assert e_value(3.9) == pytest.approx(7.26, abs=0.005)
    assert e_value(1.8) == pytest.approx(3.0, abs=0.005)
    assert e_value(1 / 3.9) == pytest.approx(e_value(3.9))
    assert e_value(1.0) == 1.0
