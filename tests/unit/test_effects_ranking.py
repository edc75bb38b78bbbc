"""TOC, AUTOC and QINI: closed forms, and a naive twin written unit by unit."""

from __future__ import annotations

import numpy as np
import pytest
from effects_twin import areas_of_draws
from hetflow.effects.ranking import evaluate_ranking, half_samples
from hetflow.effects.sequential import combine_folds, sequential_autoc, widening
from hetflow.errors import Refused
from hetflow.seeds import generator
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad
from score_world import linear_trial

# Sums over at most a few thousand numbers of size one.
ROUNDING = 1e-9
# Units on the midpoints of a grid of quantiles: the sums approach the integrals like log(n) / n.
UNITS = 200_000
RIEMANN = 20 * np.log(UNITS) / UNITS


def ranked(benefit, priority, weight=None, draws=2, grid=None):
    n = len(benefit)
    return evaluate_ranking(
        np.asarray(benefit, dtype=float),
        np.asarray(priority, dtype=float),
        np.ones(n) if weight is None else np.asarray(weight, dtype=float),
        np.arange(n),
        draws,
        generator(3, "test"),
        np.ones(1) if grid is None else grid,
    )


def naive(benefit, priority, weight):
    """AUTOC and QINI, one unit after the other, as the definition reads."""
    units = sorted(range(len(benefit)), key=lambda i: (-priority[i], -weight[i]))
    total = sum(weight)
    average = sum(w * b for w, b in zip(weight, benefit, strict=True)) / total
    shared = {}
    for s in set(priority):
        tied = [i for i in units if priority[i] == s]
        shared[s] = sum(weight[i] * benefit[i] for i in tied) / sum(weight[i] for i in tied)
    mass = moment = autoc = qini = 0.0
    for i in units:
        mass += weight[i]
        moment += weight[i] * shared[priority[i]]
        toc = moment / mass - average
        autoc += weight[i] * toc / total
        qini += mass / total * weight[i] * toc / total
    return autoc, qini


def naive_toc(benefit, priority, weight, q):
    """TOC at q without ties: units are taken until their weight is spent, the last by its fraction."""
    units = sorted(range(len(benefit)), key=lambda i: -priority[i])
    left = spent = q * sum(weight)
    moment = 0.0
    for i in units:
        taken = min(weight[i], left)
        moment += taken * benefit[i]
        left -= taken
    return moment / spent - np.average(benefit, weights=weight)


def quantile_grid() -> np.ndarray:
    return (np.arange(UNITS) + 0.5) / UNITS


@pytest.mark.parametrize("p", [1.0, 0.5, 0.1])
def test_effect_of_a_share(p: float) -> None:
    """Effects max(2/p - 2x/p^2, 0) for uniform x: AUTOC = 1/2 - ln p, QINI = 1/2 - p/3."""
    x = quantile_grid()
    result = ranked(np.maximum(2 / p - 2 * x / p**2, 0), 1 - x)
    assert result.autoc == pytest.approx(0.5 - np.log(p), abs=RIEMANN / p)
    assert result.qini == pytest.approx(0.5 - p / 3, abs=RIEMANN / p)


def test_uniform_effects() -> None:
    u = quantile_grid()
    result = ranked(u, u)
    assert result.autoc == pytest.approx(1 / 4, abs=RIEMANN)
    assert result.qini == pytest.approx(1 / 12, abs=RIEMANN)


def test_normal_effects() -> None:
    """AUTOC is the integral of phi^2 / (1 - Phi), QINI is 1 / (2 sqrt(pi))."""
    z = stats.norm.ppf(quantile_grid())
    result = ranked(z, z)
    area = quad(lambda t: stats.norm.pdf(t) ** 2 / stats.norm.sf(t), -8, 8)[0]
    assert area == pytest.approx(0.9032, abs=5e-5)
    assert result.autoc == pytest.approx(area, abs=10 * RIEMANN)
    assert result.qini == pytest.approx(1 / (2 * np.sqrt(np.pi)), abs=10 * RIEMANN)


