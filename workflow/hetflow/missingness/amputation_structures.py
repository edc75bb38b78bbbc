"""The five ways in which masks hang together, each a function of a task and a block of columns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hetflow.missingness.amputation_task import Task
from hetflow.missingness.mask_scores import BoolArray, FloatArray, correlated_noise, highest, logistic_noise


def unstructured(task: Task, block: list[str]) -> dict[str, BoolArray]:
    """Independent given values: a noise of its own for every column."""
    return {name: _threshold(task, name, _scores(task, name, [name])) for name in block}


def weak_block(task: Task, block: list[str]) -> dict[str, BoolArray]:
    """Dependent through latent normals that share a part; the margins are those of `unstructured`."""
    shared, correlation = task.normal("shared", block[0]), task.strengths.block_correlation
    masks = {}
    for name in block:
        noise = correlated_noise(shared, task.normal("noise", name), correlation)
        masks[name] = _threshold(task, name, task.linear_predictor(name, [name]) + noise)
    return masks


def weak_sequence(task: Task, block: list[str]) -> dict[str, BoolArray]:
    """A first-order chain: the column before, and nothing earlier, moves the log odds."""
    masks: dict[str, BoolArray] = {}
    before = np.zeros(len(task.frame), dtype=bool)
    for name in block:
        score = _scores(task, name, [name]) + task.strengths.chain_log_odds * before
        before = masks[name] = _threshold(task, name, score)
    return masks


def strong_block(task: Task, block: list[str]) -> dict[str, BoolArray]:
    """One mask for the whole block."""
    exists = np.any([task.exists[name] for name in block], axis=0)
    mask = _threshold(task, block[0], _scores(task, block[0], block), exists)
    return {name: mask & task.exists[name] for name in block}


def strong_sequence(task: Task, block: list[str]) -> dict[str, BoolArray]:
    """Drop-out: once missing, missing to the end; others leave by a hazard that depends on values."""
    masks: dict[str, BoolArray] = {}
    gone = np.zeros(len(task.frame), dtype=bool)
    for name in block:
        score = _scores(task, block[0], [name], name)
        gone = gone | _threshold(task, name, score, gone=gone)
        masks[name] = gone & task.exists[name]
    return masks


STRUCTURES: dict[str, Callable[[Task, list[str]], dict[str, BoolArray]]] = {
    "U": unstructured,
    "WS-B": weak_block,
    "WS-S": weak_sequence,
    "SS-B": strong_block,
    "SS-S": strong_sequence,
}


def _scores(task: Task, direction: str, hides: list[str], noise: str | None = None) -> FloatArray:
    """Linear predictor plus noise that is a column's own; without noise where values settle the mask."""
    predictor = task.linear_predictor(direction, hides)
    if task.mechanism.nature == "D":
        return predictor
    return predictor + logistic_noise(task.normal("noise", noise or direction))


def _threshold(
    task: Task,
    name: str,
    score: FloatArray,
    exists: BoolArray | None = None,
    gone: BoolArray | None = None,
) -> BoolArray:
    """The units of highest score, as many in every stratum as bring the column to its target.

    Parameters
    ----------
    exists : ndarray of bool, shape (n,), optional
        Units whose share the rate is; by default those in which the column exists.
    gone : ndarray of bool, shape (n,), optional
        Units that miss the column already: they count towards the rate and are not drawn again.
    """
    exists = task.exists[name] if exists is None else exists
    gone = np.zeros(len(score), dtype=bool) if gone is None else gone
    mask = np.zeros(len(score), dtype=bool)
    for stratum, rate in zip(task.strata, task.rates[name], strict=True):
        units = stratum & exists
        wanted = round(rate * int(units.sum())) - int((units & gone).sum())
        mask |= highest(score, units & ~gone, wanted, name)
    return mask
