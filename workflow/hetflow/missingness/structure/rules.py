"""Missing by design: short conditions under which nobody has a value, set beside what the dictionary says.

Data can show that a value was never recorded under a condition; whether it does not exist there only the dictionary
can say (`applicable_if`). A rule is therefore confirmed, contradicted, or undeclared, never a proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.applicability import applies_to, parents
from hetflow.cohort.columns import Column
from hetflow.missingness.masks import Cells, Masks, compress
from hetflow.missingness.structure.conditions import (
    all_hold,
    applies_elsewhere,
    conjunction,
    disjunction,
)
from hetflow.missingness.structure.predictors import Predictor
from hetflow.missingness.structure.tree import PURITY, SMALLEST, Path, lay_out, pure_leaves

BoolArray = NDArray[np.bool_]

FALSE_ALARM = 0.01
"""Chance, over all masks together, that a rule is found where absence does not depend on anything (union bound)."""
SAME = 0.98
"""A found and a declared condition with a larger Jaccard index, over units, are one."""
SEARCHED = 20_000
"""Units on which rules are looked for; they are then counted on all."""
_COLUMNS = {
    "columns": object,
    "condition": object,
    "units": np.int64,
    "absent": np.int64,
    "absent_elsewhere": np.int64,
    "unknown": np.int64,
    "declared": object,
    "contradictions": np.int64,
    "status": object,
    "suggestion": object,
}


@dataclass(frozen=True, slots=True)
class Declared:
    """What the dictionary says of some columns: the condition's text, and where it is known to be false."""

    text: str
    excluded: BoolArray
    contradictions: int


def absence(table: Cells) -> Masks:
    """Distinct masks of "no value is there", missing and not applicable alike."""
    return compress(Cells(table.names, ~table.observed, np.ones_like(table.applies)))


def find_rules(masks: Masks, predictors: Sequence[Predictor], rng: np.random.Generator) -> list[list[Path]]:
    """Rules of each mask: conjunctions of at most three conditions under which at least 99 % are absent.

    A leaf counts when the Chernoff bound n KL(share, rate) of its share, against the share absent of everybody,
    exceeds the logarithm of the number of conditions it could have been chosen from, plus that of masks / 0.01
    (union bound, units independent). Conditions that are not needed are dropped.

    Parameters
    ----------
    masks : Masks
        From `absence`.
    predictors : sequence of Predictor
    rng : Generator
        Chooses 20,000 units for the search where there are more, whatever the order of rows.
    """
    if not predictors or not len(masks):
        return [[] for _ in range(len(masks))]
    rows = _searched(masks, predictors, rng)
    binned = lay_out(predictors, rows)
    found = []
    for place in range(len(masks)):
        absent = masks.missing[:, place]
        few = SMALLEST <= absent.sum() <= len(absent) - SMALLEST
        paths = pure_leaves(binned, absent[rows], rows) if few else []
        several = np.log(len(predictors)), np.log(len(masks) / FALSE_ALARM)
        kept = [_shortened(path, absent) for path in paths if _beyond_chance(path, absent, *several)]
        found.append(_without_repeats(kept))
    return found


def _searched(masks: Masks, predictors: Sequence[Predictor], rng: np.random.Generator) -> NDArray[np.intp]:
    n = len(masks.missing)
    if n <= SEARCHED:
        return np.arange(n)
    codes = np.column_stack([predictor.codes.astype(np.int8) for predictor in predictors])
    key = np.ascontiguousarray(np.column_stack([np.packbits(masks.missing, axis=1), codes.view(np.uint8)]))
    order = np.argsort(key.view(f"V{key.shape[1]}").ravel(), kind="stable")
    return np.sort(order[rng.permutation(n)[:SEARCHED]])


def _beyond_chance(path: Path, absent: BoolArray, log_columns: float, log_masks: float) -> bool:
    """Whether the units under the conditions are absent too often for chance, and often enough for a rule."""
    inside = all_hold(path)
    if inside.sum() < SMALLEST or absent[inside].mean() < PURITY:
        return False
    choices = sum(literal.choices + log_columns for literal in path)
    return _information(inside, absent) > choices + log_masks


def _information(inside: BoolArray, absent: BoolArray) -> float:
    """n KL(share, rate) in nats: how far the share absent inside lies above everybody's; 0 if it does not."""
    n, rate = int(inside.sum()), float(absent.mean())
    share = float(absent[inside].mean()) if n else 0.0
    if share <= rate:
        return 0.0
    rest = (1 - share) * np.log((1 - share) / (1 - rate)) if share < 1 else 0.0
    return float(n * (share * np.log(share / rate) + rest))


def _shortened(path: Path, absent: BoolArray) -> Path:
    """The path without conditions that its share absent does not need, the last ones dropped first."""
    for place in reversed(range(len(path))):
        shorter = path[:place] + path[place + 1 :]
        if shorter:
            inside = all_hold(shorter)
            if absent[inside].mean() >= PURITY:
                return _shortened(shorter, absent)
    return path


