"""What is done about missing covariates: the strategies by name, and one way to call them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.errors import refuse
from hetflow.missingness.blockwise import blank_blocks, whole_blocks
from hetflow.missingness.chained import ChainSettings
from hetflow.missingness.gapless import without_gaps
from hetflow.missingness.imputer import Imputer
from hetflow.missingness.kept import keep_masks, unkept_notice
from hetflow.missingness.modes import impute_deployment, impute_inference
from hetflow.study.routes import ROUTES

DEPLOYMENT, INFERENCE = "deployment", "inference"
MODES = (DEPLOYMENT, INFERENCE)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings that a strategy may read.

    Attributes
    ----------
    chain : ChainSettings
        Of `multiple_imputation`.
    minimum_arm : int
        Fewest complete units in an arm for `complete_case`.
    keep_mask : tuple of str
        Covariates whose gaps `selective` keeps.
    """

    chain: ChainSettings = field(default_factory=ChainSettings)
    minimum_arm: int = 30
    keep_mask: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Completed:
    """A completed file.

    Attributes
    ----------
    frame : DataFrame
        ``unit``, the covariates kept, their ``__applies`` and, for `indicator` and `selective`,
        ``<name>__missing``; without missing values, except under `native`, and in whole blocks under `blockwise`.
        Auxiliary columns have done their work and are not in it.
    columns_kept : tuple of str
        Covariates in the frame, in the order in which they were given.
    notices : tuple of str
        What the report must say.
    imputer : Imputer or None
        What new units are completed by, where the strategy has such a thing (deployment mode).
    """

    frame: pd.DataFrame
    columns_kept: tuple[str, ...]
    notices: tuple[str, ...] = ()
    imputer: Imputer | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """What one call of a strategy is given: see `complete`."""

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    mode: str
    imputation: int
    seed: int
    arm: NDArray[np.int8] | None
    outcome: NDArray[np.float64] | None
    settings: Settings

    @property
    def covariates(self) -> list[Column]:
        """Columns that estimators read."""
        return [column for column in self.columns if column.role == "covariate"]


@dataclass(frozen=True, slots=True)
class Strategy:
    """Facts about a strategy.

    Attributes
    ----------
    name : str
        As in the study file; what it answers and on which assumption is in `hetflow.study.routes`.
    run : callable
        Task -> Completed.
    modes : tuple of str
        Modes whose files differ; a strategy with one mode gives the same file for both.
    """

    name: str
    run: Callable[[Task], Completed]
    modes: tuple[str, ...]

    @property
    def several(self) -> bool:
        """Whether it makes several imputations."""
        return ROUTES[self.name].several

    @property
    def complete(self) -> bool:
        """Whether its files are free of missing values."""
        return not ROUTES[self.name].leaves_gaps


def complete(
    frame: pd.DataFrame,
    columns: Sequence[Column],
    strategy: str,
    mode: str,
    imputation: int,
    seed: int,
    *,
    arm: NDArray[np.int8] | None = None,
    outcome: NDArray[np.float64] | None = None,
    settings: Settings | None = None,
) -> Completed:
    """Complete the covariates of a typed cohort frame.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Typed cohort frame with ``unit``; `columns` and their ``__applies``.
    columns : sequence of Column
        Covariates, and auxiliaries that may help to impute.
    strategy : str
        A key of `STRATEGIES`.
    mode : str
        ``deployment`` (reads neither arm nor outcome) or ``inference`` (by arm, with the outcome).
    imputation : int
        Number of the imputation; files of other numbers do not depend on it.
    seed : int
        The study's seed.
    arm : ndarray of int, shape (n,), optional
        Needed in inference mode by strategies of two modes; `complete_case` counts complete units by it.
    outcome : ndarray, shape (n,), optional
        Needed in inference mode by strategies of two modes, NaN where missing; refused by a programming error
        (ValueError) in deployment mode, which must not see it.
    settings : Settings, optional
        Defaults as documented there.

    Returns
    -------
    Completed
        Rows in the order of `frame`; all of them except under `complete_case`.

    Raises
    ------
    Refused
        For an unknown strategy, and by the strategies for data they cannot complete.
    """
    if mode not in MODES:
        raise ValueError(f"mode {mode!r} is neither of {MODES}")
    if mode == DEPLOYMENT and outcome is not None:
        raise ValueError("deployment mode must not see the outcome")
    if strategy not in STRATEGIES:
        refuse(
            "missingness.strategy",
            f"one of {', '.join(STRATEGIES)}",
            strategy,
            "choose one of them",
        )
    task = Task(frame, tuple(columns), mode, imputation, seed, arm, outcome, settings or Settings())
    return STRATEGIES[strategy].run(task)


