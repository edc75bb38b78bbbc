"""Sizes, coverages and power of the whole analysis, and what it costs that nuisances read all folds.

Three null settings, each analysed in the three ways of `pipeline_null`; a fourth where effects vary. Every
assertion on a rate fails falsely with probability below 1e-6. What it catches with probability 0.9 is a size
of .117 or a coverage of .883 with 600 replicates, .27 and .73 with 80, and a power of .43 with 30; the first
test asserts these figures. Run with `-s`, the measured rates are printed (docs/validation.md).
"""

from __future__ import annotations

import numpy as np
import pytest
from null_trial import Setting
from pipeline_null import LEVEL, Found, compared, replicate
from rates import assert_rate_at_least, assert_rate_at_most, detectable_at_least, detectable_at_most

pytestmark = pytest.mark.verify

FIRST = 1000  # streams of their own: those below belong to tests/statistical
PLAIN, UNEVEN, OVERFITTED, FAST = "plain", "uneven", "overfitted", "histogram"
NULLS = {
    PLAIN: (Setting(), 600),
    UNEVEN: (Setting(probability=0.25), 80),
    OVERFITTED: (Setting(units=250, covariates=20), 80),
    FAST: (Setting(engine="histogram"), 600),
}
VARIED, VARIED_REPLICATES = Setting(slope=0.8), 30
TESTS = ("autoc_p", "sequential_p", "slope_p", "rule_p")
# z is the mean of four terms that are nearly normal: its mean and its standard deviation over R replicates
# have standard errors 1 / sqrt(R) and 1 / sqrt(2 R); five of these are allowed (false alarm 6e-7), and .05
# in the standard deviation for its terms not being quite normal.
ERRORS, SPREAD = 5.0, 0.05


def rejections(rows: list[Found], name: str) -> int:
    return int(sum(getattr(row, name) < LEVEL for row in rows))


def describe(name: str, rows: list[Found]) -> None:
    """Print the measured rates of one way in one setting."""
    z = np.array([row.sequential_z for row in rows])
    tests = {test: rejections(rows, test) for test in (*TESTS, "autoc_two_sided_p")}
    covered = {what: sum(getattr(row, what) for row in rows) for what in ("average", "difference")}
    groups = np.sum([row.groups for row in rows], axis=0).tolist()
    print(
        f"\n{name}: R={len(rows)} {tests} {covered} groups {groups} z {z.mean():+.3f} sd {z.std(ddof=1):.3f}"
    )


def describe_difference(name: str, one: list[Found], other: list[Found]) -> None:
    """Print how the sequential test differs between two ways on the same trials."""
    a, b = (np.array([row.sequential_z for row in rows]) for rows in (one, other))
    decisions = [(x.sequential_p < LEVEL, y.sequential_p < LEVEL) for x, y in zip(one, other, strict=True)]
    only = [int(sum(pair)) for pair in zip(*((x > y, y > x) for x, y in decisions), strict=True)]
    error = (a - b).std(ddof=1) / np.sqrt(len(a))
    print(
        f"{name}: z {np.mean(a - b):+.4f} ({error:.4f}), squared {np.mean(a**2 - b**2):+.4f} "
        f"({(a**2 - b**2).std(ddof=1) / np.sqrt(len(a)):.4f}), correlation {np.corrcoef(a, b)[0, 1]:.4f}, "
        f"rejected by one alone {only}"
    )


@pytest.fixture(scope="module", params=list(NULLS))
def null(request: pytest.FixtureRequest) -> tuple[str, dict[str, list[Found]]]:
    """All replicates of one null setting, by way."""
    setting, number = NULLS[request.param]
    found = [compared(setting, FIRST + j) for j in range(number)]
    ways = {way: [row[way] for row in found] for way in found[0]}
    for way, rows in ways.items():
        describe(f"{request.param}, {way}", rows)
        if way != "pipeline":
            describe_difference(f"{request.param}, pipeline less {way}", ways["pipeline"], rows)
    return request.param, ways


@pytest.fixture(scope="module")
def varied() -> list[Found]:
    """Replicates where the effect varies by 0.8 of the noise."""
    rows = [replicate(VARIED, FIRST + j) for j in range(VARIED_REPLICATES)]
    describe("varied", rows)
    return rows


def test_what_these_tests_can_see() -> None:
    assert detectable_at_most(600, LEVEL) < 0.117
    assert detectable_at_least(600, 1 - LEVEL) > 0.883
    assert detectable_at_most(80, LEVEL) < 0.27
    assert detectable_at_least(80, 1 - LEVEL) > 0.73
    assert detectable_at_least(VARIED_REPLICATES, 0.9) > 0.43


def test_sizes_and_coverages(null: tuple[str, dict[str, list[Found]]]) -> None:
    for rows in null[1].values():
        for name in TESTS:
            assert_rate_at_most(rejections(rows, name), len(rows), LEVEL)
        assert_rate_at_least(sum(row.average for row in rows), len(rows), 1 - LEVEL)
        assert_rate_at_least(sum(row.difference for row in rows), len(rows), 1 - LEVEL)
        for group in range(3):
            assert_rate_at_least(sum(row.groups[group] for row in rows), len(rows), 1 - LEVEL)


def test_sequential_z_is_standard_normal(null: tuple[str, dict[str, list[Found]]]) -> None:
    """More sensitive than the size to outcomes that leak through the nuisances.

    Catches, with probability above .9, a mean of .26 or a standard deviation of 1.25 with 600 replicates, and
    of .71 and 1.61 with 80.
    """
    for rows in null[1].values():
        z = np.array([row.sequential_z for row in rows])
        assert abs(z.mean()) < ERRORS / np.sqrt(len(rows))
        assert abs(z.std(ddof=1) - 1) < SPREAD + ERRORS / np.sqrt(2 * len(rows))


def test_two_sided_reading_out_of_bag_rejects_too_often(null: tuple[str, dict[str, list[Found]]]) -> None:
    """Why it is never printed; measured in the plain setting only, where replicates suffice."""
    name, ways = null
    if name == PLAIN:
        rows = ways["pipeline"]
        assert_rate_at_least(rejections(rows, "autoc_two_sided_p"), len(rows), 2 * LEVEL)


def test_power_and_coverage_where_effects_vary(varied: list[Found]) -> None:
    for name in TESTS:
        assert_rate_at_least(rejections(varied, name), len(varied), 0.9)
    assert_rate_at_least(sum(row.difference for row in varied), len(varied), 1 - LEVEL)
    assert_rate_at_least(sum(row.average for row in varied), len(varied), 1 - LEVEL)
