"""Blocks that were not measured at all, and the models that do without them.

Values of a block that nobody measured are not made up. Each unit's outcome mean and effect come from a model of the
covariates that its pattern of blocks has, learnt from all units that have these covariates: the complete-case
submodels of Fletcher Mercaldo and Blume (Biostatistics 21 (2020) 236-252), the reduced-feature models of
Saar-Tsechansky and Provost (JMLR 8 (2007)). Two blocks that are never seen together need no joint model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.errors import refuse
from hetflow.missingness.blocks import SHARED_MASK

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class WholeBlock:
    """A block and the units that lack it as a whole.

    Attributes
    ----------
    name : str
        As declared, or the first of its columns for a block found by its mask.
    columns : tuple of str
    lacking : ndarray of bool, shape (n,)
    """

    name: str
    columns: tuple[str, ...]
    lacking: BoolArray

    @property
    def notice(self) -> str:
        """What the report says."""
        return (
            f"the block {self.name} ({len(self.columns)} covariates) was not measured in {int(self.lacking.sum())} of "
            f"{len(self.lacking)} units; it was not imputed, and their models do without it"
        )


def whole_blocks(frame: pd.DataFrame, columns: Sequence[Column]) -> list[WholeBlock]:
    """Blocks of covariates that some units lack as a whole.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Typed cohort frame.
    columns : sequence of Column
        Covariates. A block is declared (`block`), or found: three undeclared columns or more that share one mask.
        Columns whose mask is not known to have been fixed before randomisation, or that apply only to some, are in
        none: they are imputed.

    Returns
    -------
    list of WholeBlock
        By name.

    Raises
    ------
    Refused
        If there is none.
    """
    declared: defaultdict[str, list[str]] = defaultdict(list)
    shared: defaultdict[bytes, list[str]] = defaultdict(list)
    for column in sorted(columns, key=lambda column: column.name):
        gaps = frame[column.name].isna().to_numpy()
        usable = column.mask_fixed_before_randomisation and column.applicable_if is None
        if not gaps.any() or not usable:
            continue
        if column.block is not None:
            declared[column.block].append(column.name)
        else:
            shared[np.packbits(gaps).tobytes()].append(column.name)
    groups = {name: members for name, members in declared.items() if len(members) > 1}
    groups |= {members[0]: members for members in shared.values() if len(members) >= SHARED_MASK}
    found = [
        WholeBlock(name, tuple(members), frame[members].isna().all(axis=1).to_numpy())
        for name, members in sorted(groups.items())
    ]
    found = [block for block in found if block.lacking.any()]
    if not found:
        refuse(
            "missingness.strategy: blockwise",
            "a block of covariates that some units lack as a whole, of which it was settled before randomisation who "
            "would lack it",
            "none",
            "declare `block` and `mask_fixed_before_randomisation: true` in the dictionary if that is so, or choose "
            "multiple_imputation",
        )
    return found


def blank_blocks(completed: pd.DataFrame, blocks: Sequence[WholeBlock]) -> pd.DataFrame:
    """A completed frame in which cells of blocks that were not measured are missing again."""
    blanked = {name: completed[name].mask(block.lacking) for block in blocks for name in block.columns}
    return completed.assign(**blanked)


@dataclass(frozen=True, slots=True)
class Submodel:
    """The model of a pattern.

    Attributes
    ----------
    columns : ndarray of bool, shape (p,)
        Columns of the matrix that it reads.
    learns : ndarray of bool, shape (n,)
        Units that have all of them.
    judges : ndarray of bool, shape (n,)
        Units whose outcome mean and effect it gives; each unit has one submodel.
    """

    columns: BoolArray
    learns: BoolArray
    judges: BoolArray


def submodels(X: NDArray[np.float64], minimum: int) -> list[Submodel]:
    """The models that a matrix with whole blocks missing asks for.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        Covariates, NaN where a block is missing.
    minimum : int
        Fewest units that a model learns from. A pattern with fewer units that have all its covariates gives up the
        block whose loss adds the most units, and so on; without any block everybody is learnt from.

    Returns
    -------
    list of Submodel
        The one with the most columns first; it does not depend on the order of the columns.
    """
    gaps = np.isnan(X)
    if not gaps.any():
        everybody = np.ones(len(X), dtype=bool)
        return [Submodel(np.ones(X.shape[1], dtype=bool), everybody, everybody)]
    masks = sorted({np.packbits(column).tobytes() for column in gaps.T if column.any()})
    member = [np.array([np.packbits(column).tobytes() == mask for column in gaps.T]) for mask in masks]
    seen = np.column_stack([~gaps[:, one][:, 0] for one in member])
    patterns, pattern = np.unique(seen, axis=0, return_inverse=True)
    chosen = [_coarsened(seen, one, minimum) for one in patterns]
    judged: dict[tuple[bool, ...], BoolArray] = {}
    for number, blocks in enumerate(chosen):
        before = judged.get(blocks, np.zeros(len(X), dtype=bool))
        judged[blocks] = before | (pattern.ravel() == number)
    found = []
    for blocks, judges in judged.items():
        columns = np.asarray(~gaps.any(axis=0), dtype=bool)
        for has, one in zip(blocks, member, strict=True):
            columns |= one & has
        learns = np.asarray(seen[:, list(blocks)].all(axis=1), dtype=bool)
        found.append(Submodel(columns, learns, judges))
    return sorted(found, key=lambda model: (-int(model.columns.sum()), -int(model.judges.sum())))


def _coarsened(seen: BoolArray, pattern: BoolArray, minimum: int) -> tuple[bool, ...]:
    """The blocks that a pattern's model reads."""
    blocks = pattern.copy()
    while blocks.any() and int(seen[:, blocks].all(axis=1).sum()) < minimum:
        gains = []
        for place in np.flatnonzero(blocks):
            without = blocks.copy()
            without[place] = False
            gains.append((int(seen[:, without].all(axis=1).sum()), -int(place)))
        blocks[-max(gains)[1]] = False
    return tuple(bool(value) for value in blocks)


def availability(blocks: Sequence[WholeBlock], columns: Sequence[Column]) -> NDArray[np.float64]:
    """A matrix with the gaps of a blockwise file, known before any cell is imputed: one column a block.

    A column without gaps comes first where there is a covariate outside of the blocks.
    """
    inside = {name for block in blocks for name in block.columns}
    outside = [column for column in columns if column.name not in inside]
    parts = [np.zeros(len(blocks[0].lacking))] if outside else []
    parts += [np.where(block.lacking, np.nan, 0.0) for block in blocks]
    return np.column_stack(parts)


def pattern_notices(X: NDArray[np.float64], minimum: int) -> list[str]:
    """What the report says of the submodels."""
    models = submodels(X, minimum)
    gave_up = sum(int((~np.isnan(X[model.judges][:, ~model.columns])).any(axis=1).sum()) for model in models)
    said = [
        f"{len(models)} patterns of blocks have a model of their own; they learn from "
        + ", ".join(f"{int(model.learns.sum())}" for model in models)
        + " units and judge "
        + ", ".join(f"{int(model.judges.sum())}" for model in models)
    ]
    if gave_up:
        said.append(
            f"{gave_up} units have a block that their model does not read: fewer than {minimum} units have the same "
            "blocks (missingness.minimum_pattern)"
        )
    return said
