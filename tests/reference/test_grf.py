"""Every estimate from given nuisances and effects equals R grf 2.6.1; see data/grf/SOURCE.txt."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hetflow.effects.arms import arm_scores
from hetflow.effects.average import arm_parts, average_effect
from hetflow.effects.calibration import calibration, t_values
from hetflow.effects.linear import cluster_codes, weighted_mean
from hetflow.effects.projection import best_linear_projection
from hetflow.effects.ranking import Ranking, evaluate_ranking
from hetflow.effects.scores import Scores, doubly_robust_score, make_scores
from hetflow.effects.table import p_values
from hetflow.effects.terms import GREATER, TWO_SIDED, Terms
from hetflow.errors import Refused
from hetflow.seeds import generator

DATA = Path(__file__).parent / "data" / "grf"
# The same formulas on the same inputs: only rounding, and the 15 digits that the files print, may differ.
TOLERANCE = 1e-8
# p-values reach 1e-95, so that they are compared relatively; their tails amplify the rounding of t
# (about 1e-13) by t itself.
P_TOLERANCE = 1e-7
# Standard errors over 2000 half-samples, theirs and ours, each vary by 1 / sqrt(2 * 2000) = 1.6 %;
# their ratio by 2.2 %, and 5 of these are allowed: a false alarm in 2 million.
DRAWS = 2000
SE_RATIO = 5 * np.sqrt(2 / (2 * DRAWS))
KINDS = ("plain", "clustered")


@pytest.fixture(scope="module")
def witness() -> pd.DataFrame:
    return pd.read_csv(DATA / "causal_forest.csv.gz")


@pytest.fixture(scope="module")
def estimates() -> dict:
    return json.loads((DATA / "estimates.json").read_text())


def scores_of(data: pd.DataFrame, kind: str) -> Scores:
    suffix = "_c" if kind == "clustered" else ""
    propensity, mean = data["w_hat" + suffix], data["y_hat" + suffix]
    nuisance = pd.DataFrame(
        {
            "unit": data["unit"],
            "contrast": "treated minus control",
            "treated": data["w"],
            "treatment_residual": data["w"] - propensity,
            "outcome_residual": data["y"] - mean,
            "propensity": propensity,
            "outcome_mean": mean,
            "weight": data["weight"] if suffix else 1.0,
            "fold": 1,
        }
    )
    cluster = data["cluster"].to_numpy() if suffix else None
    return make_scores(nuisance, data["tau_hat" + suffix].to_numpy(), better="higher", cluster=cluster)


def assert_rows(terms: Terms, rows: list, alternative: str) -> None:
    """Estimate, SE, t and p of every term; grf's degrees of freedom are those of units, in clusters too."""
    expected = np.array(rows)
    se = np.sqrt(np.diag(terms.covariance))
    np.testing.assert_allclose(terms.estimate, expected[:, 0], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(se, expected[:, 1], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(t_values(terms), expected[:, 2], rtol=0, atol=TOLERANCE)
    p = p_values(terms.estimate, se, np.full(se.size, float(terms.n[0] - expected.shape[0])), alternative)
    np.testing.assert_allclose(p, expected[:, 3], rtol=P_TOLERANCE, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_scores(witness: pd.DataFrame, kind: str) -> None:
    column = "score_c" if kind == "clustered" else "score"
    np.testing.assert_allclose(scores_of(witness, kind).score, witness[column], rtol=0, atol=TOLERANCE)


SAMPLES = {"ATE": "all", "ATT": "treated", "ATC": "control", "ATO": "overlap"}
ARMS = {"ATT": 1, "ATC": 0}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", list(SAMPLES))
def test_average(witness: pd.DataFrame, estimates: dict, kind: str, target: str) -> None:
    scores = scores_of(witness, kind)
    terms = average_effect(scores, target)
    found = [terms.estimate[0], np.sqrt(terms.covariance[0, 0])]
    if kind == "clustered" and target in ARMS:
        found[1] = of_independent_units(scores, target)
    expected = estimates[kind][f"ate_{SAMPLES[target]}"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def of_independent_units(scores: Scores, target: str) -> float:
    """grf's standard error, which takes the effects of a cluster's units as independent; ours does not."""
    _, plug_in, correction = arm_parts(scores, ARMS[target], target)
    sums = np.bincount(scores.cluster - scores.cluster.min(), weights=correction)
    clusters = np.unique(scores.cluster).size
    return float(np.sqrt(plug_in @ plug_in + clusters / (clusters - 1) * (sums @ sums)))


@pytest.mark.parametrize("kind", KINDS)
def test_calibration(witness: pd.DataFrame, estimates: dict, kind: str) -> None:
    assert_rows(calibration(scores_of(witness, kind)), estimates[kind]["calibration"], GREATER)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("overlap", [False, True])
def test_projection(witness: pd.DataFrame, estimates: dict, kind: str, overlap: bool) -> None:
    names = ["x1", "x2", "x3"]
    terms = best_linear_projection(scores_of(witness, kind), witness[names].to_numpy(), names, overlap)
    assert_rows(terms, estimates[kind]["blp_overlap" if overlap else "blp"], TWO_SIDED)


@pytest.fixture(scope="module", params=KINDS)
def ranking(witness: pd.DataFrame, estimates: dict, request: pytest.FixtureRequest) -> tuple[Ranking, dict]:
    scores = scores_of(witness, request.param)
    result = evaluate_ranking(
        scores.score,
        witness["x1"].to_numpy(),
        scores.weight,
        scores.cluster,
        DRAWS,
        generator(1, "reference"),
        np.arange(1, 11) / 10,
    )
    return result, estimates[request.param]


def test_areas(ranking: tuple[Ranking, dict]) -> None:
    result, expected = ranking
    assert abs(result.autoc - expected["rate_AUTOC"][0]) < TOLERANCE
    assert abs(result.qini - expected["rate_QINI"][0]) < TOLERANCE


def test_curve(ranking: tuple[Ranking, dict]) -> None:
    result, expected = ranking
    np.testing.assert_allclose(result.toc, expected["toc_AUTOC"], rtol=0, atol=TOLERANCE)


def test_bootstrap_standard_errors(ranking: tuple[Ranking, dict]) -> None:
    result, expected = ranking
    assert abs(result.autoc_se / expected["rate_AUTOC"][1] - 1) < SE_RATIO
    assert abs(result.qini_se / expected["rate_QINI"][1] - 1) < SE_RATIO


@pytest.mark.parametrize("name", ["survival_RMST", "survival_survival.probability"])
def test_survival_by_residual_columns(name: str) -> None:
    """The censoring-adjusted numerator over the treatment residual serves as the outcome residual."""
    data = pd.read_csv(DATA / f"{name}.csv.gz")
    expected = json.loads((DATA / f"{name}.json").read_text())
    residual = data["w"] - data["w_hat"]
    np.testing.assert_allclose(data["denominator"], residual**2, rtol=0, atol=TOLERANCE)
    nuisance = pd.DataFrame(
        {
            "unit": np.arange(len(data)),
            "contrast": "treated minus control",
            "treated": data["w"],
            "treatment_residual": residual,
            "outcome_residual": data["numerator"] / residual,
            "propensity": data["w_hat"],
            "outcome_mean": np.nan,
            "weight": 1.0,
            "fold": 1,
        }
    )
    scores = make_scores(nuisance, data["tau_hat"].to_numpy(), better="higher")
    np.testing.assert_allclose(scores.score, data["score"], rtol=0, atol=TOLERANCE)
    terms = average_effect(scores, "ATE")
    np.testing.assert_allclose(
        [terms.estimate[0], np.sqrt(terms.covariance[0, 0])], expected["ate"], rtol=0, atol=TOLERANCE
    )
    projection = best_linear_projection(scores, data[["X1", "X2"]].to_numpy(), ["X1", "X2"])
    assert_rows(projection, expected["blp"], TWO_SIDED)


@pytest.mark.parametrize(("arm", "row"), [("B", 0), ("C", 1)])
def test_multi_arm_average_of_given_scores(arm: str, row: int) -> None:
    data = pd.read_csv(DATA / "multi_arm.csv.gz")
    expected = json.loads((DATA / "multi_arm.json").read_text())["ate"][row]
    codes = cluster_codes(np.arange(len(data)))
    found = weighted_mean(data[f"score_{arm}"].to_numpy(), np.ones(len(data)), codes)
    np.testing.assert_allclose(found, [expected["estimate"], expected["std.err"]], rtol=0, atol=TOLERANCE)


def test_multi_arm_scores_of_given_effects() -> None:
    data = pd.read_csv(DATA / "multi_arm.csv.gz")
    arm = data["w"].map({"A": 0, "B": 1, "C": 2}).to_numpy()
    probability = data[["e_A", "e_B", "e_C"]].to_numpy()
    cate, columns = data[["tau_B", "tau_C"]].to_numpy(), data[["score_B", "score_C"]].to_numpy()
    found = arm_scores(cate, arm, data["y"], data["Y1"], probability)
    np.testing.assert_allclose(found, columns, rtol=0, atol=TOLERANCE)
    # The first arm as the reference or the last: one contrast between two arms, one score.
    turned = arm_scores(
        np.column_stack([cate[:, 0] - cate[:, 1], -cate[:, 1]]),
        np.select([arm == 2, arm == 1], [0, 1], 2),
        data["y"],
        data["Y1"],
        probability[:, [2, 1, 0]],
    )
    np.testing.assert_allclose(turned[:, 1], -columns[:, 1], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(turned[:, 0], columns[:, 0] - columns[:, 1], rtol=0, atol=TOLERANCE)


def test_score_of_one_contrast_is_that_of_two_arms(witness: pd.DataFrame) -> None:
    y, w, e, m, tau = (witness[name].to_numpy() for name in ("y", "w", "w_hat", "y_hat", "tau_hat"))
    found = arm_scores(tau[:, None], w.astype(int), y, m, np.column_stack([1 - e, e]))
    np.testing.assert_allclose(found[:, 0], doubly_robust_score(tau, w - e, y - m, e), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("probability", "arm", "expected"),
    [
        ([[0.5, 0.5, 0.0]], [0], "strictly between 0 and 1"),
        ([[0.3, 0.3, 0.3]], [0], "a sum of 1"),
        ([[0.4, 0.3, 0.3]], [3], "numbers from 0"),
        ([[0.4, 0.6]], [0], "numbers from 0"),
    ],
)
def test_arms_that_make_no_score_are_refused(probability, arm, expected) -> None:
    with pytest.raises(Refused, match=expected):
        arm_scores([[1.0, 2.0]], arm, [0.0], [0.0], probability)


def test_score_formula_is_the_difference_of_augmented_arm_means(witness: pd.DataFrame) -> None:
    """The other common writing of the score: mu1 - mu0 + W (Y - mu1) / e - (1 - W) (Y - mu0) / (1 - e)."""
    y, w, e, m, tau = (witness[name].to_numpy() for name in ("y", "w", "w_hat", "y_hat", "tau_hat"))
    mu0, mu1 = m - e * tau, m + (1 - e) * tau
    expected = mu1 - mu0 + w * (y - mu1) / e - (1 - w) * (y - mu0) / (1 - e)
    np.testing.assert_allclose(doubly_robust_score(tau, w - e, y - m, e), expected, rtol=0, atol=TOLERANCE)
