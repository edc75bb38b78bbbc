"""Effects by baseline risk: each piece against another implementation or a closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hetflow.effects.arm_means import arm_means, arm_outcomes, log_ratios
from hetflow.effects.groups import group_effects
from hetflow.effects.linear import cluster_codes
from hetflow.effects.marginal import interaction
from hetflow.effects.prediction import Judged, discrimination, measures, recalibrated
from hetflow.effects.risk import Prognosis, group_codes, relative_scales
from hetflow.effects.risk_models import COLUMNS
from hetflow.errors import Refused
from risk_world import risk_trial
from scipy.special import expit
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

#: Sums of the same numbers in another order.
EXACT = 1e-10
#: Both sides iterate until steps of about 1e-9.
ITERATED = 1e-6


def judged(
    rng: np.random.Generator, n: int, binary: bool, weighted: bool = True
) -> tuple[Judged, np.ndarray]:
    index = rng.normal(size=n)
    outcome = (rng.random(n) < expit(index)).astype(float) if binary else index + rng.normal(size=n)
    weight = rng.uniform(0.5, 2.0, n) if weighted else np.ones(n)
    risk = expit(0.2 + 0.7 * index) if binary else 0.2 + 0.7 * index
    return Judged(outcome, weight, np.arange(n), rng.integers(1, 6, n), binary), risk


def found(units: Judged, risk: np.ndarray) -> dict[str, tuple[float, float]]:
    return {one.name: (one.estimate, one.se) for one in measures(units, risk)}


def test_arm_outcomes_differ_by_the_score_and_average_to_its_groups() -> None:
    trial = risk_trial(np.random.default_rng(1), 300, log_odds=-0.5, clusters=60)
    outcomes = arm_outcomes(trial.scores)
    assert outcomes[:, 1] - outcomes[:, 0] == pytest.approx(trial.scores.score, abs=EXACT)
    codes, labels = (np.arange(300) % 3).astype(np.int64), ("a", "b", "c")
    means = arm_means(trial.scores, codes, labels)
    effects = group_effects(trial.scores, codes, labels, "risk_groups", "mean")
    contrast = np.hstack([-np.eye(3), np.eye(3)])
    assert contrast @ means.estimate == pytest.approx(effects.estimate, abs=EXACT)
    assert contrast @ means.covariance @ contrast.T == pytest.approx(effects.covariance, abs=EXACT)


def test_with_arm_means_as_nuisances_ratios_are_those_of_two_by_two_tables() -> None:
    """Where mean and effect are each arm's share and half are treated, phi averages to the shares themselves, and the
    logarithms' variances are the textbook ones, 1/a - 1/n + 1/c - 1/m of a ratio, with n - 1 in place of n."""
    rng = np.random.default_rng(2)
    trial = risk_trial(rng, 400, log_odds=-0.6)
    treated, outcome = trial.scores.treated, trial.outcome
    e = float(treated.mean())
    share = [float(outcome[treated == a].mean()) for a in (0, 1)]
    tau, mean = share[1] - share[0], (1 - e) * share[0] + e * share[1]
    nuisances = {
        "propensity": np.full(400, e),
        "treatment_residual": treated - e,
        "outcome_mean": np.full(400, mean),
        "outcome_residual": outcome - mean,
        "cate": np.full(400, tau),
    }
    scores = replace(trial.scores, **nuisances)
    means = arm_means(scores, np.zeros(400, np.int64), ("all",))
    assert means.estimate == pytest.approx(share, abs=EXACT)
    numbers = [int((treated == a).sum()) for a in (0, 1)]
    factor = 400 / 399
    ratio = log_ratios(means)
    assert np.exp(ratio.estimate[0]) == pytest.approx(share[1] / share[0])
    textbook = sum((1 - p) / (p * n) for p, n in zip(share, numbers, strict=True))
    assert ratio.covariance[0, 0] == pytest.approx(factor * textbook, rel=1e-9)
    odds = log_ratios(means, odds=True)
    woolf = sum(1 / (n * p) + 1 / (n * (1 - p)) for p, n in zip(share, numbers, strict=True))
    assert odds.covariance[0, 0] == pytest.approx(factor * woolf, rel=1e-9)


