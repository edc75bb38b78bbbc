"""What is done about missing covariates: the strategies by name, and one way to call them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.errors import refuse
from hetflow.missingness.blockwise import blank_blocks, whole_blocks
from hetflow.missingness.imputer import Imputer
from hetflow.missingness.kept import keep_masks, unkept_notice
from hetflow.missingness.modes import impute_deployment, impute_inference
from hetflow.missingness.task import DEPLOYMENT, MODES, Completed, Settings, Task, names_of, with_applies
from hetflow.missingness.unimputed import complete_case, complete_variables, native
from hetflow.study.routes import ROUTES


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
    return Completed(with_applies(whole, task.covariates), names_of(task.covariates), tuple(notices), imputer)


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
    frame = with_applies(whole, task.covariates)
    indicators = {one.name: whole[one.name].to_numpy(dtype=np.float64) for one in masks.indicators}
    said = (*masks.notices, *notices)
    return Completed(frame.assign(**indicators), names_of(task.covariates), said, imputer)


def _blockwise(task: Task) -> Completed:
    """Single cells imputed; a block that was not measured at all stays missing."""
    blocks = whole_blocks(task.frame, task.covariates)
    completed, notices, _ = _impute(task, task.frame, task.columns, task.mode)
    whole = blank_blocks(completed, blocks).assign(unit=task.frame["unit"])
    said = [block.notice for block in blocks]
    return Completed(with_applies(whole, task.covariates), names_of(task.covariates), (*said, *notices))


STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy("multiple_imputation", _multiple_imputation, MODES),
        Strategy("indicator", _indicator, (DEPLOYMENT,)),
        Strategy("complete_case", complete_case, (DEPLOYMENT,)),
        Strategy("complete_variables", complete_variables, (DEPLOYMENT,)),
        Strategy("native", native, (DEPLOYMENT,)),
        Strategy("selective", _selective, MODES),
        Strategy("blockwise", _blockwise, MODES),
    )
}