def _without_repeats(paths: list[Path]) -> list[Path]:
    """Paths by falling number of units, without those whose units an earlier one holds."""
    held = sorted(
        ((all_hold(path), path) for path in paths), key=lambda one: (-int(one[0].sum()), conjunction(one[1]))
    )
    kept: list[tuple[BoolArray, Path]] = []
    for inside, path in held:
        if not any((inside & ~other).sum() == 0 for other, _ in kept):
            kept.append((inside, path))
    return [path for _, path in kept]


def declarations(frame: pd.DataFrame, columns: Sequence[Column]) -> dict[str, Declared]:
    """The dictionary's condition of each conditional column, evaluated on the cohort.

    Where a parent has left the cohort, since it is constant, the cells that do not apply are taken as they stand.
    """
    by_name = {column.name: column for column in columns}
    found = {}
    for column in columns:
        if column.applicable_if is None or column.applies not in frame:
            continue
        applies = frame[column.applies].to_numpy(dtype=np.float64)
        whole = parents(column) <= set(frame.columns)
        excluded = (applies_to(frame, column, by_name) if whole else applies) == 0
        recorded = applies == 1
        found[column.name] = Declared(column.applicable_if, excluded, int((excluded & recorded).sum()))
    return found


def rules_table(masks: Masks, rules: Sequence[Sequence[Path]], declared: dict[str, Declared]) -> pd.DataFrame:
    """Found and declared conditions side by side.

    Returns
    -------
    DataFrame
        One row for the columns that share a mask and the dictionary's condition: columns, condition (found: nobody who
        meets it has a value; empty where none was found), units (that meet it; the declared exclusion where none was
        found), absent (of these, without a value), absent_elsewhere (without a value although the condition is false
        or unknown), unknown (units of which it cannot be told), declared (``applicable_if``), contradictions (values
        recorded where it is false), status, suggestion (an ``applicable_if``, for values that do not exist under the
        condition: only you can say whether they do). Status is

        - ``contradicted``: values are recorded where the dictionary says that none exist;
        - ``undeclared``: a condition was found, and the dictionary says nothing;
        - ``beside``: as declared, and values are absent under a further condition;
        - ``confirmed``: nobody whom the dictionary excludes has a value, and that is beyond chance;
        - ``declared``: nothing contradicts what the dictionary says, but too few units show it.
    """
    rows = []
    for place, members in enumerate(masks.members):
        absent = masks.missing[:, place]
        for names in _by_declaration(members, declared):
            said = declared.get(names[0])
            if said is None and rules[place]:
                rows.append(_row(names, rules[place], absent, None, "undeclared", 0))
            elif said is not None:
                wrong = max(declared[name].contradictions for name in names)
                rows.append(_beside_declared(names, rules[place], absent, said, wrong, len(masks)))
    frame = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)
    order = frame["status"].map({name: number for number, name in enumerate(_STATUS)})
    return frame.assign(order=order).sort_values(
        ["order", "units", "columns"], ascending=[True, False, True], ignore_index=True
    )[list(_COLUMNS)]


_STATUS = ("contradicted", "undeclared", "beside", "confirmed", "declared")


def _by_declaration(members: tuple[str, ...], declared: dict[str, Declared]) -> list[tuple[str, ...]]:
    apart: dict[str, list[str]] = {}
    for name in members:
        apart.setdefault(declared[name].text if name in declared else "", []).append(name)
    return [tuple(names) for _, names in sorted(apart.items())]


def _beside_declared(
    names: tuple[str, ...], paths: Sequence[Path], absent: BoolArray, said: Declared, wrong: int, masks: int
) -> tuple[object, ...]:
    """The row of columns whose condition is declared: tried on its own, and set beside what was found."""
    within: list[Path] = []
    further: list[Path] = []
    for path in paths:
        inside = all_hold(path)
        (within if (inside & said.excluded).sum() > SAME * inside.sum() else further).append(path)
    if within and _jaccard(_any(within), said.excluded) <= SAME:
        within = []
    seen = _information(said.excluded, absent) > np.log(masks / FALSE_ALARM)
    status = "contradicted" if wrong else "beside" if further else "confirmed" if seen else "declared"
    return _row(names, further if status == "beside" else within, absent, said, status, wrong)


def _row(
    names: tuple[str, ...],
    paths: Sequence[Path],
    absent: BoolArray,
    said: Declared | None,
    status: str,
    wrong: int,
) -> tuple[object, ...]:
    inside = _any(paths) if paths else said.excluded if said else np.zeros(len(absent), dtype=bool)
    outside = np.ones(len(absent), dtype=bool)
    for path in paths:
        outside &= np.logical_or.reduce([literal.opposite().holds() for literal in path])
    return (
        ", ".join(names),
        disjunction(paths),
        int(inside.sum()),
        int(absent[inside].sum()),
        int(absent[~inside].sum()),
        int((~inside & ~outside).sum()) if paths else 0,
        said.text if said else "",
        wrong,
        status,
        applies_elsewhere(paths) if said is None else "",
    )


def _any(paths: Sequence[Path]) -> BoolArray:
    return np.logical_or.reduce([all_hold(path) for path in paths])


def _jaccard(first: BoolArray, second: BoolArray) -> float:
    either = int((first | second).sum())
    return int((first & second).sum()) / either if either else 0.0
