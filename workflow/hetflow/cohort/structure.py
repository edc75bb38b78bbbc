"""The columns of the design: arm, cluster, weight, stratum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort import checks
from hetflow.cohort.eligibility import Selection
from hetflow.cohort.source import Source
from hetflow.cohort.values import numbers, rows_said, text_of
from hetflow.errors import Problem, Refused, refuse

NO_STRATUM = "all"


def structure(
    source: Source, design: Mapping[str, Any], chosen: Selection
) -> tuple[pd.DataFrame, list[Problem]]:
    """Columns ``unit, treated, cluster, weight, stratum`` of the cohort, and what is wrong with them.

    Parameters
    ----------
    design : mapping
        Keys ``cluster``, ``weight``, ``strata`` and ``probability_column``, each of which may be absent.

    Returns
    -------
    head : DataFrame, shape (n, ...)
        ``cluster`` is the unit where there are no clusters, else a code by the order of the clusters' names;
        ``weight`` is 1.0 where there are none; ``stratum`` joins the strata's levels; ``probability_level``
        is the level by which the probability of treatment differs, where it does.
    problems : list of Problem
    """
    unit = chosen.rows.astype(np.int64)
    head: dict[str, Any] = {
        "unit": unit,
        "treated": chosen.treated,
        "cluster": unit,
        "weight": np.ones(len(unit)),
    }
    head["stratum"] = _texts(np.full(len(unit), NO_STRATUM, dtype=object))
    problems: list[Problem] = []

    def attempt(key: str, make: Any) -> None:
        try:
            head[key] = make()
        except Refused as refused:
            problems.extend(refused.problems)

    if design.get("cluster"):
        attempt("cluster", lambda: _cluster(source, str(design["cluster"]), chosen.rows))
    if design.get("weight"):
        attempt("weight", lambda: _weight(source, str(design["weight"]), chosen.rows))
    if design.get("strata"):
        attempt("stratum", lambda: _stratum(source, list(design["strata"]), chosen.rows))
    if design.get("probability_column"):
        column = str(design["probability_column"])
        attempt(
            "probability_level", lambda: _texts(_filled(source, column, chosen.rows, "design.probability"))
        )
    return pd.DataFrame(head), problems


def _texts(values: NDArray[np.object_]) -> pd.Series:
    return pd.Series(values, dtype=object)


def _filled(source: Source, column: str, rows: NDArray[np.intp], key: str) -> NDArray[np.object_]:
    """A column's texts; missing ones are refused."""
    series = source.clean(column, rows).series
    missing = series.isna().to_numpy()
    if missing.any():
        found = f"none in {rows_said(rows[missing])}"
        remedy = f"complete it, or write the eligibility rule `not missing(`{column}`)`"
        refuse(f"{key}: {column}", "a value for every unit", found, remedy)
    texts = np.empty(len(series), dtype=object)
    texts[:] = [text_of(value) for value in series]
    return texts


def _cluster(source: Source, column: str, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    codes, _ = pd.factorize(
        pd.Series(_filled(source, column, rows, "design.cluster"), dtype=object), sort=True
    )
    return codes.astype(np.int64)


def _weight(source: Source, column: str, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    weight = numbers(source.clean(column, rows).series, f"design.weight: {column}")
    problems = checks.weight_problems(weight, rows, column)
    if problems:
        raise Refused(problems)
    return weight


def _stratum(source: Source, columns: list[str], rows: NDArray[np.intp]) -> pd.Series:
    parts = [_filled(source, column, rows, "design.strata") for column in columns]
    joined = np.empty(len(rows), dtype=object)
    joined[:] = [", ".join(cells) for cells in zip(*parts, strict=True)]
    return _texts(joined)
