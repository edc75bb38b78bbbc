"""What no rule decides: pairs of estimates that differ by few units, for a person to look at; and the whole account."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from hetflow.publish.log import REASONS, Log
from hetflow.report.inputs import MISSING

_WHOLE = ("ATE", "ATT", "ATC", "ATO")
_SAME = ["outcome", "contrast", "estimand", "target", "group", "term", "scale"]


def without_near(estimates: pd.DataFrame, threshold: int, log: Log) -> pd.DataFrame:
    """Estimates without those of a group whose number differs by few from the same group's in an earlier analysis.

    Both would tell how many of the group the one leaves out. Numbers of all units are left to a person (`to_review`).
    """
    groups = estimates["group"] != "all"
    groups &= ~estimates["estimand"].isin(_WHOLE)
    keys = [name for name in _SAME if name in estimates]
    told: dict[tuple[Any, ...], list[float]] = {}
    gone = np.zeros(len(estimates), dtype=bool)
    columns = [*keys, "n"]
    for place, row in zip(
        np.flatnonzero(groups), estimates.loc[groups, columns].itertuples(index=False, name=None), strict=True
    ):
        *key, size = row
        known = told.setdefault(tuple(key), [])
        if any(0 < abs(size - other) < threshold for other in known):
            gone[place] = True
        else:
            known.append(size)
    log.add("groups in several analyses", "complementary", int(gone.sum()))
    return estimates[~gone].reset_index(drop=True)


def to_review(estimates: pd.DataFrame, threshold: int, units: float = float("nan")) -> list[str]:
    """Estimates of the same quantity in two analyses whose units differ by fewer than the threshold, and analyses that
    leave out fewer of the study's units than that.

    Two models are not subtracted as two means are; whether what is left tells anything of the few units between them
    depends on what else the reader knows.
    """
    found: dict[tuple[str, str, int], int] = {}
    for _, rows in estimates.groupby([name for name in _SAME if name in estimates], dropna=False, sort=False):
        sizes = rows.drop_duplicates("n").sort_values("n", kind="stable")
        for one, other in pairwise(sizes.to_dict("records")):
            if 0 < other["n"] - one["n"] < threshold:
                key = (str(one["analysis"]), str(other["analysis"]), threshold)
                found[key] = found.get(key, 0) + 1
    said = [
        f"{number} estimates of the analyses {one} and {other} are of units that differ by fewer than {least}"
        for (one, other, least), number in found.items()
    ]
    whole = estimates[estimates["estimand"] == "ATE"].drop_duplicates("analysis")
    return said + [
        f"the analysis {name} leaves out fewer than {threshold} of the participants, as its number tells"
        for name, n in zip(whole["analysis"], whole["n"], strict=True)
        if 0 < units - n < threshold
    ]


def complete_cases(
    methods: Mapping[str, Mapping[str, Any]], covered: Mapping[tuple[str, str, str], str]
) -> list[str]:
    """Analyses of complete cases, whose number beside the others' tells how many lack any value.

    Parameters
    ----------
    methods : mapping of str to mapping
        Settings of every analysis.
    covered : mapping
        Counts that are not printed, by covariate, level or `MISSING`, and arm.
    """
    few = sorted({name for name, row, _ in covered if row == MISSING})
    return [
        f"the analysis {name} is of complete cases: its number, beside those of other analyses, may tell how many miss "
        f"{', '.join(few)}, whose missing values are covered"
        for name, own in methods.items()
        if few and own.get("missingness", {}).get("strategy") == "complete_case"
    ]


def named_in_settings(settings: Mapping[str, bytes], rare: Mapping[str, Sequence[str]]) -> list[str]:
    """Covariates of which the study file itself names a level of few units, told without the level.

    Parameters
    ----------
    settings : mapping of str to bytes
        Published settings by name.
    rare : mapping of str to list of str
        Levels of few units, by covariate.
    """
    texts = [content.decode("utf-8") for content in settings.values()]
    found = [
        name
        for name, levels in rare.items()
        if any(json.dumps(level, ensure_ascii=False) in text for level in levels for text in texts)
    ]
    return [f"the study file names a level of {name} that few units have" for name in found]


def disclosure(threshold: int, log: Log) -> dict[str, Any]:
    """The account as JSON values: no suppressed value can be told from it."""
    return {
        "threshold": threshold,
        "protected": "of every suppressed count, at least half of the values below the threshold remain possible",
        "totals": log.totals(),
        "reasons": {rule: REASONS[rule] for rule in log.totals()},
        "suppressed": log.table().to_dict("records"),
        "review": list(log.review),
    }