def test_ratios_of_means_that_are_not_positive_are_refused_by_name() -> None:
    trial = risk_trial(np.random.default_rng(3), 200, binary=False)
    means = arm_means(trial.scores, np.zeros(200, np.int64), ("all",))
    with pytest.raises(Refused, match="ratio"):
        log_ratios(replace(means, estimate=np.array([-0.1, 0.2])))
    with pytest.raises(Refused, match="odds_ratio"):
        log_ratios(replace(means, estimate=np.array([0.4, 1.2])), odds=True)


@pytest.mark.parametrize(
    ("link", "family"), [("logit", sm.families.Binomial()), ("log", sm.families.Poisson())]
)
def test_the_interaction_is_statsmodels_where_both_outcomes_are_seen(
    link: str, family: sm.families.Family
) -> None:
    """Given both potential outcomes of everybody, the model is a GLM of two rows a unit with clusters of rows."""
    rng = np.random.default_rng(4)
    n = 500
    index, weight = rng.normal(size=n), np.ones(n)  # statsmodels has no clustered sandwich under weights
    cluster = rng.integers(0, 120, n)
    linear = [-0.8 + 0.5 * index, -0.5 + 0.9 * index]
    draw = (lambda x: rng.random(n) < expit(x)) if link == "logit" else (lambda x: rng.poisson(np.exp(x)))
    outcomes = np.column_stack([draw(x) for x in linear]).astype(float)
    codes = cluster_codes(cluster)
    beta, covariance = interaction(outcomes, index, weight, codes, link)
    centred = index - weight @ index / weight.sum()
    X = np.vstack([np.column_stack([np.ones(n), np.full(n, a), centred, a * centred]) for a in (0.0, 1.0)])
    theirs = sm.GLM(outcomes.T.ravel(), X, family=family).fit(
        cov_type="cluster", cov_kwds={"groups": np.tile(codes, 2), "use_correction": False}
    )
    assert beta == pytest.approx(theirs.params, abs=ITERATED)
    groups = len(np.unique(codes))
    assert covariance == pytest.approx(theirs.cov_params() * groups / (groups - 1), abs=ITERATED)


def test_an_interaction_that_the_data_leave_without_bound_is_refused() -> None:
    n = 40
    index = np.linspace(-1, 1, n)
    outcomes = np.column_stack([np.full(n, 0.5), (index > 0).astype(float)])
    with pytest.raises(Refused, match="interaction"):
        interaction(outcomes, index, np.ones(n), np.arange(n), "logit")


def test_the_interaction_has_its_root_where_there_is_one() -> None:
    """Of 300 trials without trouble none is refused: where steps were held back by the rounding of the loss, five were.

    The equation is solved to rounding by the coefficients.
    """
    for seed in range(300):
        rng = np.random.default_rng(seed)
        r, n = rng.normal(size=1000), 1000
        chance = [
            expit(level + slope * r + 0.5 * rng.normal(size=n)) for level, slope in ((-0.5, 0.7), (-1.1, 0.4))
        ]
        treated = rng.random(n) < 0.5
        seen = rng.random(n) < np.where(treated, chance[1], chance[0])
        arms = [np.where(treated == a, 2 * (seen - chance[a]), 0.0) + chance[a] for a in (False, True)]
        outcomes = np.column_stack(arms)
        beta, _ = interaction(outcomes, r, np.ones(n), np.arange(n), "logit")
        centred = r - r.mean()
        for a in (0, 1):
            error = outcomes[:, a] - expit(beta[0] + a * beta[1] + (beta[2] + a * beta[3]) * centred)
            assert abs(error.mean()) + abs((error * centred).mean()) < 1e-9


