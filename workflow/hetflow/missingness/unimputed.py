"""Strategies that impute nothing: units or covariates with gaps are left out, or gaps stay as they are."""

from __future__ import annotations

import numpy as np

from hetflow.errors import refuse
from hetflow.missingness.gapless import without_gaps
from hetflow.missingness.task import Completed, Task, names_of, with_applies


def complete_case(task: Task) -> Completed:
    """Only units with all covariates."""
    frame = with_applies(task.frame, task.covariates)
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
    return Completed(frame.loc[whole].reset_index(drop=True), names_of(task.covariates), (notice,))


def complete_variables(task: Task) -> Completed:
    """Only covariates that all units have to whom they apply."""
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
    return Completed(with_applies(task.frame, kept), names_of(kept), notices)


def native(task: Task) -> Completed:
    """Covariates as they are, for learners and forests that take missing values."""
    loose = [
        column.name
        for column in task.covariates
        if task.frame[column.name].isna().any() and not column.mask_fixed_before_randomisation
    ]
    said = (
        f"native shows learners who misses {', '.join(sorted(loose))}; the dictionary does not say that this was "
        "settled before randomisation: if it was not, the average effect is biased"
    )
    whole = with_applies(task.frame, task.covariates)
    return Completed(whole, names_of(task.covariates), (said,) if loose else ())
