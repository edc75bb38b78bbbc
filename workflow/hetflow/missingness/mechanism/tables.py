"""Tables of what masks depend on, one row a distinct mask and question."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.cohort.matrix import covariate_codes
from hetflow.missingness.masks import Masks, mask_of
from hetflow.missingness.mechanism.assignment import association_within
from hetflow.missingness.mechanism.association import auc
from hetflow.missingness.mechanism.basis import ROWS_A_FEATURE, orthonormal
from hetflow.missingness.mechanism.compared import hotelling, outcome_coefficients, standardised_differences
from hetflow.missingness.mechanism.design import Design, codes_of
from hetflow.missingness.mechanism.evidence import Evidence
from hetflow.missingness.mechanism.little import little_test
from hetflow.missingness.mechanism.observed import Covariates
from hetflow.missingness.mechanism.projection import projection_test
from hetflow.missingness.mechanism.rows import canonical_order
from hetflow.multiplicity import holm
from hetflow.seeds import generator

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
LITTLE_ROWS = 5000
"""Rows that Little's test draws from a longer table."""
DEPENDENCE = (
    *("mask", "columns", "rows", "on", "units", "nats", "auc"),
    *("difference", "lower", "upper", "p", "p_adjusted"),
)
COMPARED = (
    *("mask", "columns", "rows", "asmd_median", "asmd_min", "asmd_max", "hotelling", "hotelling_p", "auc"),
    *("crude", "crude_se", "crude_p", "adjusted", "adjusted_se", "adjusted_p", "units_with_outcome"),
)
MCAR = ("test", "mask", "columns", "statistic", "df", "p", "rows", "used", "note")


def dependence_table(
    masks: Masks,
    places: IntArray,
    evidence: Evidence | None,
    design: Design,
    outcome: FloatArray,
    outcomes: Set[str],
) -> pd.DataFrame:
    """Dependence of every studied mask on observed values, on the arm, and on the outcome.

    Returns
    -------
    DataFrame
        mask, columns, rows (missing); on (``values``, ``arm``, ``outcome``); units; nats (information about the mask, a
        unit); auc (below 0.5: the value is missing in the control arm, or where the outcome is small); difference
        with its 95 % interval (arm: share missing, treated minus control, within strata; outcome: change of the share
        missing per standard deviation, within arm and stratum); p; p_adjusted (Holm, over the masks of one ``on``;
        those of outcomes, named in `outcomes`, and those of covariates apart, as they ask different questions).
    """
    if evidence is None:
        return pd.DataFrame(columns=list(DEPENDENCE))
    M = masks.missing[:, places].astype(np.float64)
    seen = np.isfinite(outcome)
    parts = [
        pd.DataFrame(
            {"on": "values", "units": len(M), "nats": evidence.values.nats, "auc": evidence.values.auc}
            | {"p": evidence.values.p}
        ),
        _associated("arm", design.arm, M, design.stratum, design.cluster),
    ]
    if seen.sum() > 2 and np.ptp(outcome[seen]) > 0:
        own = design.of(seen)
        y = (outcome[seen] - outcome[seen].mean()) / outcome[seen].std()
        parts.append(
            _associated("outcome", y, M[seen], own.stratum * 2 + own.arm.astype(np.int64), own.cluster)
        )
    of_outcome = np.array([not outcomes.isdisjoint(masks.members[place]) for place in places], dtype=bool)
    for part in parts:
        p = part["p"].to_numpy(dtype=np.float64)
        part["p_adjusted"] = np.where(
            of_outcome, holm(np.where(of_outcome, p, np.nan)), holm(np.where(of_outcome, np.nan, p))
        )
        part["mask"] = places + 1
        part["columns"] = [", ".join(masks.members[place]) for place in places]
        part["rows"] = masks.rows[places]
    table = pd.concat(parts, ignore_index=True).reindex(columns=list(DEPENDENCE))
    return table.sort_values(["mask", "on"], kind="stable", ignore_index=True)


def _associated(
    on: str, x: FloatArray, M: FloatArray, stratum: IntArray, cluster: IntArray | None
) -> pd.DataFrame:
    """Rows of the table for the arm or the outcome."""
    found = association_within(x, M, codes_of(stratum), cluster)
    areas = [auc(x, m)[0] if 0 < m.sum() < len(m) else np.nan for m in M.T]
    return pd.DataFrame(
        {
            "on": on,
            "units": len(x),
            "nats": np.where(np.isfinite(found.p), found.nats, np.nan),
            "auc": areas,
            "difference": found.slope,
            "lower": found.slope - 1.96 * found.se,
            "upper": found.slope + 1.96 * found.se,
            "p": found.p,
        }
    )


