"""The null of fixed margins, the network, communities and the structure index, part by part."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hetflow.missingness.structure.association import normalised_information, pair_counts
from hetflow.missingness.structure.communities import adjacency, louvain, modularity
from hetflow.missingness.structure.curveball import THINNING, canonical, global_trades, null_counts
from hetflow.missingness.structure.entropy import pattern_entropy, structure_index
from hetflow.missingness.structure.network import benjamini_hochberg, network
from mask_worlds import as_masks, exact_blocks, unstructured, weak_blocks
from scipy.stats import chisquare, false_discovery_control, hypergeom

UNIFORM_LEVEL = 1e-4  # false-alarm rate of the test of uniformity
MOST_AUTOCORRELATION = (
    0.05  # of kept matrices; its standard error over 400 matrices and 66 pairs is below 0.02
)


def test_normalised_information_is_that_of_brute_force() -> None:
    rng = np.random.default_rng(1)
    applies = rng.random((200, 4)) < 0.8
    masks = as_masks((rng.random((200, 4)) < 0.4) & applies, applies)
    found = normalised_information(pair_counts(masks))

    def entropy(labels: np.ndarray) -> float:
        shares = np.unique(labels, return_counts=True)[1] / len(labels)
        return float(-(shares * np.log(shares)).sum())

    for j, k in itertools.combinations(range(4), 2):
        both = masks.applies[:, j] & masks.applies[:, k]
        a, b = masks.missing[both, j], masks.missing[both, k]
        information = entropy(a) + entropy(b) - entropy(2 * a + b)
        expected = information / min(entropy(a), entropy(b))
        assert found[[j, k], [k, j]] == pytest.approx([expected, expected], abs=1e-12)


def test_trades_keep_all_margins_and_never_touch_cells_that_do_not_apply() -> None:
    rng = np.random.default_rng(2)
    applies = rng.random((150, 9)) < 0.7
    missing, exists = canonical(as_masks((rng.random((150, 9)) < 0.4) & applies, applies))
    before = missing.copy()
    global_trades(missing, exists, 20, rng)
    assert (missing.sum(axis=0) == before.sum(axis=0)).all()
    assert (missing.sum(axis=1) == before.sum(axis=1)).all()
    assert not (missing & ~exists).any()
    assert (missing != before).mean() > 0.1


def test_the_chain_is_uniform_over_all_matrices_with_the_margins() -> None:
    margins_rows, margins_columns = (2, 1, 1), (1, 1, 1, 1)
    every = [
        matrix
        for cells in itertools.product((0, 1), repeat=12)
        for matrix in [np.array(cells).reshape(3, 4)]
        if tuple(matrix.sum(axis=1)) == margins_rows and tuple(matrix.sum(axis=0)) == margins_columns
    ]
    rng = np.random.default_rng(3)
    missing = every[0].astype(bool)
    seen: Counter[bytes] = Counter()
    for _ in range(6000):
        global_trades(missing, np.ones_like(missing), 3, rng)
        seen[missing.tobytes()] += 1
    assert len(seen) == len(every) == 12
    assert chisquare(list(seen.values())).pvalue > UNIFORM_LEVEL


def test_kept_matrices_are_all_but_uncorrelated() -> None:
    rng = np.random.default_rng(4)
    missing, applies = canonical(as_masks(unstructured(rng, 400, 12)))
    upper = np.triu_indices(12, 1)
    global_trades(missing, applies, 30, rng)
    counts = []
    for _ in range(400):
        global_trades(missing, applies, THINNING, rng)
        counts.append((missing.astype(int) @ missing.T.astype(int))[upper])
    series = np.array(counts) - np.mean(counts, axis=0)
    correlation = (series[1:] * series[:-1]).mean(axis=0) / series.var(axis=0)
    assert abs(correlation.mean()) < MOST_AUTOCORRELATION


def test_with_equal_rows_the_null_is_hypergeometric() -> None:
    # Two masks and two more that fill every row up to two gaps: margins leave a closed form for one pair.
    n, a, b = 200, 60, 50
    first, second = np.arange(n) < a, (np.arange(n) >= 30) & (np.arange(n) < 30 + b)
    missing = np.column_stack([first, second])
    masks = as_masks(missing)
    null = null_counts(masks, np.random.default_rng(5), draws=50)
    both = int((first & second).sum())
    assert null.mean[0, 1] == both  # with two masks, rows with two gaps stay so
    assert null.variance[0, 1] == 0
    assert network(masks, np.random.default_rng(5)).loc[0, "p"] == 1.0
    many = unstructured(np.random.default_rng(6), 400, 60, sick=0.0, rare=0.3)
    wide = as_masks(many)
    null = null_counts(wide, np.random.default_rng(7), draws=100)
    rows = wide.rows
    law = hypergeom(400, rows[0], rows[1:])
    ratio = null.variance[0, 1:].mean() / law.var().mean()
    assert null.mean[0, 1:].mean() == pytest.approx(law.mean().mean(), rel=0.02)
    assert ratio == pytest.approx(1.0, abs=0.1)


def _rasch(missing: np.ndarray) -> np.ndarray:
    """Probabilities of the bipartite configuration model: logit = unit + mask, with the observed margins expected."""
    unit, mask = np.zeros((len(missing), 1)), np.zeros((1, missing.shape[1]))
    for _ in range(200):
        for axis, effect in ((1, unit), (0, mask)):
            p = 1 / (1 + np.exp(-(unit + mask)))
            step = (missing - p).sum(axis=axis, keepdims=True) / (p * (1 - p)).sum(axis=axis, keepdims=True)
            effect += np.clip(step, -1, 1)
    return 1 / (1 + np.exp(-(unit + mask)))


def test_swaps_agree_with_the_bipartite_configuration_model() -> None:
    # The model keeps margins on average only. So units' numbers of gaps vary, pairs go together more often (under fixed
    # margins the sum over pairs is fixed), and counts vary more; up to that factor the expectations are the same.
    masks = as_masks(unstructured(np.random.default_rng(15), 400, 25))
    kept = np.isin(masks.missing.sum(axis=1), range(1, 25))
    assert not (masks.missing.sum(axis=1) == 25).any()
    p = _rasch(masks.missing[kept].astype(float))
    upper = np.triu_indices(25, 1)
    table = network(masks, np.random.default_rng(16))
    expected, fixed = (p.T @ p)[upper], table["expected"].to_numpy()
    assert fixed.sum() == pytest.approx(table["together"].sum())
    assert expected.sum() > fixed.sum()
    scaled = expected * fixed.sum() / expected.sum()
    assert np.corrcoef(scaled, fixed)[0, 1] > 0.999
    assert np.abs(fixed / scaled - 1).max() < 0.2
    variance = (p.T @ p - (p**2).T @ p**2)[upper]
    z = (table["together"] - scaled) / np.sqrt(variance)
    assert z.std() < table["z"].std()


def test_benjamini_hochberg_is_that_of_scipy() -> None:
    p = np.random.default_rng(8).random(50) ** 3
    np.testing.assert_allclose(benjamini_hochberg(p), false_discovery_control(p), rtol=1e-12)


def test_planted_pairs_become_edges_and_their_sign_is_told() -> None:
    rng = np.random.default_rng(9)
    missing = unstructured(rng, 800, 12)
    missing[:, 1] = np.where(rng.random(800) < 0.9, missing[:, 0], missing[:, 1])
    missing[:, 3] = ~missing[:, 2] & (rng.random(800) < 0.5)
    masks = as_masks(missing)
    table = network(masks, np.random.default_rng(10))
    number = {name: place + 1 for place, name in enumerate(masks.names)}
    edges = {
        frozenset((row["first"], row["second"])): row["edge"]
        for row in table.to_dict("records")
        if row["edge"]
    }
    assert edges[frozenset((number["x000"], number["x001"]))] == "together"
    assert edges[frozenset((number["x002"], number["x003"]))] == "apart"


def test_louvain_finds_cliques_and_is_never_worse_than_singletons() -> None:
    weights = np.zeros((9, 9))
    for start in (0, 3, 6):
        weights[start : start + 3, start : start + 3] = 1
    np.fill_diagonal(weights, 0)
    weights[2, 3] = weights[3, 2] = 0.1
    assert louvain(weights).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert louvain(np.zeros((3, 3))).tolist() == [0, 1, 2]
    assert len(louvain(np.zeros((0, 0)))) == 0


def test_louvain_is_close_to_the_best_partition() -> None:
    rng = np.random.default_rng(11)
    gaps = []
    for _ in range(6):
        upper = np.triu(rng.random((7, 7)) * (rng.random((7, 7)) < 0.4), 1)
        weights = upper + upper.T
        best = max(modularity(weights, np.array(labels)) for labels in itertools.product(range(3), repeat=7))
        gaps.append(best - modularity(weights, louvain(weights)))
    assert np.mean(gaps) < 0.02  # local moves may stop short of the optimum, seldom by much


def test_adjacency_takes_only_what_goes_together() -> None:
    table = pd.DataFrame(
        {"first": [1, 1, 2], "second": [2, 3, 3], "nmi": [0.5, 0.4, 0.3], "edge": ["together", "apart", ""]}
    )
    assert adjacency(table, 3).tolist() == [[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]]


def test_pattern_entropy_is_that_of_brute_force() -> None:
    missing = np.random.default_rng(12).random((3, 200)) < 0.4
    counts = np.array(list(Counter(map(tuple, missing.T)).values()))
    shares = counts / 200
    expected = -(shares * np.log(shares)).sum() + (len(counts) - 1) / 400
    found, patterns = pattern_entropy(missing)
    assert (found, patterns) == (pytest.approx(expected), len(counts))


def test_the_index_is_near_zero_without_structure_and_high_with_it() -> None:
    rng = np.random.default_rng(13)
    plain = structure_index(as_masks(unstructured(rng, 2000, 5, sick=0.0)), rng)
    assert abs(plain.index) < 0.01
    assert not plain.saturated
    weak, _ = weak_blocks(rng, 2000, (5,), 0.64)
    assert 0.10 < structure_index(as_masks(weak), rng).index < 0.25  # methods measured 0.15
    nested = rng.random((2000, 1)) < np.linspace(0.1, 0.6, 5)
    assert structure_index(as_masks(nested), rng).index > 0.4
    blocks, _ = exact_blocks(rng, 2000, (4, 4))
    assert abs(structure_index(as_masks(blocks), rng).index) < 0.01  # copies of a mask count once


def test_the_index_says_where_it_saturates() -> None:
    rng = np.random.default_rng(14)
    missing, _ = weak_blocks(rng, 300, (10, 10, 10))
    assert structure_index(as_masks(missing), rng).saturated
    assert not structure_index(as_masks(missing[:, :4]), rng).saturated
