"""The engines behind one interface: what each draws, what each leaves to matching, and how `auto` chooses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.missingness.chained import ChainSettings, most_predictors
from hetflow.missingness.chance import Stream
from hetflow.missingness.choice import choose_engine, tree_gains
from hetflow.missingness.engines import ENGINES
from hetflow.missingness.guards import observed_cells_unchanged
from hetflow.missingness.imputer import from_arrays, to_arrays
from hetflow.missingness.matching import draw_coefficients, fit_matcher
from hetflow.missingness.new_units import complete_new_units
from hetflow.missingness.normal import fit_normal
from hetflow.missingness.strategies import complete
from hetflow.missingness.task import Completed, Settings
from hetflow.missingness.transform import Scale
from hetflow.missingness.trees import LEAF, STEPS, TreeDonors, fit_tree
from hetflow.pooling import pool
from opt_frame import LABORATORY, opt_arm, opt_columns, opt_frame, opt_outcome
from rates import assert_rate_at_least, detectable_at_least
from scipy.stats import t as student

SEED = 20260101
MODES: dict[str, dict[str, Any]] = {
    "deployment": {},
    "inference": {"arm": opt_arm(), "outcome": opt_outcome()},
}
FIVE = 5.0  # Monte Carlo errors: false alarm below 1e-6


def opt(engine: str, mode: str, turned: bool = False) -> Completed:
    columns, frame = opt_columns(), opt_frame()
    if turned:
        columns, frame = columns[::-1], frame[frame.columns[::-1]]
    settings = Settings(ChainSettings(iterations=2, engine=engine))
    more = MODES[mode]
    return complete(frame, columns, "multiple_imputation", mode, 0, SEED, settings=settings, **more)


@pytest.mark.parametrize("mode", list(MODES))
@pytest.mark.parametrize("engine", ["normal", "tree"])
def test_opt_is_completed_by_every_engine_in_both_modes(engine: str, mode: str) -> None:
    frame, done = opt_frame(), opt(engine, mode)
    assert done.frame.notna().all(axis=None)
    observed_cells_unchanged(frame, done.frame, opt_columns())
    pd.testing.assert_frame_equal(done.frame, opt(engine, mode, turned=True).frame[done.frame.columns])
    missing = frame[LABORATORY[0]].isna().to_numpy()
    for value in (0, 1):
        pool = ~missing & ((opt_arm() == value) | (mode == "deployment"))
        donors = set(map(tuple, frame.loc[pool, LABORATORY].to_numpy()))
        received = done.frame.loc[missing & (opt_arm() == value), LABORATORY].to_numpy()
        assert set(map(tuple, received)) <= donors, "a block is handed on by one donor"
    for column in opt_columns():
        outside = set(done.frame[column.name]) - set(frame[column.name].dropna())
        if engine == "tree" or column.kind != "continuous":
            assert not outside, column.name
        if column.applicable_if is not None:
            assert (done.frame.loc[done.frame[column.applies] == 0, column.name] == 0).all()
    if engine == "normal":
        assert set(done.frame["BMI"]) - set(frame["BMI"].dropna())


@pytest.mark.parametrize("engine", ["normal", "tree"])
def test_stored_models_of_every_engine_complete_new_units_one_by_one(engine: str) -> None:
    frame, done = opt_frame(), opt(engine, "deployment")
    imputer = from_arrays(to_arrays(done.imputer), "00.npz")
    assert engine in {step.fitted.engine for step in imputer.steps}

    def fill(new: pd.DataFrame) -> pd.DataFrame:
        return complete_new_units(
            new, frame, done.frame, opt_columns(), "multiple_imputation", "x", imputer=imputer, seed=SEED
        )

    every = fill(frame)
    assert every.notna().all(axis=None)
    rows = [700, 3, 55, 401]
    pd.testing.assert_frame_equal(every.iloc[rows], fill(frame.iloc[rows]), check_exact=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: {"left": t.left + 10_000},
        lambda t: {"members": t.members - 10_000},
        lambda t: {"feature": t.feature + 3},
        lambda t: {"left": np.where(t.feature == LEAF, t.left, 0)},
        lambda t: {"threshold": t.threshold[:-1]},
    ],
)
def test_trees_that_lead_outside_of_themselves_are_found(change: Any) -> None:
    rng = np.random.default_rng(1)
    Z = rng.normal(size=(200, 3))
    tree = fit_tree(Z, Z[:, :1], 5, rng, None)
    tree.check(3, 200)
    fields = {name: getattr(tree, name) for name in TreeDonors.__slots__}
    with pytest.raises(ValueError, match=r"tree|fit|donors"):
        TreeDonors(**fields | change(tree)).check(3, 200)


@pytest.mark.parametrize("width", [1, 3])
def test_a_tree_s_donors_are_those_of_the_leaf(width: int) -> None:
    """Naive twin: rows walked down one by one; donors of a leaf are the bootstrapped rows that end in it."""
    rng = np.random.default_rng(2)
    Z = rng.normal(size=(300, 4))
    scores = np.column_stack([np.abs(Z[:, 0]) + Z[:, place] for place in range(width)])
    tree = fit_tree(Z, scores, 5, rng, None)

    def walk(row: np.ndarray) -> int:
        node = 0
        while tree.feature[node] != LEAF:
            value = np.float32(np.rint(row[tree.feature[node]] * STEPS) / STEPS)
            node = tree.left[node] if value <= tree.threshold[node] else tree.right[node]
        return int(node)

    home = np.array([walk(row) for row in Z])
    np.testing.assert_array_equal(tree.leaves(Z), home)
    assert len(tree.members) == 300
    for leaf in np.flatnonzero(tree.feature == LEAF):
        members = tree.members[tree.left[leaf] : tree.right[leaf]]
        assert len(members) >= 5
        assert set(home[members]) == {leaf}
    new = rng.normal(size=(400, 4))
    drawn = tree.impute(new, np.arange(300.0)[:, None], Stream(rng))[:, 0].astype(int)
    np.testing.assert_array_equal(home[drawn], [walk(row) for row in new])


def test_normal_draws_have_the_mean_and_spread_of_the_model() -> None:
    rng = np.random.default_rng(3)
    n, repeats = 4_000, 4_000
    Z = rng.normal(size=(n, 2))
    y = Z @ np.array([1.0, -0.5]) + rng.normal(0, 0.5, n)
    scale = Scale(None, 10.0, 2.0)
    model = fit_normal(Z, y[:, None], 5, rng, scale)
    values = model.impute(np.tile([[1.0, 1.0]], (repeats, 1)), y[:, None], Stream(rng))[:, 0]
    assert abs(values.mean() - (10 + 2 * 0.5)) < FIVE * 1.0 / np.sqrt(repeats) + FIVE * 1.0 * np.sqrt(3 / n)
    assert abs(values.std() - 1.0) < FIVE * (np.sqrt(0.5 / repeats) + np.sqrt(0.5 / n))
    skewed = fit_normal(Z, y[:, None], 5, rng, Scale(0.5, 0.0, 1.0))
    assert (skewed.impute(Z - 3, y[:, None], Stream(rng)) >= 0).all(), "what was never negative stays so"
    constant = fit_normal(Z, 0 * y[:, None], 5, rng, Scale(None, 3.0, 0.0))
    assert (constant.impute(Z, np.full((n, 1), 3.0), Stream(rng)) == 3.0).all()


def test_sigma_is_drawn_from_its_posterior() -> None:
    rng = np.random.default_rng(4)
    Z, draws = rng.normal(size=(40, 2)), 3_000
    y = (Z[:, 0] + rng.normal(size=40))[:, None]
    sigma = np.array([draw_coefficients(Z, y, rng).sigma[0] for _ in range(draws)])
    fitted = draw_coefficients(Z, y, rng)
    residual = y[:, 0] - fitted.estimated[0, 0] - (Z - fitted.centre) @ fitted.estimated[1:, 0]
    precision = sigma**-2 * (residual @ residual)
    assert abs(precision.mean() - 37) < FIVE * np.sqrt(2 * 37 / draws), (
        "chi-square with n - k - 1 = 37 degrees"
    )


def curved(n: int, bend: float) -> tuple[pd.DataFrame, list[Column]]:
    """Nine columns: three complete, six of them functions of those, with gaps in a fifth of the rows."""
    rng = np.random.default_rng([5, n])
    Z = rng.normal(size=(n, 3))
    straight = np.column_stack([Z @ rng.normal(size=3) for _ in range(6)])
    bent = np.column_stack([Z[:, k % 3] ** 2 + Z[:, (k + 1) % 3] * Z[:, k % 3] for k in range(6)])
    values = straight * (1 - bend) + 2 * bend * bent + rng.normal(size=(n, 6))
    values[rng.random((n, 6)) < 0.2] = np.nan
    names = [f"z{k}" for k in range(3)] + [f"y{k}" for k in range(6)]
    frame = pd.DataFrame(np.column_stack([Z, values]), columns=names).assign(unit=np.arange(n))
    return frame, [Column(name, "continuous") for name in names]


def test_auto_takes_matching_in_small_studies_and_trees_where_curves_are_seen() -> None:
    straight, columns = curved(4_400, 0.0)
    bent, _ = curved(4_400, 1.0)
    small = choose_engine("auto", bent, columns, 1_999, SEED)
    assert (small.engine, small.notices) == ("pmm", ())
    assert "the smallest arm has 1,999 units" in small.line
    assert choose_engine("auto", straight, columns, 2_200, SEED).engine == "pmm"
    found = choose_engine("auto", bent, columns, 2_200, SEED)
    assert found.engine == "tree"
    assert "out of sample, a tree explains +" in found.line
    assert found == choose_engine("auto", bent[bent.columns[::-1]], columns[::-1], 2_200, SEED)
    assert (tree_gains(straight, columns, SEED) < 0).all()


def test_a_named_engine_is_taken_and_says_what_it_leaves_to_matching() -> None:
    assert choose_engine("tree", opt_frame(), opt_columns(), 100_000, SEED).notices == ()
    choice = choose_engine("normal", opt_frame(), opt_columns(), 100, SEED)
    assert choice.engine == "normal"
    assert "as the study file says" in choice.line
    assert "Use.Tob" in choice.notices[0]
    assert "BMI" not in choice.notices[0]
    assert set(ENGINES) == {"pmm", "normal", "tree"}


def test_predictors_grow_with_the_donors() -> None:
    assert [most_predictors("auto", donors) for donors in (20, 823, 1_100, 10_000)] == [10, 10, 11, 50]
    assert most_predictors(7, 10_000) == 7


def test_a_column_that_nothing_predicts_is_drawn_from_all_donors() -> None:
    """Matching on equal predictions would take the same few donors for everybody, in every unit and imputation."""
    rng = np.random.default_rng(4)
    donors = 400
    fitted = fit_matcher(np.ones((donors, 2)), rng.normal(size=(donors, 1)), 5, rng, None)
    drawn = fitted.impute(np.ones((3000, 2)), np.arange(donors, dtype=float)[:, None], Stream(rng))
    # A bootstrap sample holds 63.2 % of the donors, give or take 1.5 %; 3,000 draws miss hardly one of them.
    assert len(np.unique(drawn)) / donors == pytest.approx(0.632, abs=0.08)


def test_the_mean_of_a_column_that_nothing_predicts_is_pooled_properly() -> None:
    """Half of 400 values missing: Rubin's intervals cover in 100 trials, and are no wider than they must be.

    False alarm 1e-6; a coverage of .71 would be seen with probability .9. With the same few donors for everybody the
    interval was 3.6 times as wide.
    """
    trials, n, m = 100, 400, 10
    assert detectable_at_least(trials, 0.93) > 0.7
    covered, width = 0, []
    for seed in range(trials):
        rng = np.random.default_rng([5, seed])
        y = rng.normal(size=n)
        known = np.arange(n) >= n // 2
        donors, empty = y[known], np.empty((n // 2, 0))
        means, within = np.zeros(m), np.zeros(m)
        for k in range(m):
            fitted = fit_matcher(empty, donors[:, None], 5, rng, None)
            whole = np.concatenate([donors, fitted.impute(empty, donors[:, None], Stream(rng))[:, 0]])
            means[k], within[k] = whole.mean(), whole.var(ddof=1) / n
        pooled = pool(means[:, None], within[:, None], np.inf)
        se = float(np.sqrt(pooled.total[0]))
        covered += abs(pooled.estimate[0]) < student.ppf(0.975, pooled.df[0]) * se
        width.append(se * np.sqrt(n / 2))  # complete cases: 1
    assert_rate_at_least(int(covered), trials, 0.93)
    assert np.median(width) < 1.2
