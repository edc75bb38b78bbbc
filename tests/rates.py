"""Assertions on rates by exact binomial tails, with a stated false-alarm rate and a computable power.

A statistical test of the suite counts `k` events (rejections, covered truths) in `n` independent
replicates. It may fail only when a count at least as extreme has probability below `false_alarm` under the
rate that is claimed; what the test can detect is then a matter of arithmetic, which the test states by
`power_at_most` and its kin.
"""

from __future__ import annotations

from scipy.optimize import brentq
from scipy.stats import binom

FALSE_ALARM = 1e-6


def _check(n: int, *rates: float) -> None:
    if n < 1 or any(not 0.0 <= rate <= 1.0 for rate in rates):
        raise ValueError(f"needs n >= 1 and rates in [0, 1], got n = {n}, rates = {rates}")


def tail_above(k: int, n: int, p: float) -> float:
    """P(K >= k) for K ~ Binomial(n, p)."""
    _check(n, p)
    return float(binom.sf(k - 1, n, p))


def tail_below(k: int, n: int, p: float) -> float:
    """P(K <= k) for K ~ Binomial(n, p)."""
    _check(n, p)
    return float(binom.cdf(k, n, p))


def assert_rate_at_most(k: int, n: int, p: float, false_alarm: float = FALSE_ALARM) -> None:
    """Fail when `k` of `n` is too many for a rate of at most `p`.

    Parameters
    ----------
    k, n : int
        Events counted, independent replicates run; 0 <= k <= n.
    p : float
        The highest rate that is claimed.
    false_alarm : float
        Probability bound of failing although the rate is `p` (for a lower rate it is smaller still).
    """
    assert 0 <= k <= n, f"{k} events in {n} replicates"
    tail = tail_above(k, n, p)
    assert tail >= false_alarm, (
        f"{k} of {n} ({k / n:.3f}) is too many for a rate of at most {p}: "
        f"P(K >= {k}) = {tail:.2g} < {false_alarm:g}"
    )


def assert_rate_at_least(k: int, n: int, p: float, false_alarm: float = FALSE_ALARM) -> None:
    """Fail when `k` of `n` is too few for a rate of at least `p`; see `assert_rate_at_most`."""
    assert 0 <= k <= n, f"{k} events in {n} replicates"
    tail = tail_below(k, n, p)
    assert tail >= false_alarm, (
        f"{k} of {n} ({k / n:.3f}) is too few for a rate of at least {p}: "
        f"P(K <= {k}) = {tail:.2g} < {false_alarm:g}"
    )


def largest_allowed(n: int, p: float, false_alarm: float = FALSE_ALARM) -> int:
    """The largest count that `assert_rate_at_most` lets pass."""
    k = n
    while k > 0 and tail_above(k, n, p) < false_alarm:
        k -= 1
    return k


def smallest_allowed(n: int, p: float, false_alarm: float = FALSE_ALARM) -> int:
    """The smallest count that `assert_rate_at_least` lets pass."""
    k = 0
    while k < n and tail_below(k, n, p) < false_alarm:
        k += 1
    return k


def power_at_most(n: int, p: float, true_p: float, false_alarm: float = FALSE_ALARM) -> float:
    """Probability that `assert_rate_at_most(k, n, p)` fails when the rate really is `true_p`."""
    return tail_above(largest_allowed(n, p, false_alarm) + 1, n, true_p)


def power_at_least(n: int, p: float, true_p: float, false_alarm: float = FALSE_ALARM) -> float:
    """Probability that `assert_rate_at_least(k, n, p)` fails when the rate really is `true_p`."""
    return tail_below(smallest_allowed(n, p, false_alarm) - 1, n, true_p)


def detectable_at_most(n: int, p: float, power: float = 0.9, false_alarm: float = FALSE_ALARM) -> float:
    """The lowest true rate above `p` that `assert_rate_at_most` catches with probability `power`.

    Raises
    ------
    ValueError
        If no rate is caught, since even `n` of `n` passes: more replicates are needed.
    """
    if largest_allowed(n, p, false_alarm) >= n:
        raise ValueError(f"{n} replicates catch no rate above {p} at a false alarm of {false_alarm:g}")
    return float(brentq(lambda rate: power_at_most(n, p, rate, false_alarm) - power, p, 1.0))


def detectable_at_least(n: int, p: float, power: float = 0.9, false_alarm: float = FALSE_ALARM) -> float:
    """The highest true rate below `p` that `assert_rate_at_least` catches with probability `power`."""
    return 1.0 - detectable_at_most(n, 1.0 - p, power, false_alarm)
