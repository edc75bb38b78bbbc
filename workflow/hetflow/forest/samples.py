"""The samples that forests are grown on, by name, and which of them may judge a unit.

``all`` is every unit with an outcome; ``not<k>`` leaves fold k out; ``first<k>`` is folds 1 to k. There is no
``first<K-1>``: of K folds it would hold the units of ``not<K>``.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import ArrayLike, NDArray

ALL = "all"
_NAME = re.compile(r"all|(not|first)([1-9][0-9]*)")


def sample_names(folds: int) -> list[str]:
    """All forest samples of a study with `folds` folds.

    Parameters
    ----------
    folds : int
        Number of folds K, at least 2.

    Returns
    -------
    list of str
        ``all``, ``not1`` to ``not<K>``, ``first1`` to ``first<K-2>``.
    """
    if folds < 2:
        raise ValueError(f"folds must be at least 2, got {folds}")
    held_out = [f"not{k}" for k in range(1, folds + 1)]
    sequential = [f"first{k}" for k in range(1, folds - 1)]
    return [ALL, *held_out, *sequential]


def units_of(sample: str, fold: ArrayLike) -> NDArray[np.bool_]:
    """Which units a sample holds.

    Parameters
    ----------
    sample : str
        A name from `sample_names`.
    fold : array_like of int, shape (n,)
        Fold of each unit, 1 to K.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    ValueError
        If no sample has this name.
    """
    match = _NAME.fullmatch(sample)
    if match is None:
        raise ValueError(f"no forest sample is called {sample!r}")
    folds = np.asarray(fold)
    if sample == ALL:
        return np.ones(folds.shape, dtype=bool)
    kind, number = match.group(1), int(match.group(2))
    return np.asarray(folds != number if kind == "not" else folds <= number)


def held_out_sample(fold: int) -> str:
    """The sample that has not seen fold `fold` (1 to K) and judges its units."""
    if fold < 1:
        raise ValueError(f"folds are numbered from 1, got {fold}")
    return f"not{fold}"


def sequential_sample(fold: int, folds: int) -> str | None:
    """The sample of the folds before `fold`, which judges its units in sequential validation.

    Parameters
    ----------
    fold : int
        Fold of the units to judge, 1 to `folds`.
    folds : int
        Number of folds K.

    Returns
    -------
    str or None
        ``first<fold-1>``; for the last fold ``not<K>``, which holds the same units; None for the first fold,
        which no earlier fold can judge.

    Notes
    -----
    Sequential cross-validation of Wager (2024), arXiv:2405.05534.
    """
    if not 1 <= fold <= folds:
        raise ValueError(f"fold must lie between 1 and {folds}, got {fold}")
    if fold == 1:
        return None
    return f"not{folds}" if fold == folds else f"first{fold - 1}"
