"""Amputation does what its class says: judged on 20,000 units by an outside logistic regression and by chi-squares.

Every assertion on a statistic that is standard normal under the claim allows five standard errors (false alarm
6e-7); for every one of them there is a class that breaks the claim and is caught by ten standard errors or more.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from amputation_world import INCOMPLETE, complete_data, score
from hetflow.missingness.amputation import CLASSES, Influences, Strengths, amputate

UNITS = 20_000
DATA = complete_data(UNITS)
RNG = np.random.default_rng(5)
ARM = RNG.integers(0, 2, UNITS).astype(float)
OUTCOME = RNG.standard_normal(UNITS) * 7 + 3
FIVE, TEN = 5.0, 10.0
STRENGTH = 1.5
PAIRS = [(j, k) for j in range(5) for k in range(j)]


def logistic(mask: pd.Series, *regressors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and standard errors, without the intercept's."""
    fit = sm.Logit(mask.to_numpy(dtype=float), sm.add_constant(np.column_stack(regressors))).fit(disp=0)
    return fit.params[1:], fit.bse[1:]


def standardised(values: pd.Series) -> np.ndarray:
    return ((values - values.mean()) / values.std(ddof=0)).to_numpy()


def correlations_with_values(mask: pd.DataFrame) -> np.ndarray:
    """z of every mask against every column of the complete data."""
    M, X = mask.astype(float).to_numpy(), DATA.to_numpy()
    return np.abs(np.corrcoef(M.T, X.T)[: mask.shape[1], mask.shape[1] :]) * np.sqrt(UNITS)


@pytest.mark.parametrize("name", [name for name in CLASSES if name.startswith("MCAR")])
def test_mcar_masks_are_independent_of_values(name: str) -> None:
    assert correlations_with_values(amputate(DATA, INCOMPLETE, name, seed=1).mask).max() < FIVE


@pytest.mark.parametrize("name", [name for name in CLASSES if not name.startswith("MCAR")])
def test_other_masks_are_not(name: str) -> None:
    z = correlations_with_values(amputate(DATA, INCOMPLETE, name, seed=1).mask)
    assert (z.max(axis=1) > TEN).all()
    if name.startswith("MNAR"):
        assert (np.diag(z) > TEN).all()


@pytest.mark.parametrize("name", ["MAR-UP", "MAR-WS-B", "MAR-SS-B"])
def test_margins_are_logistic_in_the_value_score(name: str) -> None:
    """Whatever the structure; and no other direction of the drivers matters."""
    made = amputate(DATA, INCOMPLETE, name, seed=1)
    drivers = list(made.directions.index)
    for column in INCOMPLETE:
        slope, error = logistic(
            made.mask[column], score(DATA, made.directions[column]), DATA[drivers[0]].to_numpy()
        )
        assert abs(slope[0] - STRENGTH) < FIVE * error[0]
        assert abs(slope[1]) < FIVE * error[1]
        assert TEN * error[0] < STRENGTH


@pytest.mark.parametrize("name", ["MNAR-UP", "MNAR-WS-B"])
def test_margins_are_logistic_in_the_hidden_value(name: str) -> None:
    mask = amputate(DATA, INCOMPLETE, name, seed=1).mask
    for column in INCOMPLETE:
        slope, error = logistic(mask[column], standardised(DATA[column]))
        assert abs(slope[0] - STRENGTH) < FIVE * error[0]


def residual_z(name: str) -> np.ndarray:
    """z of the pairs of masks once each is freed of its value score."""
    made = amputate(DATA, INCOMPLETE, name, seed=1)
    free = []
    for column in INCOMPLETE:
        regressor = (
            score(DATA, made.directions[column]) if name.startswith("MAR") else standardised(DATA[column])
        )
        design = sm.add_constant(regressor)
        fit = sm.Logit(made.mask[column].to_numpy(dtype=float), design).fit(disp=0)
        free.append(fit.resid_response)
    return np.array(
        [abs((free[j] * free[k]).sum()) / np.sqrt(((free[j] * free[k]) ** 2).sum()) for j, k in PAIRS]
    )


