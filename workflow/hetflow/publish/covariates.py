"""Counts of the covariates: levels and missing values by arm, whose totals are known."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from hetflow.errors import refuse
from hetflow.publish.log import Log
from hetflow.publish.suppression import SHOWN, SMALL, UNPUBLISHED, Totals, known, suppress, unknown
from hetflow.report.disclosure import HIDDEN
from hetflow.report.inputs import MISSING

ARMS = ("treated", "control")
OTHER_LEVELS = "other levels"


def pooled_levels(
    baseline: pd.DataFrame, threshold: int, log: Log
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Levels of fewer units than the threshold put together, in covariates of three levels or more.

    Returns
    -------
    baseline : DataFrame
        The table of the cohort stage with one row `OTHER_LEVELS` in their place, at the end of the covariate's rows.
    rare : dict of str to list of str
        The levels by covariate.
    """
    parts, rare = [], {}
    for name, rows in baseline.groupby("variable", sort=False):
        counts = rows[[f"count_{arm}" for arm in ARMS]].sum(axis=1)
        few = (counts > 0) & (counts < threshold) & (rows["level"] != "")
        if len(rows) < 3 or not few.any() or rows["kind"].iloc[0] not in {"nominal", "ordinal"}:
            parts.append(rows)
            continue
        rare[str(name)] = [str(level) for level in rows.loc[few, "level"]]
        log.add(f"levels of {name}", "rare level", int(few.sum()))
        parts.append(_pooled(rows, few))
    return (pd.concat(parts, ignore_index=True) if parts else baseline), rare


def _pooled(rows: pd.DataFrame, few: pd.Series) -> pd.DataFrame:
    """The rows with those of few units added up; what a covariate says once stays in its first row."""
    together = rows[few].iloc[[0]].copy()
    together["level"] = OTHER_LEVELS
    for arm in ARMS:
        together[f"count_{arm}"] = rows.loc[few, f"count_{arm}"].sum()
        together[f"share_{arm}"] = rows.loc[few, f"share_{arm}"].sum()
    out = pd.concat([rows[~few], together], ignore_index=True)
    out["standardised_difference"] = np.nan
    out.loc[0, "standardised_difference"] = rows["standardised_difference"].max()
    return out


def covered_counts(
    baseline: pd.DataFrame, variables: pd.DataFrame, threshold: int, log: Log
) -> dict[tuple[str, str, str], str]:
    """Which counts by arm are not printed, and what stands in their place.

    Parameters
    ----------
    baseline : DataFrame
        From `pooled_levels`.
    variables : DataFrame
        Missing values by variable and group, of the missingness stage.

    Returns
    -------
    dict
        (covariate, level or `MISSING`, arm) to ``<10`` or ``hidden``. Covariates that `variables` leaves out have their
        missing values hidden.
    """
    overall = variables[variables["group"] == "all"]
    missing = {
        str(name): int(count) for name, count in zip(overall["column"], overall["missing"], strict=True)
    }
    covered: dict[tuple[str, str, str], str] = {}
    for name, rows in baseline.groupby("variable", sort=False):
        covered |= dict(_covered(str(name), rows, _known_gaps(rows, missing.get(str(name))), threshold, log))
        if len(variables) and str(name) not in missing:
            covered |= {(str(name), MISSING, arm): HIDDEN for arm in ARMS}
    arms = variables[variables["group"].isin(ARMS)]
    for name, rows in arms[~arms["column"].isin(baseline["variable"])].groupby("column", sort=False):
        covered |= dict(_without_baseline(str(name), rows, missing[str(name)], threshold, log))
    return covered


def _known_gaps(rows: pd.DataFrame, missing: int | None) -> int | None:
    """How many miss a value, if the missing values' own table gives the same number as the baseline table."""
    own = sum(int(rows.iloc[0][f"missing_{arm}"]) for arm in ARMS)
    return missing if missing == own else None


def _covered(
    name: str, rows: pd.DataFrame, missing: int | None, threshold: int, log: Log
) -> Iterator[tuple[tuple[str, str, str], str]]:
    first = rows.iloc[0]
    gaps = [int(first[f"missing_{arm}"]) for arm in ARMS]
    if first["kind"] in {"continuous", "count"}:
        names, body = ["observed"], [[int(first[f"observed_{arm}"]) for arm in ARMS]]
        printed = [False]
    else:
        names = [str(level) for level in rows["level"]]
        body = rows[[f"count_{arm}" for arm in ARMS]].to_numpy(dtype=np.int64).tolist()
        printed = [True] * len(names)
    counts = np.array([*body, gaps], dtype=np.int64)
    unpublished = np.zeros(counts.shape, dtype=bool)
    unpublished[: len(names)] = ~np.array(printed)[:, None]
    totals = _totals(counts, missing, threshold)
    states = _states(name, counts, totals, threshold, unpublished)
    yield from _texts(name, [*names, MISSING], states, threshold, log)


def _without_baseline(
    name: str, rows: pd.DataFrame, missing: int, threshold: int, log: Log
) -> Iterator[tuple[tuple[str, str, str], str]]:
    """A variable of which only missing values are told."""
    by_arm = rows.set_index("group")[["units", "missing"]].astype("int64").to_dict("index")
    gaps = [by_arm[arm]["missing"] for arm in ARMS]
    rest = [by_arm[arm]["units"] - gap for arm, gap in zip(ARMS, gaps, strict=True)]
    counts = np.array([rest, gaps], dtype=np.int64)
    unpublished = np.array([[True, True], [False, False]])
    states = _states(name, counts, _totals(counts, missing, threshold), threshold, unpublished)
    yield from _texts(name, ["observed", MISSING], states, threshold, log)


def _states(
    name: str, counts: np.ndarray, totals: Totals, threshold: int, unpublished: np.ndarray
) -> np.ndarray:
    try:
        return suppress(counts, totals, threshold, unpublished)
    except ValueError as told:
        refuse(
            f"publish: counts of {name}",
            f"arms large enough that a count below {threshold} cannot be told from their sizes",
            str(told),
            "lower publish.threshold, if your data's owner allows it, or give the column the role `ignore`",
        )


def _totals(counts: np.ndarray, missing: int | None, threshold: int) -> Totals:
    """To how many of an arm the covariate applies is known to everybody (the arm's size, or another covariate's level);
    of the rows only how many miss the value.
    """
    low, high = unknown(len(counts))
    if missing is not None:
        one_low, one_high = known(np.array([missing]), threshold)
        low[-1], high[-1] = one_low[0], one_high[0]
    size = counts.sum(axis=0).astype(float)
    return Totals(low, high, size, size)


def _texts(
    name: str, rows: list[str], states: np.ndarray, threshold: int, log: Log
) -> Iterator[tuple[tuple[str, str, str], str]]:
    for row, line in zip(rows, states[: len(rows)], strict=True):
        for arm, state in zip(ARMS, line, strict=True):
            if state in (SHOWN, UNPUBLISHED):
                continue
            log.add(f"counts of {name}", "small count" if state == SMALL else "complementary")
            yield (name, row, arm), f"<{threshold}" if state == SMALL else HIDDEN