def compared_table(
    masks: Masks,
    places: IntArray,
    evidence: Evidence | None,
    covariates: Covariates,
    design: Design,
    outcome: FloatArray,
    outcome_name: str,
    seed: int,
) -> pd.DataFrame:
    """Units with and without a value compared as the R package smdi does.

    Returns
    -------
    DataFrame
        mask, columns, rows; median, least and greatest absolute standardised difference over the covariates;
        Hotelling's T2 and its p-value; auc of predicting the mask; the mask's coefficient in linear models of the
        outcome, crude (arm and strata only) and adjusted (and the covariates), with robust standard errors and
        p-values, in outcome units; NaN for the mask of the outcome itself.
    """
    if evidence is None:
        return pd.DataFrame(columns=list(COMPARED))
    M = masks.missing[:, places].astype(np.float64)
    differences = standardised_differences(covariates.raw, M)
    some = np.asarray(np.isfinite(differences).any(axis=1), dtype=bool)
    filled = np.where(some[:, None], differences, 0.0)
    terms = _leading(covariates.X, len(M))
    order = canonical_order(M, covariates.X)
    statistic, p = hotelling(terms[order], M[order], seed)
    table = pd.DataFrame(
        {
            "mask": places + 1,
            "columns": [", ".join(masks.members[place]) for place in places],
            "rows": masks.rows[places],
            "asmd_median": np.where(some, np.nanmedian(filled, axis=1), np.nan),
            "asmd_min": np.where(some, np.nanmin(filled, axis=1), np.nan),
            "asmd_max": np.where(some, np.nanmax(filled, axis=1), np.nan),
            "hotelling": statistic,
            "hotelling_p": p,
            "auc": evidence.values.auc,
        }
    )
    own = np.array([outcome_name in masks.members[place] for place in places], dtype=bool)
    table = table.assign(**_outcome_columns(M, terms, design, outcome, own)).reindex(columns=list(COMPARED))
    return table.sort_values("mask", ignore_index=True)


def _leading(X: FloatArray, n: int) -> FloatArray:
    """Orthonormal basis of the covariates, at most one direction for five units."""
    spread = X.std(axis=0)
    varies = spread > 1e-8 * (1 + np.abs(X).max(axis=0, initial=0.0))
    return orthonormal((X[:, varies] - X[:, varies].mean(axis=0)) / spread[varies], n // ROWS_A_FEATURE)


def _outcome_columns(
    M: FloatArray, terms: FloatArray, design: Design, outcome: FloatArray, own: NDArray[np.bool_]
) -> dict[str, Any]:
    """Coefficients of the masks on the outcome, among units whose outcome was observed."""
    seen = np.isfinite(outcome)
    part = design.of(seen)
    strata = (part.stratum[:, None] == np.unique(part.stratum)[None, :]).astype(np.float64)
    few = np.column_stack([np.ones(int(seen.sum())), part.arm, strata[:, 1:]])
    out: dict[str, Any] = {"units_with_outcome": int(seen.sum())}
    for name, others in (("crude", few), ("adjusted", np.column_stack([few, terms[seen]]))):
        found = outcome_coefficients(outcome[seen], M[seen], orthonormal(others), part.cluster)
        for suffix, values in (("", found.estimate), ("_se", found.se), ("_p", found.p)):
            out[name + suffix] = np.where(own, np.nan, values)
    return out


def mcar_table(cohort: pd.DataFrame, columns: Sequence[Column], masks: Masks, seed: int) -> pd.DataFrame:
    """Tests that baseline values are missing completely at random.

    Returns
    -------
    DataFrame
        test (``little``, ``projection``), mask and columns (empty for the test of all; for the projection test also a
        row a mask, not adjusted), statistic, df (Little), p, rows (used), used (columns of Little's test, or number of
        projections), note (why a test could not be made, or which rows were drawn).
    """
    baseline = sorted((column for column in columns if column.visit == 0), key=lambda column: column.name)
    codes, names, nominal = covariate_codes(cohort, baseline)
    codes = codes[canonical_order(codes)]
    rows = [_little_row(codes[:, ~nominal], [n for n, v in zip(names, nominal, strict=True) if not v], seed)]
    number = mask_of(masks)
    present = sorted({number[name] for name in names if name in number})
    renumbered = {place: k for k, place in enumerate(present)}
    own = np.array([renumbered.get(number.get(name, -1), -1) for name in names], dtype=np.int64)
    keep = (own >= 0) | np.isfinite(codes).all(axis=0)
    found = projection_test(codes[:, keep], own[keep], nominal[keep], seed)
    drawn = "" if found.rows == len(codes) else f"{found.rows} units drawn at random"
    shared = {"test": "projection", "rows": found.rows, "used": str(found.projections)}
    shared["note"] = found.reason or drawn
    rows.append(shared | {"statistic": found.statistic, "p": found.p, "columns": ""})
    rows += [
        shared | {"mask": place + 1, "columns": ", ".join(masks.members[place]), "p": found.partial[k]}
        for k, place in enumerate(present)
    ]
    return pd.DataFrame(rows).reindex(columns=list(MCAR)).astype({"mask": "float64", "df": "float64"})


def _little_row(X: FloatArray, names: Sequence[str], seed: int) -> dict[str, Any]:
    drawn = np.sort(generator(seed, "mechanism", "little").permutation(len(X))[:LITTLE_ROWS])
    found = little_test(X[drawn])
    note = found.reason or ("" if len(drawn) == len(X) else f"{len(drawn)} units drawn at random")
    return {
        "test": "little",
        "columns": "",
        "statistic": found.statistic,
        "df": found.df,
        "p": found.p,
        "rows": len(drawn),
        "used": ", ".join(names[column] for column in found.columns),
        "note": note,
    }