def _with_applies(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """``unit``, the columns and their ``__applies``."""
    names = ["unit"]
    for column in columns:
        names.append(column.name)
        if column.applicable_if is not None:
            names.append(column.applies)
    return frame[names].reset_index(drop=True)


def _names(columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


def _impute(
    task: Task, frame: pd.DataFrame, columns: Sequence[Column], mode: str
) -> tuple[pd.DataFrame, list[str], Imputer | None]:
    """One imputation of `frame` in one mode, notices, and what new units are completed by (deployment mode)."""
    chain = task.settings.chain
    if mode == DEPLOYMENT:
        made = impute_deployment(frame, columns, task.imputation, task.seed, chain, keep=True)
        return made.frame, [], made.imputer
    if task.arm is None or task.outcome is None:
        raise ValueError("inference mode needs arm and outcome")
    return *impute_inference(frame, columns, task.arm, task.outcome, task.imputation, task.seed, chain), None


def _multiple_imputation(task: Task) -> Completed:
    completed, notices, imputer = _impute(task, task.frame, task.columns, task.mode)
    whole = completed.assign(unit=task.frame["unit"])
    return Completed(_with_applies(whole, task.covariates), _names(task.covariates), tuple(notices), imputer)


def _indicator(task: Task) -> Completed:
    """Masks fixed before randomisation kept, all other gaps imputed once, from covariates alone."""
    kept = [column.name for column in task.covariates if column.mask_fixed_before_randomisation]
    completed = _with_kept(task, kept, DEPLOYMENT)
    silent = unkept_notice(task.frame, task.covariates, kept)
    return replace(completed, notices=(*completed.notices, *silent))


def _selective(task: Task) -> Completed:
    """The masks of `keep_mask` kept, all other gaps imputed as by multiple imputation."""
    return _with_kept(task, task.settings.keep_mask, task.mode)


def _with_kept(task: Task, kept: Sequence[str], mode: str) -> Completed:
    masks = keep_masks(task.frame, task.covariates, kept)
    completed, notices, imputer = _impute(task, masks.frame, [*task.columns, *masks.indicators], mode)
    whole = masks.settle(completed).assign(unit=task.frame["unit"])
    frame = _with_applies(whole, task.covariates)
    indicators = {one.name: whole[one.name].to_numpy(dtype=np.float64) for one in masks.indicators}
    said = (*masks.notices, *notices)
    return Completed(frame.assign(**indicators), _names(task.covariates), said, imputer)


def _blockwise(task: Task) -> Completed:
    """Single cells imputed; a block that was not measured at all stays missing."""
    blocks = whole_blocks(task.frame, task.covariates)
    completed, notices, _ = _impute(task, task.frame, task.columns, task.mode)
    whole = blank_blocks(completed, blocks).assign(unit=task.frame["unit"])
    said = [block.notice for block in blocks]
    return Completed(_with_applies(whole, task.covariates), _names(task.covariates), (*said, *notices))


def _complete_case(task: Task) -> Completed:
    frame = _with_applies(task.frame, task.covariates)
    whole = frame.notna().all(axis=1).to_numpy()
    arm = np.zeros(len(frame), dtype=np.int8) if task.arm is None else np.asarray(task.arm)
    counts = {int(value): int((whole & (arm == value)).sum()) for value in np.unique(arm)}
    if min(counts.values(), default=0) < task.settings.minimum_arm:
        sizes = f"{int(whole.sum())} of {len(frame)}"
        by_arm = "" if task.arm is None else "; by arm " + ", ".join(f"{a}: {n}" for a, n in counts.items())
        refuse(
            "missingness.strategy: complete_case",
            f"at least {task.settings.minimum_arm} units with all covariates in each arm",
            f"{sizes} units have all {len(task.covariates)} covariates{by_arm}",
            "choose multiple_imputation or complete_variables, or name fewer covariates",
        )
    notice = f"complete_case kept {int(whole.sum())} of {len(frame)} units: those with all covariates"
    return Completed(frame.loc[whole].reset_index(drop=True), _names(task.covariates), (notice,))


def _complete_variables(task: Task) -> Completed:
    kept = without_gaps(task.frame, task.covariates)
    if not kept:
        refuse(
            "missingness.strategy: complete_variables",
            "at least one covariate without a gap among the units to whom it applies",
            f"none of {len(task.covariates)}",
            "choose multiple_imputation",
        )
    dropped = [column.name for column in task.covariates if column not in kept]
    notice = f"complete_variables kept {len(kept)} of {len(task.covariates)} covariates"
    notices = (notice + (f"; left out: {', '.join(dropped)}" if dropped else ""),)
    return Completed(_with_applies(task.frame, kept), _names(kept), notices)


def _native(task: Task) -> Completed:
    loose = [
        column.name
        for column in task.covariates
        if task.frame[column.name].isna().any() and not column.mask_fixed_before_randomisation
    ]
    said = (
        f"native shows learners who misses {', '.join(sorted(loose))}; the dictionary does not say that this was "
        "settled before randomisation: if it was not, the average effect is biased"
    )
    whole = _with_applies(task.frame, task.covariates)
    return Completed(whole, _names(task.covariates), (said,) if loose else ())


STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy("multiple_imputation", _multiple_imputation, MODES),
        Strategy("indicator", _indicator, (DEPLOYMENT,)),
        Strategy("complete_case", _complete_case, (DEPLOYMENT,)),
        Strategy("complete_variables", _complete_variables, (DEPLOYMENT,)),
        Strategy("native", _native, (DEPLOYMENT,)),
        Strategy("selective", _selective, MODES),
        Strategy("blockwise", _blockwise, MODES),
    )
}
