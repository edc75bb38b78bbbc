r"""The structure index: how much less the patterns vary than they would if columns went missing on their own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hetflow.missingness.masks import Masks
from hetflow.missingness.structure.curveball import canonical

BoolArray = NDArray[np.bool_]

PERMUTATIONS = 20
"""Tables with permuted columns over which the reference entropy is averaged."""
SATURATED = 0.9
"""Where independent columns would have more than this share of log n, the index is called saturated."""


@dataclass(frozen=True, slots=True)
class StructureIndex:
    """The index and what it is made of.

    Attributes
    ----------
    index : float
        S = 1 - H(M) / H(M with columns permuted), about 0 without structure, 1 where all columns are one.
    entropy, permuted : float
        Entropies in nats, with Miller and Madow's correction.
    patterns : int
        Distinct rows of M.
    saturated : bool
        Whether units are too few for the number of columns: with nearly as many patterns as units both
        entropies are near log n whatever the structure, and the index is too small.
    """

    index: float
    entropy: float
    permuted: float
    patterns: int
    saturated: bool

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def structure_index(
    masks: Masks, rng: np.random.Generator, permutations: int = PERMUTATIONS
) -> StructureIndex:
    r"""The structure index of distinct masks.

    :math:`S = 1 - \hat H(M) / \hat H(M^\pi)`, where :math:`M^\pi` has every column permuted by itself and
    :math:`\hat H` is the entropy of the rows' patterns with Miller and Madow's correction (Miller GA. Note on the
    bias of information estimates. In: Information Theory in Psychology, 1955:95-100). Copies of a column count
    once: exact blocks are told by the compression itself, the index is about what is left.

    Parameters
    ----------
    masks : Masks
        Not empty.
    rng : Generator
        The result depends on it and on the masks, not on the order of rows.
    permutations : int
    """
    missing, _ = canonical(masks)  # (k, n)
    n = missing.shape[1]
    found, patterns = pattern_entropy(missing)
    reference, saturated = 0.0, False
    for _ in range(permutations):
        value, several = pattern_entropy(rng.permuted(missing, axis=1))
        reference += value / permutations
        saturated = saturated or value - (several - 1) / (2 * n) > SATURATED * np.log(n)
    index = 1 - found / reference if reference > 0 else 0.0
    return StructureIndex(float(index), found, float(reference), patterns, bool(saturated))


def pattern_entropy(missing: BoolArray) -> tuple[float, int]:
    """Entropy in nats (Miller-Madow) and number of the patterns of units.

    Parameters
    ----------
    missing : ndarray of bool, shape (k, n)
        One row a mask.
    """
    packed = np.ascontiguousarray(np.packbits(missing, axis=0).T)
    _, counts = np.unique(packed.view(f"V{packed.shape[1]}").ravel(), return_counts=True)
    n = missing.shape[1]
    shares = counts / n
    return float(-(shares * np.log(shares)).sum() + (len(counts) - 1) / (2 * n)), len(counts)
