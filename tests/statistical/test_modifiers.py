"""Curves cover a bent effect, pointwise inside and as a whole; the ranking is not fooled by noise.

Exact binomial tails, false alarm 1e-6. With 150 trials a coverage of .76 instead of .93 is caught with probability
.9. `tests/verify/test_modifiers.py` is the full size.
"""

from __future__ import annotations

from modifier_simulation import band_hits, ranking
from rates import assert_rate_at_least, detectable_at_least

TRIALS, UNITS = 150, 800
#: Coverage that is claimed: what a band with a small bias should still reach.
CLAIMED = 0.93


def test_pointwise_intervals_and_the_uniform_band_cover() -> None:
    results = [band_hits(UNITS, seed) for seed in range(TRIALS)]
    assert detectable_at_least(TRIALS, CLAIMED) > 0.76
    for key in ("at -1", "at 0", "at 1", "uniform"):
        assert_rate_at_least(sum(bool(one[key]) for one in results), TRIALS, CLAIMED)
    # Pointwise intervals do not hold the whole curve: the uniform band is there for a reason.
    assert sum(bool(one["everywhere"]) for one in results) < 0.8 * TRIALS


def test_clustered_and_weighted_curves_cover() -> None:
    for more in ({"size": 5}, {"weighted": True}):
        results = [band_hits(UNITS, 1000 + seed, **more) for seed in range(TRIALS // 2)]  # type: ignore[arg-type]
        for key in ("at 0", "uniform"):
            assert_rate_at_least(sum(bool(one[key]) for one in results), TRIALS // 2, 0.9)


def test_without_heterogeneity_importance_looks_like_its_reference_and_a_modifier_stands_out() -> None:
    null = [ranking(300, 5, 0.0, seed, draws=2) for seed in range(6)]
    shapley = [table[table["measure"] == "shapley"] for table in null]
    ratio = sum(table["estimate"].mean() / table["null"].mean() for table in shapley) / len(shapley)
    assert (
        0.7 < ratio < 1.4
    )  # 1 up to the chance association of six trials; 3 and more with a modifier as below
    found = ranking(300, 5, 0.8, 1, draws=2)
    first = found[found["name"] == "x0"]
    assert (first["rank"] == 1).all()
    assert (first["lower"] > 2 * first["null_upper"]).all()
