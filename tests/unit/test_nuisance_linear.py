"""Ridge paths and stack weights against outside witnesses."""

from __future__ import annotations

import numpy as np
import pytest
from hetflow.nuisance.linear import CLIP, fit_linear, learn_features, logistic_path, ridge_path
from hetflow.nuisance.stacking import convex_weights
from scipy.optimize import minimize, nnls
from sklearn.linear_model import LogisticRegression, Ridge

ALGEBRA = 1e-9  # solutions of one well-conditioned system by two routes
ITERATIVE = 1e-5  # two iterative solvers, each stopped at its own tolerance


def _data(n: int = 120, p: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    Z = rng.normal(size=(n, p))
    return Z, Z[:, 0] - 0.5 * Z[:, 1] + rng.normal(size=n), rng.uniform(0.2, 3.0, n)


@pytest.mark.parametrize("penalty", [0.0, 0.01, 1.0, 50.0])
def test_ridge_path_equals_scikit_learn(penalty: float) -> None:
    Z, y, w = _data()
    ours = ridge_path(Z, y, w, np.array([9.0, penalty]))[1]
    theirs = Ridge(alpha=penalty * w.sum()).fit(Z, y, sample_weight=w)
    assert ours[0] == pytest.approx(theirs.intercept_, abs=ALGEBRA)
    assert ours[1:] == pytest.approx(theirs.coef_, abs=ALGEBRA)


@pytest.mark.parametrize("penalty", [0.01, 0.3])
def test_logistic_path_equals_scikit_learn(penalty: float) -> None:
    Z, y, w = _data()
    target = (y > 0.3).astype(float)
    ours = logistic_path(Z, target, w, np.array([1.0, penalty]))[1]
    theirs = LogisticRegression(C=1 / (penalty * w.sum()), tol=1e-10, max_iter=5000).fit(
        Z, target, sample_weight=w
    )
    assert ours[0] == pytest.approx(theirs.intercept_[0], abs=ITERATIVE)
    assert ours[1:] == pytest.approx(theirs.coef_[0], abs=ITERATIVE)


def test_logistic_path_survives_separation() -> None:
    Z = np.linspace(-1, 1, 40)[:, None]
    path = logistic_path(Z, (Z[:, 0] > 0).astype(float), np.ones(40), np.array([0.1, 1e-4]))
    assert np.isfinite(path).all()
    assert path[1, 1] > path[0, 1] > 0


def test_weights_are_repeated_rows() -> None:
    Z, y, _ = _data()
    w = np.random.default_rng(0).integers(1, 4, len(y)).astype(float)
    rows = np.repeat(np.arange(len(y)), w.astype(int))
    grid = np.array([1.0, 0.1])
    ones = np.ones(len(rows))
    assert ridge_path(Z, y, w, grid) == pytest.approx(ridge_path(Z[rows], y[rows], ones, grid), abs=ALGEBRA)
    binary = (y > 0).astype(float)
    weighted = logistic_path(Z, binary, w, grid)
    assert weighted == pytest.approx(logistic_path(Z[rows], binary[rows], ones, grid), abs=ITERATIVE)


def test_features_are_standard_clipped_and_squared_where_curved() -> None:
    rng = np.random.default_rng(1)
    X = np.column_stack([rng.uniform(3, 7, 300), rng.integers(0, 2, 300), np.full(300, 7.0)])
    w = rng.uniform(0.5, 2, 300)
    features = learn_features(X, w)
    Z = features.transform(X)
    assert Z.shape == (300, 4)  # two values: no square; constant: kept as a column of zeros
    assert w @ Z[:, [0, 1, 3]] / w.sum() == pytest.approx(np.zeros(3), abs=ALGEBRA)
    assert w @ Z[:, [0, 1, 3]] ** 2 / w.sum() == pytest.approx(np.ones(3), abs=ALGEBRA)
    assert not Z[:, 2].any()
    assert features.transform(np.array([[1e9, 0.0, 7.0]]))[0, 0] == CLIP


def test_curvature_is_learnt() -> None:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(400, 3))
    y = X[:, 0] ** 2 - 1
    fitted = fit_linear(X, y, np.ones(400), None, False, 1)
    assert np.corrcoef(fitted(X), y)[0, 1] > 0.98


def test_noise_is_shrunk_away() -> None:
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(300, 80)), rng.normal(size=300)
    assert np.std(fit_linear(X, y, np.ones(300), None, False, 1)(X)) < 0.3


def test_convex_weights_equal_a_general_optimiser() -> None:
    rng = np.random.default_rng(7)
    for _ in range(20):
        P, w = rng.normal(size=(60, 4)), rng.uniform(0.1, 2, 60)
        y = P @ rng.dirichlet(np.full(4, 0.4)) + rng.normal(size=60)
        ours = convex_weights(P, y, w)
        heavy = 1e5  # sum-to-one as a heavy row of non-negative least squares: an outside witness
        root = np.sqrt(w)
        A = np.vstack([P * root[:, None], np.full((1, 4), heavy)])
        theirs = nnls(A, np.append(y * root, heavy))[0]
        assert ours.min() >= 0
        assert ours.sum() == pytest.approx(1.0, abs=ALGEBRA)
        assert ours == pytest.approx(theirs, abs=1e-6)  # the witness' own penalty error, about 1 / heavy^2


def test_convex_weights_of_equal_members_take_the_first() -> None:
    P = np.tile(np.linspace(0, 1, 10)[:, None], (1, 3))
    assert convex_weights(P, P[:, 0], np.ones(10)).tolist() == [1.0, 0.0, 0.0]
    assert convex_weights(np.ones((5, 2)), np.ones(5), np.ones(5)).tolist() == [1.0, 0.0]


def test_logistic_path_minimises_its_objective() -> None:
    Z, y, w = _data(60, 2)
    target = (y > 0).astype(float)

    def objective(beta: np.ndarray) -> float:
        linear = beta[0] + Z @ beta[1:]
        return float(
            w @ (np.logaddexp(0, linear) - target * linear) / w.sum() + 0.05 * beta[1:] @ beta[1:] / 2
        )

    best = minimize(objective, np.zeros(3), method="BFGS", options={"gtol": 1e-6}).x
    assert logistic_path(Z, target, w, np.array([0.05]))[0] == pytest.approx(best, abs=ITERATIVE)
