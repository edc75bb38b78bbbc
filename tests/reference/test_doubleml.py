"""Average effects are those of DoubleML from the same nuisances.

DoubleML 0.11 (Bach, Kurz, Chernozhukov, Spindler and Klaassen) takes predictions from outside: propensity, and the
outcome mean of either arm.
"""

from __future__ import annotations

import doubleml as dml
import numpy as np
import pandas as pd
import pytest
from hetflow.effects.average import average_effect
from hetflow.effects.scores import Scores, make_scores
from hetflow.seeds import generator
from sklearn.dummy import DummyClassifier, DummyRegressor

#: The same sums in another order.
EXACT = 1e-10
UNITS = 700


@pytest.fixture(scope="module")
def world() -> tuple[Scores, pd.DataFrame]:
    """An observational sample with nuisances that are wrong, but not by much."""
    rng = generator(11, "doubleml")
    x = rng.normal(size=UNITS)
    propensity = 0.2 + 0.6 / (1 + np.exp(-x))
    treated = (rng.random(UNITS) < propensity).astype(np.int8)
    outcome = x + treated * (1 + 0.5 * x) + rng.normal(size=UNITS)
    cate = 0.9 + 0.4 * x + 0.05 * rng.normal(size=UNITS)
    mean = x + propensity * cate + 0.1 * rng.normal(size=UNITS)
    table = pd.DataFrame(
        {
            "unit": np.arange(UNITS),
            "contrast": "treated minus control",
            "treated": treated,
            "treatment_residual": treated - propensity,
            "outcome_residual": outcome - mean,
            "propensity": propensity,
            "outcome_mean": mean,
            "weight": 1.0,
            "fold": 1,
        }
    )
    frame = pd.DataFrame({"y": outcome, "d": treated, "x": x})
    return make_scores(table, cate, better="higher"), frame


def _theirs(scores: Scores, frame: pd.DataFrame, score: str) -> dml.DoubleMLIRM:
    """DoubleML's interactive regression model with hetflow's nuisances."""
    low = scores.outcome_mean - scores.propensity * scores.cate
    given = {"ml_m": scores.propensity, "ml_g0": low, "ml_g1": low + scores.cate}
    given = {name: np.asarray(values, dtype=float)[:, None] for name, values in given.items()}
    model = dml.DoubleMLIRM(
        dml.DoubleMLData(frame, "y", "d"),
        ml_g=DummyRegressor(),
        ml_m=DummyClassifier(),
        score=score,
        n_folds=2,
        normalize_ipw=False,
    )
    return model.fit(external_predictions={"d": given})


def test_the_average_effect_and_its_standard_error_are_those_of_doubleml(
    world: tuple[Scores, pd.DataFrame],
) -> None:
    scores, frame = world
    ours, theirs = average_effect(scores, "ATE"), _theirs(scores, frame, "ATE")
    assert ours.estimate[0] == pytest.approx(float(theirs.coef[0]), abs=EXACT)
    # DoubleML divides the sum of squares by n, we (with grf) by n - 1.
    se = np.sqrt(ours.covariance[0, 0] * (UNITS - 1) / UNITS)
    assert se == pytest.approx(float(theirs.se[0]), rel=1e-9)


def test_the_effect_on_the_treated_agrees_where_formulas_differ_in_their_weights(
    world: tuple[Scores, pd.DataFrame],
) -> None:
    """grf, whose formula ours is, normalises the controls' weights; DoubleML does not: a tenth of a standard error."""
    scores, frame = world
    ours, theirs = average_effect(scores, "ATT"), _theirs(scores, frame, "ATTE")
    assert abs(ours.estimate[0] - float(theirs.coef[0])) < 0.1 * float(theirs.se[0])
    assert np.sqrt(ours.covariance[0, 0]) == pytest.approx(float(theirs.se[0]), rel=0.1)
