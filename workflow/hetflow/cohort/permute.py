"""Arms permuted as the design could have assigned them: within strata, by whole clusters, in the same numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.intp]

#: Fewest units of each arm in a group: in a smaller one a permutation would hide nothing.
FEWEST = 2


def donors(
    arm: NDArray[np.int8], group: Integers, cluster: Integers | None, rng: np.random.Generator
) -> Integers:
    """Whose arm each unit gets.

    Parameters
    ----------
    arm : ndarray of int8, shape (n,)
        1 treated, 0 control.
    group : ndarray of int, shape (n,)
        Stratum, as a code. Strata in which an arm has fewer than `FEWEST` units are taken together.
    cluster : ndarray of int, shape (n,), optional
        Cluster, as a code. Where treatment is the same for all units of each cluster, whole clusters change places.
    rng : Generator

    Returns
    -------
    ndarray of int, shape (n,)
        Unit i gets the arm of unit ``donors[i]``. Numbers of units (or of clusters) in each arm stay as they are, in
        each group that is permuted by itself.
    """
    if cluster is None or not _by_cluster(arm, cluster):
        return _within(arm, group, rng)
    _, first, member = np.unique(cluster, return_index=True, return_inverse=True)
    strata = _together(group, member, len(first))
    return np.asarray(first[_within(arm[first], strata, rng)][member])


def pooled(arm: NDArray[np.int8], group: Integers) -> Integers:
    """Groups, those taken together in which an arm has fewer than `FEWEST` units.

    If these are still too few together, the smallest of the others joins them.
    """
    out = np.unique(group, return_inverse=True)[1].astype(np.intp)
    number = int(out.max()) + 1
    sizes = [(int((out == g).sum()), g) for g in range(number)]
    rest = [g for _, g in sizes if _fewest(arm[out == g]) < FEWEST]
    others = [g for _, g in sorted(sizes) if g not in rest]
    while rest and others and _fewest(arm[np.isin(out, rest)]) < FEWEST:
        rest.append(others.pop(0))
    if rest:
        out[np.isin(out, rest)] = min(rest)
    return out


def _within(arm: NDArray[np.int8], group: Integers, rng: np.random.Generator) -> Integers:
    found = np.arange(len(arm))
    whole = pooled(arm, group) if len(arm) else group
    for one in np.unique(whole):
        places = np.flatnonzero(whole == one)
        found[places] = rng.permutation(places)
    return found


def _fewest(arm: NDArray[np.int8]) -> int:
    return int(min((arm == 1).sum(), (arm == 0).sum()))


def _by_cluster(arm: NDArray[np.int8], cluster: Integers) -> bool:
    """Whether treatment is constant in clusters that hold more than one unit each, on the whole."""
    _, member, sizes = np.unique(cluster, return_inverse=True, return_counts=True)
    treated = np.bincount(member, weights=arm)
    return bool((sizes > 1).any() and ((treated == 0) | (treated == sizes)).all())


def _together(group: Integers, member: Integers, clusters: int) -> Integers:
    """A code for each cluster: of the strata in which its units lie."""
    strata = [tuple(sorted({int(g) for g in group[member == c]})) for c in range(clusters)]
    codes = {key: code for code, key in enumerate(sorted(set(strata)))}
    return np.array([codes[key] for key in strata], dtype=np.intp)