def test_identities() -> None:
    """TOC(1) = 0; AUTOC is the mean of TOC on the full grid, and a linear combination of ordered benefits."""
    rng = generator(1, "identities")
    n = 60
    benefit, priority = rng.normal(size=(2, n))
    result = ranked(benefit, priority, grid=np.arange(1, n + 1) / n)
    assert result.toc[-1] == 0
    assert result.toc.mean() == pytest.approx(result.autoc, abs=ROUNDING)
    ordered = benefit[np.argsort(-priority)]
    coefficients = np.cumsum((1 / np.arange(1, n + 1))[::-1])[::-1] - 1
    assert (coefficients * ordered).mean() == pytest.approx(result.autoc, abs=ROUNDING)


def test_equal_priorities_rank_nothing() -> None:
    rng = generator(1, "equal")
    result = ranked(rng.normal(size=30), np.zeros(30), rng.uniform(0.1, 3, 30), draws=20)
    assert result.autoc == result.qini == result.autoc_se == 0
    assert not result.toc_draws.any()


units = st.lists(
    st.tuples(
        st.floats(-100, 100, allow_subnormal=False),
        st.integers(0, 6),
        st.floats(0.1, 10, allow_subnormal=False),
    ),
    min_size=4,
    max_size=25,
)


@given(units)
@settings(max_examples=150, deadline=None)
def test_ties_and_weights_as_the_naive_twin(rows: list[tuple[float, int, float]]) -> None:
    benefit, priority, weight = zip(*rows, strict=True)
    result = ranked(benefit, priority, weight)
    np.testing.assert_allclose([result.autoc, result.qini], naive(benefit, priority, weight), atol=ROUNDING)


@given(units, st.floats(0.01, 1))
@settings(max_examples=100, deadline=None)
def test_curve_takes_the_boundary_unit_by_its_fraction(
    rows: list[tuple[float, int, float]], q: float
) -> None:
    benefit, _, weight = zip(*rows, strict=True)
    priority = list(range(len(rows)))
    result = ranked(benefit, priority, weight, grid=np.array([q]))
    assert result.toc[0] == pytest.approx(naive_toc(benefit, priority, weight, q), abs=1e-8)


@given(units)
@settings(max_examples=50, deadline=None)
def test_replicates_are_the_estimate_on_the_half(rows: list[tuple[float, int, float]]) -> None:
    benefit, priority, weight = (np.array(part) for part in zip(*rows, strict=True))
    half = half_samples(len(rows), 3, generator(2, "halves"))
    result = ranked(benefit, priority, weight, draws=half)
    for row, autoc, qini in zip(half, result.autoc_draws, result.qini_draws, strict=True):
        expected = naive(*(part[row].tolist() for part in (benefit, priority, weight)))
        np.testing.assert_allclose([autoc, qini], expected, atol=ROUNDING)


def test_half_samples_are_halves_and_extend() -> None:
    few, many = (half_samples(9, draws, generator(5, "h")) for draws in (4, 7))
    assert (many.sum(axis=1) == 4).all()
    assert np.array_equal(few, many[:4])


def test_whole_clusters_are_drawn() -> None:
    """Copies of a unit in one cluster leave the replicates of unweighted means unchanged."""
    rng = generator(1, "copies")
    benefit, priority = rng.normal(size=(2, 40))
    half = half_samples(40, 25, generator(9, "h"))
    grid = np.array([0.25, 0.5])
    once = evaluate_ranking(benefit, priority, np.ones(40), np.arange(40), half, None, grid)
    thrice = evaluate_ranking(
        np.tile(benefit, 3), np.tile(priority, 3), np.ones(120), np.tile(np.arange(40), 3), half, None, grid
    )
    np.testing.assert_allclose(once.toc_draws, thrice.toc_draws, atol=ROUNDING)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_half_samples_one_by_one_are_those_all_at_once(tied: bool, weighted: bool) -> None:
    rng = generator(1, "twin")
    benefit, priority = rng.normal(size=(2, 90))
    priority = np.round(priority) if tied else priority
    weight = rng.uniform(0.5, 2, 90) if weighted else np.ones(90)
    cluster, grid = np.repeat(np.arange(30), 3), np.array([0.05, 0.4, 1.0])
    half = half_samples(30, 25, generator(2, "twin"))
    found = evaluate_ranking(benefit, priority, weight, cluster, half, None, grid)
    autoc, qini, toc = areas_of_draws(benefit, priority, weight, cluster, half, grid)
    np.testing.assert_allclose(found.autoc_draws, autoc, atol=ROUNDING)
    np.testing.assert_allclose(found.qini_draws, qini, atol=ROUNDING)
    np.testing.assert_allclose(found.toc_draws, toc, atol=ROUNDING)