@pytest.mark.parametrize("name", ["MCAR-U", "MAR-UP", "MNAR-UP"])
def test_unstructured_masks_are_independent_given_values(name: str) -> None:
    assert residual_z(name).max() < FIVE


@pytest.mark.parametrize("name", ["MCAR-WS-B", "MAR-WS-B", "MNAR-WS-B", "MAR-WS-S", "MAR-SS-B", "MAR-SS-S"])
def test_structured_masks_are_not(name: str) -> None:
    adjacent = [place for place, (j, k) in enumerate(PAIRS) if j == k + 1]
    assert residual_z(name)[adjacent].min() > TEN


@pytest.mark.parametrize("name", ["MCAR-WS-S", "MAR-WS-S", "MNAR-WS-S"])
def test_weak_sequences_are_first_order_chains(name: str) -> None:
    """The column before has the log odds ratio asked for, the one before that none."""
    made = amputate(DATA, INCOMPLETE, name, seed=1)
    M = made.mask.astype(float)
    for j in range(2, 5):
        column = INCOMPLETE[j]
        values = {
            "MAR": lambda c: score(DATA, made.directions[c]),
            "MNAR": lambda c: standardised(DATA[c]),
            "MCAR": lambda c: DATA[c].to_numpy(),
        }[name.split("-")[0]](column)
        slope, error = logistic(
            made.mask[column], M[INCOMPLETE[j - 1]].to_numpy(), M[INCOMPLETE[j - 2]].to_numpy(), values
        )
        assert abs(slope[0] - Strengths().chain_log_odds) < FIVE * error[0]
        assert abs(slope[1]) < FIVE * error[1]


def test_weak_blocks_are_not_chains() -> None:
    M = amputate(DATA, INCOMPLETE, "MCAR-WS-B", seed=1).mask.astype(float).to_numpy()
    slope, error = logistic(pd.Series(M[:, 4] > 0), M[:, 3], M[:, 2])
    assert slope[1] > TEN * error[1], "lag 2 remains"


@pytest.mark.parametrize("name", ["MAR-SS-S", "MNAR-SS-S"])
def test_drop_out_is_a_hazard_among_those_who_are_left(name: str) -> None:
    made = amputate(DATA, INCOMPLETE, name, seed=1)
    gone = np.zeros(UNITS, dtype=bool)
    for column in INCOMPLETE:
        values = standardised(DATA[column]) if name == "MNAR-SS-S" else score(DATA, made.directions[column])
        slope, error = logistic(made.mask[column][~gone], values[~gone])
        assert abs(slope[0] - STRENGTH) < FIVE * error[0]
        gone |= made.mask[column].to_numpy()


@pytest.mark.parametrize("name", ["MCAR-U", "MCAR-WS-B", "MCAR-SS-B", "MAR-UP", "MNAR-UP"])
def test_arm_outcome_and_group_have_the_log_odds_asked_for(name: str) -> None:
    group = np.where(DATA["w"] > 0.5, "high", "low")
    influences = Influences(ARM, 0.7, OUTCOME, -0.5, 0.9, group, {"high": 0.8})
    made = amputate(DATA, INCOMPLETE, name, seed=1, drivers=["z"], influences=influences)
    y = standardised(pd.Series(OUTCOME))
    others = {"MCAR": [], "MAR": [standardised(DATA["z"])], "MNAR": [standardised(DATA["a"])]}[
        name.split("-")[0]
    ]
    slope, error = logistic(made.mask["a"], ARM, y, ARM * y, (group == "high").astype(float), *others)
    wanted = np.array([0.7, -0.5, 0.9, 0.8, *[STRENGTH] * len(others)])
    assert (np.abs(slope - wanted) < FIVE * error).all()
    assert (np.abs(wanted) > TEN * error).all()


def test_tails_are_mar_in_the_square_only() -> None:
    made = amputate(DATA, ["a"], "MAR-UP", seed=1, drivers=["z"], strengths=Strengths(shape="tails"))
    z = standardised(DATA["z"])
    square = (z**2 - 1) / np.std(z**2)
    slope, error = logistic(made.mask["a"], z, square)
    assert abs(slope[0]) < FIVE * error[0]
    assert abs(slope[1] - STRENGTH) < FIVE * error[1]
