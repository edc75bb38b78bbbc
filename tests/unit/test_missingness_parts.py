"""The parts of chained equations, each against an outside witness or brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.applicability import applies_to, decode, depths
from hetflow.cohort.columns import Column
from hetflow.errors import Refused
from hetflow.missingness.blocks import find_targets, target_scores
from hetflow.missingness.chance import Stream
from hetflow.missingness.matching import Matcher, draw_coefficients, shaken
from hetflow.missingness.predictors import choose_predictors, pairwise_correlations
from hetflow.missingness.transform import fit_scale, skewness
from hetflow.missingness.variables import encode
from scipy.stats import skew

# Sums of a few hundred terms of unit size in float64.
ROUND_OFF = 1e-10
# Posterior moments over 4000 draws: a standard error is sd / 63 for a mean and 2.2 % for a variance.
DRAWS = 4000
FIVE_SE_OF_VARIANCE = 5 * np.sqrt(2 / DRAWS)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_skewness_is_scipys() -> None:
    values = rng().exponential(size=200)
    assert skewness(values) == pytest.approx(skew(values), abs=ROUND_OFF)


@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_skewed_columns_go_on_the_log_scale(shift: float) -> None:
    values = rng().lognormal(sigma=1.5, size=400) + shift
    scale = fit_scale(values, may_log=True)
    assert scale.offset == 0.0
    assert fit_scale(values, may_log=False).offset is None
    unit = scale.apply(values)
    assert unit.mean() == pytest.approx(0, abs=ROUND_OFF)
    assert unit.std() == pytest.approx(1, abs=ROUND_OFF)


def test_zeros_are_moved_up_before_the_logarithm_and_symmetric_columns_stay() -> None:
    values = np.concatenate([np.zeros(10), rng().lognormal(sigma=1.5, size=400)])
    scale = fit_scale(values, may_log=True)
    assert scale.offset is not None
    assert scale.offset > 0
    assert fit_scale(rng().normal(size=400), may_log=True).offset is None
    assert fit_scale(values - 1.0, may_log=True).offset is None


def test_a_constant_column_becomes_zero() -> None:
    assert (fit_scale(np.full(9, 0.1), may_log=True).apply(np.full(3, 0.1)) == 0).all()


def test_pairwise_correlations_are_those_of_pandas() -> None:
    frame = pd.DataFrame(rng().normal(size=(150, 6))) + rng(1).normal(size=(150, 1))
    frame = frame.mask(rng(2).random(frame.shape) < 0.3)
    ours = pairwise_correlations(frame.to_numpy()[:, :4], frame.to_numpy()[:, 4:])
    theirs = frame.corr().to_numpy()[:4, 4:]
    np.testing.assert_allclose(ours, theirs, atol=ROUND_OFF)


def test_predictors_are_the_most_correlated_and_none_twice() -> None:
    base = rng().normal(size=(300, 1))
    noise = rng(1).normal(size=(300, 5))
    features = np.column_stack([base + noise[:, :1], base + 2 * noise[:, 1:2], noise[:, 2:5]])
    features = np.column_stack([features, features[:, 0]])
    chosen = choose_predictors(features, base, np.zeros(6, dtype=bool), most=2, minimum=0.2)
    assert chosen.tolist() == [0, 1]
    few = np.where(np.arange(300)[:, None] < 25, base, np.nan)
    assert len(choose_predictors(features, few, np.zeros(6, dtype=bool), most=5, minimum=0.08)) <= 2


def test_drawn_coefficients_have_the_moments_of_the_posterior() -> None:
    Z = rng().normal(size=(60, 2))
    y = (Z @ np.array([1.0, -2.0]) + rng(1).normal(size=60))[:, None]
    stream = rng(2)
    draws = [draw_coefficients(Z, y, stream) for _ in range(DRAWS)]
    drawn = np.array([draw.drawn[:, 0] for draw in draws])
    centred = Z - Z.mean(axis=0)
    precision = centred.T @ centred + 2.0 * np.eye(2)
    slopes = np.linalg.solve(precision, centred.T @ (y - y.mean()))[:, 0]
    np.testing.assert_allclose(draws[0].estimated[1:, 0], slopes, atol=ROUND_OFF)
    residual = y[:, 0] - y.mean() - centred @ slopes
    degrees = 60 - 2 - 1
    variance = residual @ residual / (degrees - 2) * np.diag(np.linalg.inv(precision))
    np.testing.assert_allclose(drawn[:, 1:].var(axis=0), variance, rtol=1.5 * FIVE_SE_OF_VARIANCE)
    np.testing.assert_allclose(drawn[:, 1:].mean(axis=0), slopes, atol=5 * np.sqrt(variance.max() / DRAWS))


def match(donors: np.ndarray, wanted: np.ndarray, pool: int, stream: np.random.Generator) -> np.ndarray:
    points, shake = shaken(donors, stream)
    nothing = np.zeros(0)
    matcher = Matcher(np.zeros(0, dtype=bool), nothing, nothing, points, shake, min(pool, len(points)))
    return matcher.choose(wanted, Stream(stream))


@pytest.mark.parametrize("dimension", [1, 3])
def test_matched_donors_are_among_the_nearest(dimension: int) -> None:
    donors, wanted = rng().normal(size=(80, dimension)), rng(1).normal(size=(50, dimension))
    distance = np.linalg.norm(wanted[:, None] - donors[None], axis=2)
    nearest = np.argsort(distance, axis=1)[:, :5]
    seen = np.array([match(donors, wanted, 5, rng(seed)) for seed in range(60)])
    for row in range(50):
        assert set(seen[:, row]) == set(nearest[row])


def test_equal_predictions_share_all_donors() -> None:
    donors, wanted = np.zeros((40, 1)), np.zeros((400, 1))
    counts = np.bincount(match(donors, wanted, 5, rng()), minlength=40)
    assert (counts > 0).sum() >= 35
    assert len(set(match(donors[:3], wanted, 5, rng()))) == 3


def test_a_block_is_found_by_its_mask_or_its_name() -> None:
    n = 60
    values = rng().normal(size=(n, 7))
    frame = pd.DataFrame(values, columns=list("abcdefg"))
    frame.loc[:19, ["a", "b", "c"]] = np.nan
    frame.loc[30:39, ["d", "e"]] = np.nan
    frame.loc[40, "e"] = np.nan
    columns = [Column(name, "continuous", block="panel" if name in "de" else None) for name in "abcdefg"]
    variables = {column.name: encode(frame, column) for column in columns}
    targets = find_targets(variables, depths(columns))
    assert [(target.names, int(target.rows.sum())) for target in targets] == [
        (("e",), 1),
        (("d", "e"), 10),
        (("a", "b", "c"), 20),
    ]
    scores = target_scores(variables, targets[2])
    assert scores.shape == (n, 3)
    assert np.isnan(scores[:20]).all()
    assert np.isfinite(scores[20:]).all()


def coded() -> tuple[pd.DataFrame, dict[str, Column]]:
    columns = {
        "smoker": Column("smoker", "binary", levels=("No", "Yes")),
        "sex": Column("sex", "binary", levels=("1", "2")),
        "site": Column("site", "nominal", levels=("A", "B")),
    }
    frame = pd.DataFrame({"smoker": [0.0, 1.0, np.nan], "sex": [1.0, 0.0, np.nan], "site": ["A", "B", None]})
    return frame, columns


def test_codes_are_decoded_to_levels() -> None:
    frame, columns = coded()
    decoded = decode(frame, columns.values())
    assert decoded["smoker"].tolist() == ["No", "Yes", None]
    assert decoded["sex"].tolist() == ["2", "1", None]
    assert decode(frame, columns.values(), numbers=True)["sex"].tolist()[:2] == [2.0, 1.0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("smoker == 'Yes'", [0, 1, np.nan]), ("sex == 2", [1, 0, np.nan]), ("site == 'B'", [0, 1, np.nan])],
)
def test_conditions_read_levels(text: str, expected: list[float]) -> None:
    frame, columns = coded()
    column = Column("amount", "count", applicable_if=text)
    np.testing.assert_array_equal(applies_to(frame, column, columns), expected)


def test_conditions_that_cannot_be_read_are_refused() -> None:
    frame, columns = coded()
    with pytest.raises(Refused, match="give age the role covariate or auxiliary"):
        applies_to(frame, Column("amount", "count", applicable_if="age > 3"), columns)
    with pytest.raises(Refused, match="in quotes"):
        applies_to(frame, Column("amount", "count", applicable_if="smoker > 3"), columns)


def test_depth_and_circles() -> None:
    a, b = Column("a", "binary"), Column("b", "binary", applicable_if="a == 1")
    c = Column("c", "count", applicable_if="b == 1 and z == 2")
    assert depths([c, b, a]) == {"c": 2, "b": 1, "a": 0}
    with pytest.raises(Refused, match="a -> b -> a"):
        depths([Column("a", "binary", applicable_if="b == 1"), b])