def test_the_c_statistic_is_sklearn_s_and_its_error_delong_s() -> None:
    units, risk = judged(np.random.default_rng(5), 300, True)
    risk = np.round(risk, 2)  # ties
    own = discrimination(units, risk)[0]
    expected = roc_auc_score(units.outcome, risk, sample_weight=units.weight)
    assert own.estimate == pytest.approx(expected, abs=EXACT)
    plain = Judged(units.outcome, np.ones(300), units.cluster, units.fold, True)
    own = discrimination(plain, risk)[0]
    events, others = risk[units.outcome == 1], risk[units.outcome == 0]
    m, k = len(events), len(others)
    together = rankdata(np.concatenate([events, others]))
    v10 = (together[:m] - rankdata(events)) / k
    v01 = 1 - (together[m:] - rankdata(others)) / m
    # DeLong's variance divides by m - 1 and k - 1, the influence function by m and k, with n / (n - 1)
    delong = v10.var() / m + v01.var() / k
    assert own.se**2 == pytest.approx(delong * 300 / 299, rel=1e-9)


def test_calibration_is_statsmodels() -> None:
    units, risk = judged(np.random.default_rng(6), 400, True)
    linear = np.log(risk / (1 - risk))
    own = found(units, risk)
    with_slope = sm.GLM(
        units.outcome, sm.add_constant(linear), family=sm.families.Binomial(), var_weights=units.weight
    ).fit(cov_type="HC0")
    assert own["calibration_slope"][0] == pytest.approx(with_slope.params[1], abs=ITERATED)
    assert own["calibration_slope"][1] == pytest.approx(with_slope.bse[1] * np.sqrt(400 / 399), rel=1e-5)
    offset = sm.GLM(
        units.outcome, np.ones(400), family=sm.families.Binomial(), offset=linear, var_weights=units.weight
    ).fit(cov_type="HC0")
    assert own["calibration_intercept"][0] == pytest.approx(offset.params[0], abs=ITERATED)
    assert own["calibration_intercept"][1] == pytest.approx(offset.bse[0] * np.sqrt(400 / 399), rel=1e-5)
    units, risk = judged(np.random.default_rng(7), 400, False)
    own = found(units, risk)
    line = sm.WLS(units.outcome, sm.add_constant(risk), weights=units.weight).fit(cov_type="HC0")
    assert own["calibration_slope"] == pytest.approx((line.params[1], line.bse[1] * np.sqrt(400 / 399)))


def test_the_error_of_the_explained_share_is_that_of_the_jackknife() -> None:
    units, risk = judged(np.random.default_rng(8), 250, False)

    def r2(rows: np.ndarray) -> float:
        part = Judged(units.outcome[rows], units.weight[rows], units.cluster[rows], units.fold[rows], False)
        return found(part, risk[rows])["r2"][0]

    left = np.array([r2(np.delete(np.arange(250), i)) for i in range(250)])
    jackknife = np.sqrt(249 / 250 * ((left - left.mean()) ** 2).sum())
    assert found(units, risk)["r2"][1] == pytest.approx(
        jackknife, rel=0.05
    )  # differs by terms of order 1 / n


def test_recalibration_reads_the_other_folds_only_and_mends_a_wrong_scale() -> None:
    units, risk = judged(np.random.default_rng(9), 2000, False, weighted=False)
    everybody = np.ones(2000, dtype=bool)
    mended = recalibrated(units, 10 * risk - 3, everybody, units.fold)
    slope = found(units, mended)["calibration_slope"]
    assert abs(slope[0] - 1) < 4 * slope[1]
    first = units.fold == 1
    moved = Judged(np.where(first, 99.0, units.outcome), units.weight, units.cluster, units.fold, False)
    again = recalibrated(moved, 10 * risk - 3, everybody, units.fold)
    assert np.array_equal(again[first], mended[first])
    assert not np.allclose(again[~first], mended[~first])
    backwards = recalibrated(units, -risk, everybody, units.fold)
    assert all(np.ptp(backwards[units.fold == k]) == 0 for k in range(1, 6))


