"""How units were assigned, and what missingness says against it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from hetflow.cohort.views import clusters
from hetflow.missingness.masks import Masks
from hetflow.missingness.mechanism.assignment import association_within
from hetflow.missingness.mechanism.association import holm

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
NOTABLE = 0.05
"""Difference of the shares without an outcome, treated minus control, that is reported whatever its p-value."""
ARM_LEVEL = 0.05
"""Level, after Holm's adjustment over the masks, at which a mask is reported to depend on the arm."""
FEWEST_ROWS = 20
"""Units that miss a value, and that do not, below which a mask is not tested against the outcome."""


@dataclass(frozen=True, slots=True)
class Design:
    """How units were assigned.

    Attributes
    ----------
    arm : ndarray, shape (n,)
        1 treated, 0 control.
    stratum : ndarray of int, shape (n,)
        Randomisation strata and levels of the probability of treatment, from 0.
    cluster : ndarray of int, shape (n,), or None
        Clusters from 0; None where every unit is its own.
    """

    arm: FloatArray
    stratum: IntArray
    cluster: IntArray | None

    def of(self, rows: NDArray[np.bool_]) -> Design:
        """The design of some of the units."""
        cluster = None if self.cluster is None else codes_of(self.cluster[rows])
        return Design(self.arm[rows], codes_of(self.stratum[rows]), cluster)


def read_design(cohort: pd.DataFrame, settings: Mapping[str, Any]) -> Design:
    """Arm, strata and clusters from the cohort."""
    names = [name for name in ("stratum", "probability_level") if name in cohort.columns]
    text = cohort[names].astype(str).agg("\x1f".join, axis=1).to_numpy(dtype=object)
    cluster = clusters(cohort)
    strata = codes_of(text) if settings["randomised"] else np.zeros(len(cohort), dtype=np.int64)
    arm = cohort["treated"].to_numpy(dtype=np.float64)
    return Design(arm, strata, None if cluster is None else codes_of(cluster))


def codes_of(values: NDArray[Any]) -> IntArray:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)


def attrition(design: Design, outcome: FloatArray) -> dict[str, Any]:
    """Units without the primary outcome, by arm.

    Returns
    -------
    dict
        control, treated (shares without an outcome), missing (numbers, treated then control), difference (treated
        minus control, within strata), lower, upper (95 %), p, unequal (p below 0.05, or a difference of at least 5
        percentage points).
    """
    gone = np.isnan(outcome).astype(np.float64)
    found = association_within(design.arm, gone[:, None], design.stratum, design.cluster)
    difference, se, p = float(found.slope[0]), float(found.se[0]), float(found.p[0])
    return {
        "control": float(gone[design.arm == 0].mean()),
        "treated": float(gone[design.arm == 1].mean()),
        "missing": [int(gone[design.arm == value].sum()) for value in (1, 0)],
        "difference": difference,
        "lower": difference - 1.96 * se,
        "upper": difference + 1.96 * se,
        "p": p,
        "unequal": bool(p < ARM_LEVEL or abs(difference) >= NOTABLE),
    }


def warnings_of(
    masks: Masks, dependence: pd.DataFrame, fixed: Set[str], randomised: bool
) -> dict[str, list[dict[str, Any]]]:
    """Masks that go with the arm of a trial, and those of them that the dictionary calls fixed before randomisation.

    Returns
    -------
    dict
        ``arm`` (mask, columns, difference, p_adjusted) and ``contradictions`` (the same, ``columns`` only those that
        the dictionary declares). Both are empty where treatment was not randomised. A false alarm among all masks has
        probability 5 %.
    """
    rows = dependence[(dependence["on"] == "arm") & (dependence["p_adjusted"] < ARM_LEVEL)]
    found: dict[str, list[dict[str, Any]]] = {"arm": [], "contradictions": []}
    for row in rows.to_dict("records") if randomised else []:
        members = list(masks.members[int(row["mask"]) - 1])
        said = {"mask": int(row["mask"]), "difference": row["difference"], "p_adjusted": row["p_adjusted"]}
        found["arm"].append(said | {"columns": members})
        declared = [name for name in members if name in fixed]
        if declared:
            found["contradictions"].append(said | {"columns": declared})
    return found


def masks_with_outcome(
    masks: Masks, compared: pd.DataFrame, fixed: Set[str], outcomes: Set[str]
) -> list[dict[str, Any]]:
    """Masks of covariates that go with the outcome given arm and covariates, and were not settled before randomisation.

    Parameters
    ----------
    masks : Masks
    compared : DataFrame
        From `hetflow.missingness.mechanism.tables.compared_table`.
    fixed : set of str
        Columns whose gaps the dictionary calls fixed before randomisation.
    outcomes : set of str

    Returns
    -------
    list of dict
        mask, columns (not `fixed`), difference (outcome of those who miss the value, less that of the others),
        p_adjusted (Holm). A false alarm among all masks has probability 5 %. Masks of fewer than `FEWEST_ROWS` units,
        or seen in fewer, are not tested: their robust standard errors are too small.

    Notes
    -----
    The reference is Student's, with the rarer group's number less one degrees of freedom. Of 1,500 masks drawn at
    random on OPT, 27 and 400 units each, .063 and .048 were rejected at 5 % by the normal one.
    """
    members = [masks.members[int(mask) - 1] for mask in compared["mask"]]
    loose = [[name for name in names if name not in fixed | outcomes] for names in members]
    rows = compared["rows"].to_numpy(dtype=np.float64)
    rarer = np.minimum(rows, compared["units_with_outcome"].to_numpy(dtype=np.float64) - rows)
    asked = np.array([bool(names) for names in loose], dtype=bool) & (rarer >= FEWEST_ROWS)
    ratio = np.abs((compared["adjusted"] / compared["adjusted_se"]).to_numpy(dtype=np.float64))
    p = holm(np.where(asked, 2 * student.sf(ratio, np.maximum(rarer - 1, 1)), np.nan))
    return [
        {"mask": int(compared["mask"].iloc[k]), "columns": loose[k]}
        | {"difference": float(compared["adjusted"].iloc[k]), "p_adjusted": float(p[k])}
        for k in np.flatnonzero(p < ARM_LEVEL)
    ]
