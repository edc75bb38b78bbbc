"""What makes a typed cohort unfit for a study of effects, all problems at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.errors import Problem

Floats = NDArray[np.float64]

_FEW_LEVELS = 20  # up to so many distinct values, a one-to-one recoding is looked for
_FEWEST_EFFECTIVE = 20.0
_SAME = 1e-12  # 1 - |r| below this is the round-off of a linear recoding, not an association
_MOSTLY_MISSING = 0.9
_MOST_LEVELS = 0.5  # levels a unit: more are names, not a classification
_CHANCE = 1e-6  # probability below which an arm without a level is no chance: 20 units, if half are treated
_FEWEST_PAIRS = 10  # with fewer pairs, a correlation of 1 can be chance


def arm_problems(treated: NDArray[np.int8], minimum: int, labels: tuple[str, str]) -> list[Problem]:
    """An arm with too few units.

    Parameters
    ----------
    treated : ndarray of int8, shape (n,)
    minimum : int
        Fewest units of an arm.
    labels : tuple of str
        Names of the treated and of the control arm.
    """
    sizes = ((treated == 1).sum(), (treated == 0).sum())
    return [
        Problem(
            f"treatment: {label}",
            f"at least {minimum} eligible units in each arm",
            str(size),
            "loosen the eligibility rules, compare other arms, or lower design.minimum_arm",
        )
        for label, size in zip(labels, sizes, strict=True)
        if size < minimum
    ]


def missing_problems(
    frame: Mapping[str, NDArray[Any]], columns: Mapping[str, Column], treated: NDArray[np.int8]
) -> list[Problem]:
    """Columns without a value in the cohort, or in one of its arms (no positivity of observation)."""
    problems = []
    for name in columns:
        observed = ~pd.isna(frame[name])
        empty = [
            label for label, arm in (("treated", 1), ("control", 0)) if not observed[treated == arm].any()
        ]
        if not empty:
            continue
        found = "none at all" if len(empty) == 2 else f"none in the {empty[0]} arm"
        remedy = "set role: ignore; who is missing would tell the arm"
        problems.append(Problem(f"dictionary: {name}", "values in both arms", found, remedy))
    return problems


def missing_notices(frame: Mapping[str, NDArray[Any]], columns: Mapping[str, Column]) -> list[str]:
    """Columns that are missing nearly everywhere."""
    shares = {name: float(pd.isna(frame[name]).mean()) for name in columns}
    return [
        f"{name}: missing in {share:.0%} of the units; consider role: ignore"
        for name, share in shares.items()
        if share > _MOSTLY_MISSING
    ]


def covariate_problems(columns: Mapping[str, Column], dropped: Mapping[str, str]) -> list[Problem]:
    """A cohort without a covariate."""
    if any(column.role == "covariate" for column in columns.values()):
        return []
    found = f"none; constant: {', '.join(sorted(dropped))}" if dropped else "none"
    remedy = "give columns known before treatment the role covariate"
    return [Problem("dictionary", "at least one covariate that varies in the cohort", found, remedy)]


def leak_problems(
    frame: Mapping[str, NDArray[Any]],
    columns: Mapping[str, Column],
    treated: NDArray[np.int8],
    outcomes: Mapping[str, Floats],
) -> list[Problem]:
    """Columns that are the treatment or an outcome under another name, or tell the arm of every unit."""
    problems = []
    for name, column in columns.items():
        values = numbers_of(frame[name])
        if recoding(values, treated.astype(np.float64)):
            problems.append(_leak(name, "the treatment", "the same as the treatment, or a recoding of it"))
        elif tells_arm(values, treated):
            problems.append(_leak(name, "the treatment", "levels each of which occurs in one arm alone"))
        elif column.kind != "nominal" and separates(values, treated):
            problems.append(_leak(name, "the treatment", "every value of one arm is above all of the other"))
        if column.kind == "nominal" and column.levels and len(column.levels) > _MOST_LEVELS * len(values):
            found = f"{len(column.levels)} levels in {len(values)} units, as an identifier has"
            remedy = "set role: ignore, or merge levels"
            problems.append(Problem(f"dictionary: {name}", "levels that units share", found, remedy))
        if column.role != "covariate":
            continue
        for outcome, response in outcomes.items():
            if recoding(values, response):
                found = f"the same as the outcome {outcome}, or a recoding of it"
                problems.append(_leak(name, f"the outcome {outcome}", found))
    return problems


def one_arm_problems(
    frame: Mapping[str, NDArray[Any]],
    columns: Mapping[str, Column],
    treated: NDArray[np.int8],
    cluster: NDArray[np.int64],
) -> list[Problem]:
    """Levels that occur in one arm alone although chance would not keep them out of the other.

    Parameters
    ----------
    frame, columns : mapping
        Typed columns by name.
    treated : ndarray of int8, shape (n,)
    cluster : ndarray of int, shape (n,)
        What was randomised together; the units themselves where there are no clusters.
    """
    share = {arm: float((treated == arm).mean()) for arm in (0, 1)}
    problems = []
    for name, column in columns.items():
        if column.levels is None or tells_arm(numbers_of(frame[name]), treated):
            continue  # the latter is said by `leak_problems`
        for place, level in enumerate(column.levels):
            here = frame[name] == (level if column.kind == "nominal" else place)
            arms = np.unique(treated[here])
            if len(arms) != 1 or share[int(arms[0])] ** len(np.unique(cluster[here])) > _CHANCE:
                continue
            found = f"{level!r} in the {('control', 'treated')[int(arms[0])]} arm alone"
            remedy = "merge the level with another, leave its units out by an eligibility rule, or set role: ignore"
            problems.append(Problem(f"dictionary: {name}", "levels that occur in both arms", found, remedy))
    return problems


def _leak(name: str, of: str, found: str) -> Problem:
    return Problem(f"dictionary: {name}", f"a column that is not {of} itself", found, "set role: ignore")


def numbers_of(values: NDArray[Any]) -> Floats:
    """Texts as codes in their alphabetical order; numbers as they are."""
    if values.dtype != object:
        return values.astype(np.float64)
    codes, _ = pd.factorize(pd.Series(values, dtype=object), sort=True)
    return np.where(codes < 0, np.nan, codes.astype(np.float64))


def recoding(first: Floats, second: Floats) -> bool:
    """Whether two columns are one: equal, linear in one another, or one-to-one with few levels.

    Parameters
    ----------
    first, second : ndarray, shape (n,)
        Pairs with a missing value are left out; with fewer than 10 pairs, or one of the columns constant,
        the answer is no.
    """
    both = np.isfinite(first) & np.isfinite(second)
    a, b = first[both], second[both]
    if len(a) < _FEWEST_PAIRS or (a == a[0]).all() or (b == b[0]).all():
        return False
    if abs(_correlation(a, b)) > 1 - _SAME:
        return True
    levels = pd.DataFrame({"a": a, "b": b}).drop_duplicates()
    few = len(levels) <= min(_FEW_LEVELS, len(a) // 5)
    return bool(few and levels["a"].is_unique and levels["b"].is_unique)


def _correlation(a: Floats, b: Floats) -> float:
    a, b = (a - a.mean()) / np.abs(a - a.mean()).max(), (b - b.mean()) / np.abs(b - b.mean()).max()
    return float((a @ b) / np.sqrt((a @ a) * (b @ b)))


def tells_arm(values: Floats, treated: NDArray[np.int8]) -> bool:
    """Whether a column of few levels (at least five units a level) has no level with units of both arms."""
    known = np.isfinite(values)
    arm = treated[known]
    if not known.any() or (arm == arm[0]).all():
        return False
    levels, code = np.unique(values[known], return_inverse=True)
    if len(levels) > min(_FEW_LEVELS, known.sum() // 5):
        return False
    both = np.bincount(code[arm == 1], minlength=len(levels)) * np.bincount(
        code[arm == 0], minlength=len(levels)
    )
    return bool((both == 0).all())


def separates(values: Floats, treated: NDArray[np.int8]) -> bool:
    """Whether all known values of one arm lie above all of the other; ten values an arm make chance impossible."""
    first, second = (values[(treated == arm) & np.isfinite(values)] for arm in (0, 1))
    if min(len(first), len(second)) < _FEWEST_PAIRS:
        return False
    return bool(first.max() < second.min() or second.max() < first.min())


def weight_problems(weight: Floats, rows: NDArray[np.intp], name: str) -> list[Problem]:
    """Weights that are missing or not positive."""
    wrong = ~(weight > 0)
    if not wrong.any():
        return _uneven(weight, name)
    shown = ", ".join(str(row + 1) for row in rows[wrong][:5])
    found = f"{int(wrong.sum())} that are not, for instance in data row {shown}"
    remedy = "correct them, or leave such units out by an eligibility rule"
    return [Problem(f"design.weight: {name}", "a positive weight for every unit", found, remedy)]


def _uneven(weight: Floats, name: str) -> list[Problem]:
    """Weights so uneven that a handful of units would stand for all."""
    scaled = weight / weight.max()
    size = float(scaled.sum() ** 2 / (scaled @ scaled))
    if size >= min(_FEWEST_EFFECTIVE, len(weight)):
        return []
    expected = f"an effective sample size, (sum w)^2 / sum w^2, of at least {_FEWEST_EFFECTIVE:.0f}"
    remedy = "check the weights for codes and slips, or trim them"
    return [Problem(f"design.weight: {name}", expected, f"{size:.1f} of {len(weight)} units", remedy)]


def outcome_problems(outcomes: Mapping[str, Floats], treated: NDArray[np.int8]) -> list[Problem]:
    """Outcomes without variation, or without a value in an arm."""
    problems = []
    for name, values in outcomes.items():
        observed = np.isfinite(values)
        where = f"outcomes: {name}"
        if not all(observed[treated == arm].any() for arm in (0, 1)):
            problems.append(
                Problem(where, "values in both arms", "none in one arm", "check the outcome's column")
            )
        elif (values[observed] == values[observed][0]).all():
            problems.append(
                Problem(where, "values that differ", "one value throughout", "check the outcome's column")
            )
        elif recoding(values, treated.astype(np.float64)):
            remedy = "name the column that was measured after treatment"
            problems.append(
                Problem(where, "an outcome that is not the treatment", "the treatment, or a recoding", remedy)
            )
    return problems
