"""The whole description of why values are missing: the tables and facts that the `mechanism` rule writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.missingness.masks import Masks, cells, compress
from hetflow.missingness.mechanism import tables
from hetflow.missingness.mechanism.design import (
    attrition,
    masks_with_outcome,
    read_design,
    warnings_of,
)
from hetflow.missingness.mechanism.evidence import gather, studied
from hetflow.missingness.mechanism.label import labels_of
from hetflow.missingness.mechanism.observed import MOST_MISSING, observed_covariates
from hetflow.missingness.mechanism.visits import dropout_tables

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Mechanism:
    """What the rule writes.

    Attributes
    ----------
    labels, dependence, compared, mcar, dropout : DataFrame
        See `hetflow.missingness.mechanism.label.labels_of` and the functions of `tables`.
    facts : dict
        What was read, contradictions with the dictionary, warnings, the drop-out model.
    """

    labels: pd.DataFrame
    dependence: pd.DataFrame
    compared: pd.DataFrame
    mcar: pd.DataFrame
    dropout: pd.DataFrame
    facts: dict[str, Any]


def describe_mechanism(
    cohort: pd.DataFrame, outcomes: pd.DataFrame, columns: Sequence[Column], settings: Mapping[str, Any]
) -> Mechanism:
    """Describe on what missingness depends.

    Parameters
    ----------
    cohort : DataFrame, shape (n, ...)
        Typed cohort with the columns of the design.
    outcomes : DataFrame, shape (n, ...)
        Outcomes of the same units, in the same order; they are read for this description alone.
    columns : sequence of Column
        The cohort's columns.
    settings : mapping
        ``seed``, ``outcome`` (the primary one), ``randomised``.
    """
    seed = int(settings["seed"])
    masks = compress(cells(cohort, columns, outcomes))
    covariates = observed_covariates(cohort, columns, seed)
    evidence = gather(masks, covariates.X, seed, _visits(masks, columns))
    design = read_design(cohort, settings)
    outcome = outcomes[settings["outcome"]].to_numpy(dtype=np.float64)
    places = studied(masks)
    named = {str(name) for name in outcomes.columns if name != "unit"}
    dependence = tables.dependence_table(masks, places, evidence, design, outcome, named)
    hazard, curves = dropout_tables(cohort, outcome, columns)
    fixed = {column.name for column in columns if column.mask_fixed_before_randomisation}
    randomised = bool(settings["randomised"])
    compared = tables.compared_table(
        masks, places, evidence, covariates, design, outcome, settings["outcome"], seed
    )
    facts = warnings_of(masks, dependence, fixed, randomised) | {
        "with_outcome": masks_with_outcome(masks, compared, fixed, named) if randomised else [],
        "units": len(cohort),
        "distinct_masks": len(masks),
        "studied_masks": len(places),
        "covariates": int(covariates.X.shape[1]),
        "filled": list(covariates.filled),
        "left_out": list(covariates.left_out),
        "most_missing": MOST_MISSING,
        "outcome": settings["outcome"],
        "attrition": attrition(design, outcome),
        "dropout_model": hazard.to_dict("records"),
    }
    return Mechanism(
        labels_of(masks, evidence, existence(cohort, columns, masks)),
        dependence,
        compared,
        tables.mcar_table(cohort, columns, masks, seed),
        curves,
        facts,
    )


def existence(cohort: pd.DataFrame, columns: Sequence[Column], masks: Masks) -> dict[str, str]:
    """What the dictionary says of the missing values of each column.

    ``exists``: the column applies to everybody, or certainly to all who miss it; ``may not exist``: for some who miss
    it, the answer that decides whether it applies is missing too. Outcomes are in no dictionary entry of their own.
    """
    stated = {}
    for column in columns:
        unknown = (
            column.applicable_if is not None
            and (cohort[column.name].isna() & cohort[column.applies].isna()).any()
        )
        stated[column.name] = "may not exist" if unknown else "exists"
    return stated


def _visits(masks: Masks, columns: Sequence[Column]) -> list[float | None]:
    """When the columns of each mask were measured; outcomes after everything else."""
    known = {column.name: float(column.visit) for column in columns}
    last = max(known.values(), default=0.0) + 1
    return [known.get(name, last) for name in masks.names]
