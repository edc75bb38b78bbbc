"""The guards stop what they should stop, and let pass what they should."""

from __future__ import annotations

import numpy as np
import pytest
from hetflow.errors import Refused
from hetflow.missingness.arm_auc import _stratified_auc, arm_auc
from hetflow.missingness.guards import (
    average_effects_agree,
    judge_arm_auc,
    observed_cells_unchanged,
    refuse_predictable_arm,
)
from hetflow.missingness.strategies import complete
from opt_frame import opt_arm, opt_columns, opt_frame, opt_outcome
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from trial_simulation import matrix, score_of, simulate_trial

# Sums of some hundred terms in float64.
ROUND_OFF = 1e-12
SEED = 20260101


def test_one_changed_bit_is_refused() -> None:
    frame, columns = opt_frame(), opt_columns()
    completed = complete(frame, columns, "multiple_imputation", "deployment", 0, SEED).frame
    observed_cells_unchanged(frame, completed, columns)
    spoilt = completed.copy()
    row = int(np.flatnonzero(frame["BMI"].notna())[0])
    spoilt.loc[row, "BMI"] = np.nextafter(spoilt.loc[row, "BMI"], np.inf)
    spoilt.loc[3, "Clinic"] = "KY" if spoilt.loc[3, "Clinic"] != "KY" else "NY"
    with pytest.raises(Refused, match="BMI") as refusal:
        observed_cells_unchanged(frame, spoilt, columns)
    assert "Clinic" in str(refusal.value)
    assert len(refusal.value.problems) == 2


def test_fewer_units_in_another_order_are_compared_by_unit() -> None:
    frame, columns = opt_frame(), opt_columns()
    native = complete(frame, columns, "native", "deployment", 0, SEED).frame
    observed_cells_unchanged(frame, native.iloc[::-2].reset_index(drop=True), columns)


def test_arm_is_seen_in_inference_mode_and_not_in_deployment_mode() -> None:
    frame, columns, arm = opt_frame(), opt_columns(), opt_arm()
    values = {}
    for mode, outcome in (("deployment", None), ("inference", opt_outcome())):
        completed = complete(
            frame, columns, "multiple_imputation", mode, 0, SEED, arm=arm, outcome=outcome
        ).frame
        values[mode], se = arm_auc(matrix(completed, columns), arm, SEED)
    refuse_predictable_arm(judge_arm_auc([values["deployment"]], se), "completed/deployment")
    verdict = judge_arm_auc([values["inference"]], se)
    assert verdict.stop
    assert verdict.mean > 0.7
    with pytest.raises(Refused, match="role ignore"):
        refuse_predictable_arm(verdict, "completed/inference")


def test_thresholds_hold_the_stated_false_alarm_rate() -> None:
    clean = judge_arm_auc([0.5] * 10, 0.02)
    assert not clean.stop
    assert clean.notice == ""
    assert norm.sf((clean.threshold_mean - 0.5) / 0.02) == pytest.approx(0.0005)
    assert 10 * norm.sf((clean.threshold_largest - 0.5) / 0.02) == pytest.approx(0.0005)
    assert judge_arm_auc([0.5] * 9 + [0.6], 0.02).stop, "one spoilt file among ten"
    noticed = judge_arm_auc([0.545] * 10, 0.02)
    assert not noticed.stop
    assert "1 analysis of 44" in noticed.notice


def test_stratified_auc_is_scikit_learns_within_strata() -> None:
    rng = np.random.default_rng(0)
    arm = rng.integers(0, 2, 200).astype(np.int8)
    prediction = np.round(rng.normal(size=200) + 0.5 * arm, 1)
    stratum = np.repeat([0, 1], [120, 80])
    ours, se = _stratified_auc(prediction, arm, stratum[:, None])
    parts, weights, variances = [], [], []
    for value in (0, 1):
        inside = stratum == value
        n1, n0 = arm[inside].sum(), (1 - arm[inside]).sum()
        parts.append(roc_auc_score(arm[inside], prediction[inside]))
        weights.append(n1 * n0 / (n1 + n0 + 1))
        variances.append((n1 + n0 + 1) / (12 * n1 * n0))
    assert ours == pytest.approx(np.average(parts, weights=weights), abs=ROUND_OFF)
    share = np.array(weights) / sum(weights)
    assert se == pytest.approx(np.sqrt((share**2 * variances).sum()), abs=ROUND_OFF)


def test_known_probabilities_and_clusters_do_not_alarm() -> None:
    rng = np.random.default_rng(5)
    site = rng.integers(0, 2, 1200)
    propensity = np.where(site == 1, 0.75, 0.4)
    arm = (rng.random(1200) < propensity).astype(np.int8)
    X = np.column_stack([site, rng.normal(size=1200)]).astype(float)
    assert judge_arm_auc(*_listed(arm_auc(X, arm, SEED))).stop
    assert not judge_arm_auc(*_listed(arm_auc(X, arm, SEED, propensity=propensity))).stop
    cluster = np.repeat(np.arange(120), 10)
    whole = np.repeat(rng.permutation(np.arange(120) % 2), 10).astype(np.int8)
    village = np.repeat(rng.normal(size=(120, 3)), 10, axis=0)
    assert judge_arm_auc(*_listed(arm_auc(village, whole, SEED))).stop
    assert not judge_arm_auc(*_listed(arm_auc(village, whole, SEED, cluster=cluster))).stop
    with pytest.raises(Refused, match="study more units"):
        arm_auc(X[:30], arm[:30], SEED)


def _listed(pair: tuple[float, float]) -> tuple[list[float], float]:
    return [pair[0]], pair[1]


def test_average_effects_agree_by_hand() -> None:
    rng = np.random.default_rng(1)
    trial = simulate_trial(rng, n=400)
    half = np.full(400, 0.5)
    score = score_of(trial.arm, trial.outcome, trial.outcome.mean() + np.zeros(400))
    agreement = average_effects_agree(score, trial.outcome, trial.arm, half)
    plain = trial.outcome[trial.arm == 1].mean() - trial.outcome[trial.arm == 0].mean()
    assert agreement.unadjusted == pytest.approx(plain, abs=ROUND_OFF)
    assert agreement.difference == pytest.approx(score.mean() - plain, abs=ROUND_OFF)
    assert agreement.notice == ""
    doubled = average_effects_agree(
        np.tile(score, 2), np.tile(trial.outcome, 2), np.tile(trial.arm, 2), np.tile(half, 2),
        cluster=np.tile(np.arange(400), 2),
    )  # fmt: skip
    assert doubled.se == pytest.approx(agreement.se, abs=ROUND_OFF)
    weighted = average_effects_agree(score, trial.outcome, trial.arm, half, weight=np.full(400, 3.0))
    assert weighted.se == pytest.approx(agreement.se, abs=ROUND_OFF)


def test_a_score_that_has_lost_effect_is_noticed() -> None:
    rng = np.random.default_rng(2)
    trial = simulate_trial(rng, n=1000, slope=0.0)
    half = np.full(1000, 0.5)
    honest = trial.frame[["X2", "X4", "X6", "X8"]].mean(axis=1).to_numpy()
    leaked = honest + 0.4 * (trial.arm - 0.5)
    clean = average_effects_agree(score_of(trial.arm, trial.outcome, honest), trial.outcome, trial.arm, half)
    assert clean.notice == ""
    agreement = average_effects_agree(
        score_of(trial.arm, trial.outcome, leaked), trial.outcome, trial.arm, half
    )
    assert agreement.difference < 0
    assert "have seen the outcome or the arm" in agreement.notice
