"""Missing outcomes drawn: observed ones untouched, draws against closed forms, what cannot be drawn refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.effects.average import average_effect
from hetflow.errors import Refused
from hetflow.missingness.outcome_draws import (
    ASSUMPTIONS,
    AT_RANDOM,
    JUMP_TO_REFERENCE,
    draw_outcomes,
    filled,
    normal_draw,
)
from lost_outcomes import CHAIN, LostTrial, lost_trial, scores_of

# Means over independent draws may be off by five Monte Carlo errors: false alarm below 1e-6.
FIVE = 5.0


def drawn(trial: LostTrial, assumption: str, number: int, **more: object) -> np.ndarray:
    return draw_outcomes(
        trial.frame, trial.columns, trial.arm, trial.outcome, assumption, number, 11, CHAIN, **more
    )


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_observed_outcomes_stay_and_missing_ones_are_filled(assumption: str) -> None:
    trial = lost_trial(np.random.default_rng(2), n=300)
    found = drawn(trial, assumption, 0)
    assert np.array_equal(found[trial.observed], trial.outcome[trial.observed])
    assert np.isfinite(found).all()
    assert np.array_equal(found, drawn(trial, assumption, 0))
    assert not np.array_equal(found, drawn(trial, assumption, 1))


def test_controls_are_drawn_at_random_under_either_assumption_and_column_order_is_nothing() -> None:
    trial = lost_trial(np.random.default_rng(2), n=300)
    turned = draw_outcomes(
        trial.frame[list(reversed(trial.frame.columns))],
        list(reversed(trial.columns)),
        trial.arm,
        trial.outcome,
        AT_RANDOM,
        0,
        11,
        CHAIN,
    )
    assert np.array_equal(turned, drawn(trial, AT_RANDOM, 0))


def test_draws_have_the_moments_of_the_posterior_predictive() -> None:
    """Mean: the least-squares prediction; variance: s^2 f / (f - 2) (1 + 1/n + x' (X'X)^-1 x), f = n - k - 1."""
    rng = np.random.default_rng(4)
    n, draws = 25, 20_000
    X = rng.standard_normal((n, 2))
    y = 1 + X @ [0.5, -1.0] + rng.standard_normal(n)
    wanted = np.array([[0.4, 2.0]])
    values = np.array([normal_draw(X, y, wanted, rng)[0] for _ in range(draws)])
    design = np.column_stack([np.ones(n), X])
    beta, squares, *_ = np.linalg.lstsq(design, y, rcond=None)
    x = np.array([1.0, *wanted[0]])
    free = n - 3
    variance = squares[0] / (free - 2) * (1 + x @ np.linalg.inv(design.T @ design) @ x)
    assert abs(values.mean() - x @ beta) < FIVE * np.sqrt(variance / draws)
    fourth = stats_error(values)
    assert abs(values.var() - variance) < FIVE * fourth


def stats_error(values: np.ndarray) -> float:
    """Monte Carlo error of a variance."""
    centred = (values - values.mean()) ** 2
    return float(centred.std() / np.sqrt(len(values)))


def test_jump_to_reference_in_closed_form() -> None:
    """With a linear model, E of the imputed mean of the treated lost is the controls' regression at their covariates.

    The effect without covariates in the score is then (1 - p1) mean1 + p1 a'x - [(1 - p0) mean0 + p0 a'x0].
    """
    trial = lost_trial(np.random.default_rng(6), n=800)
    names, draws = tuple(column.name for column in trial.columns), 400
    zero, fold = np.zeros(800), np.arange(800) % 5 + 1
    estimates = []
    for number in range(draws):
        outcome = drawn(trial, JUMP_TO_REFERENCE, number, named=names)
        estimates.append(
            float(average_effect(scores_of(trial, outcome, zero, zero, fold), "ATE").estimate[0])
        )
    Z = np.column_stack([np.ones(800), trial.X])
    control = (trial.arm == 0) & trial.observed
    beta = np.linalg.lstsq(Z[control], trial.outcome[control], rcond=None)[0]
    expected = np.where(trial.observed, trial.outcome, Z @ beta)
    closed = expected[trial.arm == 1].mean() - expected[trial.arm == 0].mean()
    error = np.std(estimates, ddof=1) / np.sqrt(draws)
    assert abs(np.mean(estimates) - closed) < FIVE * error


def test_binary_outcomes_stay_binary() -> None:
    trial = lost_trial(np.random.default_rng(7), n=400)
    binary = np.where(trial.observed, (trial.outcome > 0).astype(float), np.nan)
    found = draw_outcomes(
        trial.frame, trial.columns, trial.arm, binary, AT_RANDOM, 0, 1, CHAIN, kind="binary"
    )
    assert set(np.unique(found)) == {0.0, 1.0}


def test_auxiliaries_of_a_later_visit_help_and_may_have_gaps() -> None:
    """An auxiliary that nearly is the outcome: its draws are near the truth, those under jump to reference not."""
    rng = np.random.default_rng(9)
    trial = lost_trial(rng, n=600)
    later = trial.whole + 0.1 * rng.standard_normal(600)
    later[rng.random(600) < 0.1] = np.nan
    frame = trial.frame.assign(late=later)
    columns = [*trial.columns, Column("late", "continuous", role="auxiliary", visit=3)]
    lost = ~trial.observed
    near, far = (
        draw_outcomes(frame, columns, trial.arm, trial.outcome, assumption, 0, 1, CHAIN)[lost]
        for assumption in ASSUMPTIONS
    )
    assert np.corrcoef(near, trial.whole[lost])[0, 1] > 0.9
    assert np.corrcoef(far, trial.whole[lost])[0, 1] < 0.8


def test_gaps_in_covariates_and_too_few_outcomes_are_refused() -> None:
    trial = lost_trial(np.random.default_rng(2), n=300)
    gappy = trial.frame.assign(X1=trial.frame["X1"].where(trial.frame["unit"] > 5))
    with pytest.raises(Refused, match="gaps in X1"):
        draw_outcomes(gappy, trial.columns, trial.arm, trial.outcome, AT_RANDOM, 0, 1, CHAIN)
    scarce = np.where((trial.arm == 1) & (np.cumsum(trial.arm == 1) > 15), np.nan, trial.whole)
    with pytest.raises(Refused, match="at least 20 observed outcomes"):
        draw_outcomes(trial.frame, trial.columns, trial.arm, scarce, AT_RANDOM, 0, 1, CHAIN)


def test_filled_keeps_observed_values() -> None:
    table = pd.DataFrame({"unit": [2, 0], "outcome": [5.0, 7.0]})
    found = filled(np.array([np.nan, 1.0, np.nan]), np.array([0, 1, 2]), table)
    assert found.tolist() == [7.0, 1.0, 5.0]