def test_two_rules_on_the_same_draws_compare() -> None:
    """The difference of two priorities changes sign when they are swapped, and has replicates of its own."""
    rng = generator(1, "two")
    benefit = rng.normal(size=80)
    half = half_samples(80, 50, generator(4, "h"))
    a, b = (ranked(benefit, benefit + s * rng.normal(size=80), draws=half) for s in (0.1, 3))
    assert a.autoc - b.autoc == -(b.autoc - a.autoc) > 0
    assert np.std(a.autoc_draws - a.autoc_draws) == 0 < np.std(a.autoc_draws - b.autoc_draws)


def test_too_few_clusters_are_refused() -> None:
    with pytest.raises(Refused, match="at least 4 clusters"):
        ranked([1, 2, 3], [1, 2, 3])


@pytest.mark.parametrize("tied", [False, True])
def test_what_a_cluster_adds_is_the_area_of_its_benefits_alone(tied: bool) -> None:
    """AUTOC is linear in the benefits: everybody else's set to nothing, the naive twin gives the cluster's part."""
    rng = generator(3, "parts")
    benefit, priority = rng.normal(size=(2, 60))
    priority = np.round(priority) if tied else priority
    weight, cluster = rng.uniform(0.5, 2, 60), np.arange(60) % 12
    found = evaluate_ranking(benefit, priority, weight, cluster, 2, generator(3, "t"), np.ones(1))
    assert found.autoc_parts.sum() == pytest.approx(found.autoc, abs=ROUNDING)
    centred = benefit - weight @ benefit / weight.sum()
    for g, part in enumerate(found.autoc_parts):
        assert part == pytest.approx(naive(centred * (cluster == g), priority, weight)[0], abs=ROUNDING)


def test_a_standard_error_from_few_parts_is_widened() -> None:
    """Parts of one size have three times their number of degrees of freedom less one; a single great one has few."""
    even = np.tile([1.0, -1.0], 5)
    assert widening(even) == pytest.approx(stats.t.ppf(0.975, 29) / stats.norm.ppf(0.975), rel=1e-12)
    assert widening(7 * even) == pytest.approx(widening(even), rel=1e-12)
    assert widening(np.r_[even / 100, 5.0, -5.0]) > widening(even) > widening(np.tile(even, 10)) > 1
    assert widening(np.zeros(9)) == 1
    normal = generator(1, "normal").normal(size=40_000)
    assert widening(normal) == pytest.approx(1, abs=1e-4)


def test_folds_are_combined_by_the_sum_of_their_t_values_over_the_root_of_their_number() -> None:
    """Wager (2024): z = sum t_k / sqrt(K - 1)."""
    autoc, se = np.array([0.3, -0.1, 0.2, 0.05]), np.array([0.1, 0.2, 0.15, 0.05])
    estimate, combined = combine_folds(autoc, se)
    assert estimate / combined == pytest.approx((autoc / se).sum() / np.sqrt(4), rel=1e-12)
    assert combine_folds(np.full(3, 0.2), np.full(3, 0.3)) == pytest.approx((0.2, 0.3 / np.sqrt(3)))
    assert combine_folds(np.zeros(2), np.zeros(2)) == (0.0, 0.0)


def test_the_sequential_area_is_that_of_the_folds_after_the_first() -> None:
    scores = linear_trial(generator(4, "sequential"), 203, 0.8)[0]
    found = sequential_autoc(scores, "higher", 50, 1)
    later = scores.fold > 1
    assert found.n == later.sum() < 203
    for k, area in zip(range(2, scores.fold.max() + 1), found.autoc, strict=True):
        own = scores.subset(scores.fold == k)
        assert area == pytest.approx(ranked(own.score, own.cate_sequential).autoc, rel=1e-12)