def test_groups_go_from_the_best_to_the_worst_prognosis_whatever_is_better() -> None:
    trial = risk_trial(np.random.default_rng(10), 600, log_odds=-0.4)
    for better, ascending in (("lower", True), ("higher", False)):
        groups = trial.appraised(better=better).tables["groups"]
        predicted = groups["predicted"].to_numpy()
        assert groups["group"].iloc[0].endswith("(best prognosis)")
        assert (np.diff(predicted) > 0).all() == ascending
        assert (np.diff(predicted) < 0).all() != ascending
        assert groups["n"].sum() == 600


def test_ties_make_fewer_groups_and_a_constant_risk_none() -> None:
    worse = np.repeat([0.0, 1.0], 50)
    codes, labels = group_codes(Prognosis("internal", worse, worse), np.ones(100), 4)
    assert labels == ("1 (best prognosis)", "2 (worst prognosis)")
    assert np.bincount(codes).tolist() == [50, 50]
    with pytest.raises(Refused, match="tells units apart"):
        group_codes(Prognosis("internal", np.ones(9), np.ones(9)), np.ones(9), 4)


def test_an_external_score_goes_first_on_any_scale_and_the_wrong_direction_is_left_out_by_name() -> None:
    trial = risk_trial(np.random.default_rng(11), 800, log_odds=-0.5)
    first = trial.appraised(external=trial.index)
    assert first.facts["models"] == ["external", "internal"]
    other = trial.appraised(external=100 + 7 * trial.index)
    for name in ("effects", "groups"):
        numbers = [made.tables[name].select_dtypes("number").to_numpy() for made in (first, other)]
        assert numbers[0] == pytest.approx(numbers[1], abs=ITERATED, nan_ok=True)
    turned = trial.appraised(external=-trial.index, score_worse="lower")
    assert turned.tables["groups"]["n_treated"].tolist() == first.tables["groups"]["n_treated"].tolist()
    wrong = trial.appraised(external=-trial.index)
    assert wrong.facts["models"] == ["internal"]
    assert "turn `risk.score_worse` round" in " ".join(wrong.facts["notices"])


def test_relative_measures_need_an_outcome_that_is_never_negative() -> None:
    assert relative_scales(np.array([0.0, 1.0]), "binary") == ("log ratio", "log odds ratio")
    assert relative_scales(np.array([0.0, 3.0, np.nan]), "count") == ("log ratio",)
    assert relative_scales(np.array([0.1, 2.0]), "continuous") == ("log ratio",)
    assert relative_scales(np.array([-0.1, 2.0]), "continuous") == ()


def test_missing_outcomes_are_weighted_for_in_what_is_judged_and_observed() -> None:
    """Half of the events lose their outcome; weights of 2 for the events that are left give back the shares."""
    trial = risk_trial(np.random.default_rng(12), 1200, log_odds=-0.5)
    lost = (trial.outcome == 1) & (np.arange(1200) % 2 == 0)
    outcome = np.where(lost, np.nan, trial.outcome)
    scores = replace(
        trial.scores,
        observed=(~lost).astype(np.int8),
        observation_probability=np.where(trial.outcome == 1, 0.5, 1.0),
    )
    held = replace(trial, scores=scores, outcome=outcome).appraised(outcome_kind="binary").tables["groups"]
    whole = trial.appraised().tables["groups"]
    for name in ("observed_treated", "observed_control"):
        assert held[name].to_numpy() == pytest.approx(whole[name].to_numpy(), abs=0.08)  # of some 150 an arm
    assert held["n_treated"].sum() + held["n_control"].sum() == int((~lost).sum())


def test_a_risk_that_tells_nobody_apart_leaves_tables_without_rows_and_a_notice() -> None:
    trial = risk_trial(np.random.default_rng(13), 200)
    flat = replace(trial, scores=replace(trial.scores, outcome_mean=np.full(200, 0.4)))
    made = flat.appraised()
    assert made.facts["models"] == []
    assert all(
        len(table) == 0 and list(table.columns) == COLUMNS[name] for name, table in made.tables.items()
    )
    assert "predictions that go with the outcome" in made.facts["notices"][0]
    assert {name: list(table.columns) for name, table in trial.appraised().tables.items()} == COLUMNS
