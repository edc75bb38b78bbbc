"""What policies gain: the value of treating whom a policy treats, against treating none, all, or as many at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hetflow.effects.linear import Vector
from hetflow.effects.policy.priorities import OUT_OF_BAG, Priority
from hetflow.effects.policy.sampled import Halves, Sampled

ALL, NONE, RANDOM = "all", "none", "random"
#: What is told of each policy; all but the share in benefit units, a mean over all units.
QUANTITIES = ("share", "value", "over_all", "over_random")


@dataclass(frozen=True, slots=True)
class Policy:
    """Whom to treat.

    Attributes
    ----------
    name, label : str
    basis : str
        Where it was learnt (`hetflow.effects.policy.priorities`).
    treated : ndarray, shape (n,), optional
        Probability of treating each unit.
    priority : Priority, optional
        Instead of `treated`: treat the first by priority.
    share : float
        How many of them.
    """

    name: str
    label: str
    basis: str
    treated: Vector | None = None
    priority: Priority | None = None
    share: float = 1.0

    @property
    def one_sided(self) -> bool:
        """Whether only a lower bound of its gain is honest."""
        return self.basis == OUT_OF_BAG


def restricted(policy: Policy, rows: NDArray[np.int64]) -> Policy:
    """The policy for some of the units; a share ranked first is that share of them."""
    if policy.treated is not None:
        return replace(policy, treated=policy.treated[rows])
    assert policy.priority is not None
    return replace(policy, priority=restricted_priority(policy.priority, rows))


def restricted_priority(priority: Priority, rows: NDArray[np.int64]) -> Priority:
    """The order of some of the units."""
    return replace(priority, values=priority.values[rows])


def treated_share(policy: Policy, halves: Halves) -> Sampled:
    """Share of the weight that is treated."""
    if policy.treated is not None:
        return halves.means(policy.treated[:, None])
    return Sampled(np.array([policy.share]), np.full((halves.half.shape[0], 1), policy.share))


def total(policy: Policy, values: Vector, halves: Halves) -> Sampled:
    """Sum of the values of those treated, a unit of all: the value of the policy against treating nobody.

    ``V = sum_i w_i pi(X_i) Gamma_i / sum_i w_i`` with doubly robust scores Gamma (Athey and Wager 2021). Of a share
    ranked first the boundary is drawn anew in every half-sample.
    """
    if policy.treated is not None:
        return halves.means((policy.treated * values)[:, None])
    assert policy.priority is not None
    return halves.gains(values, policy.priority.values, np.array([policy.share]))


def quantities(policy: Policy, benefit: Vector, cost: float, halves: Halves) -> Sampled:
    """`QUANTITIES` of a policy.

    ``value`` is net of cost, against treating nobody; ``over_all`` is that value minus the value of treating
    everybody; ``over_random`` is that value minus the value of treating the same share at random.

    Parameters
    ----------
    policy : Policy
    benefit : ndarray, shape (n,)
        Doubly robust scores in benefit units, cost not taken off.
    cost : float
        Of treating a unit, in the same units.
    halves : Halves
    """
    net = benefit - cost
    share, value = treated_share(policy, halves), total(policy, net, halves)
    everybody = halves.means(net[:, None])
    return Sampled.joined([share, value, value - everybody, value - share.times(everybody)])


def simple_policies(n: int, budget: float) -> list[Policy]:
    """Treat nobody, everybody and, with a budget, a share at random."""
    found = [
        Policy(NONE, "Treat nobody", "fixed", np.zeros(n)),
        Policy(ALL, "Treat everybody", "fixed", np.ones(n)),
    ]
    if budget < 1:
        found.append(Policy(RANDOM, "At random", "fixed", np.full(n, budget), share=budget))
    return found


def above_cost(priority: Priority, cost: float) -> Policy:
    """Treat those whose predicted benefit exceeds the cost."""
    label = "Predicted benefit above cost" if cost else "Predicted benefit above zero"
    return Policy("effect_above_cost", label, priority.basis, (priority.values > cost).astype(np.float64))


def within_budget(priorities: Sequence[Priority], budget: float) -> list[Policy]:
    """Treat the share of the budget, each rule's first."""
    return [
        Policy(f"{one.name}_budget", one.label, one.basis, priority=one, share=budget) for one in priorities
    ]
