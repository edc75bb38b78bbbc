"""What is imputed together: blocks whose cells are missing together get one donor's whole vector."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hetflow.missingness.variables import Variable, embed

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SHARED_MASK = 3
"""So many undeclared columns with one and the same mask are taken as a block."""
FEWEST_DONORS = 10
"""A block with fewer complete rows is imputed column by column."""
COMPONENTS = 3
"""Principal components on which the donors of a vector are matched."""
OUTCOME_RIDGE = 5.0
"""Ridge penalty, columns on unit scale, of the regression that finds a block's direction towards the outcome."""


@dataclass(frozen=True, slots=True)
class Target:
    """Columns that one step of the chain imputes.

    Attributes
    ----------
    names : tuple of str
        The columns; more than one in a block.
    rows : ndarray of bool, shape (n,)
        Units whose cells this step may impute; whether a cell applies is looked up when the step is taken.
    """

    names: tuple[str, ...]
    rows: BoolArray

    @property
    def key(self) -> str:
        """Names the random stream."""
        return "+".join(self.names)


def find_targets(variables: Mapping[str, Variable], depth: Mapping[str, int]) -> list[Target]:
    """Steps of the chain, in the order in which they are taken.

    Parameters
    ----------
    variables : mapping of str to Variable
        All columns of the chain.
    depth : mapping of str to int
        How many conditions stand above a column: parents are imputed before their children.

    Returns
    -------
    list of Target
        By depth, then by the number of missing cells, then by name; independent of the order of the columns.
    """
    incomplete = [name for name in sorted(variables) if not variables[name].given.all()]
    targets: list[Target] = []
    single = dict.fromkeys(incomplete)
    for members in _groups(variables, incomplete):
        missing = np.column_stack([~variables[name].given for name in members])
        together = np.asarray(missing.all(axis=1), dtype=bool)
        if not together.any() or int((~missing.any(axis=1)).sum()) < FEWEST_DONORS:
            continue
        targets.append(Target(tuple(members), together))
        for name in members:
            del single[name]
            rest = ~variables[name].given & ~together
            if rest.any():
                targets.append(Target((name,), rest))
    targets += [Target((name,), ~variables[name].given) for name in single]
    return sorted(targets, key=lambda t: (max(depth[name] for name in t.names), int(t.rows.sum()), t.key))


def _groups(variables: Mapping[str, Variable], incomplete: Sequence[str]) -> list[list[str]]:
    """Declared blocks, then undeclared columns that share one mask; members agree on to whom they apply."""
    declared: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    shared: defaultdict[tuple[bytes, str], list[str]] = defaultdict(list)
    for name in incomplete:
        variable = variables[name]
        if not variable.known.all():
            continue
        rule = variable.column.applicable_if or ""
        if variable.column.block is not None:
            declared[(variable.column.block, rule)].append(name)
        else:
            shared[(np.packbits(variable.given).tobytes(), rule)].append(name)
    blocks = [members for members in declared.values() if len(members) > 1]
    return blocks + [members for members in shared.values() if len(members) >= SHARED_MASK]


def target_scores(
    variables: Mapping[str, Variable], target: Target, outcome: Variable | None = None
) -> FloatArray:
    """What the donors of a target are matched on.

    Parameters
    ----------
    variables : mapping of str to Variable
    target : Target
    outcome : Variable, optional
        In inference mode the outcome.

    Returns
    -------
    ndarray, shape (n, r)
        The column itself on unit scale, or the first principal components of a block or of a nominal column's
        levels, with NaN in rows that cannot be donors (a cell missing, or not applying). A block that has more
        columns than components is matched on its direction towards the outcome as well, without which the
        columns' slopes in the outcome shrink.
    """
    parts = np.column_stack([embed(variables[name]) for name in target.names])
    donors = donor_rows(variables, target)
    scores = np.full((len(parts), min(COMPONENTS, parts.shape[1])), np.nan)
    if parts.shape[1] == 1:
        scores[donors] = parts[donors]
    else:
        scores[donors] = _components(parts[donors], scores.shape[1])
    if outcome is None or parts.shape[1] <= COMPONENTS:
        return scores
    return np.column_stack([scores, _towards_outcome(parts, donors, embed(outcome)[:, 0], scores)])


def _towards_outcome(
    parts: FloatArray, donors: BoolArray, outcome: FloatArray, scores: FloatArray
) -> FloatArray:
    """The combination of a block's columns that predicts the outcome, with the spread of the first component."""
    direction = np.full(len(parts), np.nan)
    centred = parts[donors] - parts[donors].mean(axis=0)
    seen = np.isfinite(outcome[donors])
    Z, y = centred[seen], outcome[donors][seen]
    if not seen.any():
        return np.where(donors, 0.0, np.nan)
    penalty = OUTCOME_RIDGE * np.eye(Z.shape[1])
    value = centred @ np.linalg.solve(Z.T @ Z + penalty, Z.T @ (y - y.mean()))
    spread = value.std()
    direction[donors] = value / spread * scores[donors, 0].std() if spread > 0 else 0.0
    return direction


def donor_rows(variables: Mapping[str, Variable], target: Target) -> BoolArray:
    """Units that can hand on a target's whole vector: every cell observed and applying."""
    observed = np.column_stack([variables[name].observed for name in target.names])
    return np.asarray(observed.all(axis=1), dtype=bool)


def _components(parts: FloatArray, count: int) -> FloatArray:
    """Scores on the first principal components; the sign of each is fixed by its largest loading."""
    centred = parts - parts.mean(axis=0)
    _, _, loadings = np.linalg.svd(centred, full_matrices=False)
    kept = loadings[:count]
    largest = np.abs(kept).argmax(axis=1)
    kept = kept * np.sign(kept[np.arange(len(kept)), largest])[:, None]
    scores = np.zeros((len(parts), count))
    scores[:, : len(kept)] = centred @ kept.T
    return scores
