"""The place of every distinct mask in the five dimensions of structured missingness.

The dimensions are those of Jackson et al. (arXiv 2307.02650): 1 relation to values, 2 nature of that relation,
3 relation to other masks, 4 its form, 5 whether the value exists. Whether missingness depends on the missing value
itself cannot be told from data, so that no mask is ever called missing at random or missing not at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import chi2, ncx2

from hetflow.missingness.mechanism.association import holm
from hetflow.missingness.mechanism.order import order_test
from hetflow.missingness.mechanism.ridge import mask_scores
from hetflow.missingness.mechanism.rows import canonical_order, draw_folds
from hetflow.missingness.mechanism.structure import DETERMINISTIC, LEVEL, Relations, find_relations
from hetflow.missingness.mechanism.values import FEWEST, FOLDS, ValueDependence, calibrate, value_dependence

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
NOT_IDENTIFIABLE = "not identifiable"
NOT_ASSESSED = "not assessed"
COMPARABLE = 0.1
"""A mask is called part of a sequence for what lies within it only if that is at least a tenth of it."""
SURE, FAIRLY_SURE = 1e-4, 1e-3
"""Adjusted p-values below which a finding is held with high and with moderate confidence."""
FINE, COARSE = 0.005, 0.02
"""Detectable nats below which nothing found is held with high and with moderate confidence."""
POWER = 0.8


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is computed of k distinct masks that are neither rare nor nearly everywhere.

    Attributes
    ----------
    M : ndarray, shape (n, k)
        The masks, rows in canonical order.
    values : ValueDependence
        Their dependence on observed values.
    relations : Relations
        Their relations to one another.
    structure_nats : ndarray, shape (k,)
        Gain of all other masks over observed values, out of fold, nats a unit.
    """

    M: FloatArray
    values: ValueDependence
    relations: Relations
    structure_nats: FloatArray


def label_masks(
    missing: BoolArray,
    covariates: FloatArray,
    *,
    seed: int,
    names: Sequence[str] | None = None,
    visit: Sequence[float | None] | None = None,
    existence: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Label every distinct mask in five dimensions.

    Parameters
    ----------
    missing : ndarray of bool, shape (n, p)
        True where a value is missing.
    covariates : ndarray, shape (n, q)
        Complete numeric covariates; q may be 0.
    seed : int
        Seed of folds and trees. The result does not depend on the order of rows, nor on that of columns.
    names : sequence of str, length p, optional
        Names of the columns; ``x1``, ``x2``, ... by default.
    visit : sequence of float or None, length p, optional
        When each column was measured. Without it a block and a chain of weak dependence cannot be told apart, for
        any joint distribution of masks can be written as a sequence.
    existence : sequence of str, length p, optional
        What the dictionary says of the missing values: ``exists``, ``may not exist``; by default ``not stated``.

    Returns
    -------
    DataFrame
        One row a distinct mask, in the order of `hetflow.missingness.describe.distinct_masks`:

        - mask, rows, width, columns (joined by ", ");
        - relation (dimension 1): ``observed values``, ``none found``, ``not assessed`` (fewer than 10 units with or
          without);
        - nature (2): ``deterministic`` (AUC above 0.985), ``probabilistic``, ``none``, ``not assessed``;
        - structure (3): ``U`` unstructured, ``WS`` weak, ``SS`` strong, ``not assessed``; given observed values;
        - form (4): ``block``, ``sequential``, ``none``, ``not identifiable`` (weak, and no order of at least three
          visits);
        - existence (5): as given;
        - mechanism: always ``not identifiable``. A relation to observed values refutes MCAR; whether the rest is MAR
          or MNAR, and whether a mask without such a relation is MCAR, data cannot tell;
        - nats, auc, p, p_adjusted of dimension 1, detectable (the least gain in nats found with power 0.8);
          structure_nats, structure_p (adjusted over pairs) and order_p of dimensions 3 and 4; community (masks that
          are related share a number); within, around (numbers of the masks that hold it, and that it holds);
        - confidence, structure_confidence: ``high``, ``moderate``, ``low``, ``not assessed``.
    """
    columns = list(names) if names is not None else [f"x{i + 1}" for i in range(missing.shape[1])]
    groups = group_columns(missing, columns)
    labels = _frame(missing, columns, groups, existence)
    firsts = [group[0] for group in groups]
    size = missing[:, firsts].sum(axis=0) if firsts else np.zeros(0)
    studied = [k for k in range(len(groups)) if FEWEST <= size[k] <= len(missing) - FEWEST]
    if not studied:
        return labels
    by_name = sorted(studied, key=lambda k: columns[firsts[k]])
    evidence = gather(missing[:, [firsts[k] for k in by_name]], covariates, seed)
    when = None if visit is None else [visit[firsts[k]] for k in by_name]
    return _fill(labels, by_name, evidence, when)


def group_columns(missing: BoolArray, names: Sequence[str]) -> list[list[int]]:
    """Columns that share one mask, by falling width, then rows, then first name; columns without a gap left out."""
    shared: dict[bytes, list[int]] = {}
    for place in sorted(range(missing.shape[1]), key=lambda i: names[i]):
        if missing[:, place].any():
            shared.setdefault(np.packbits(missing[:, place]).tobytes(), []).append(place)
    rows = {id(group): int(missing[:, group[0]].sum()) for group in shared.values()}
    return sorted(shared.values(), key=lambda group: (-len(group), -rows[id(group)], names[group[0]]))


def gather(masks: BoolArray, covariates: FloatArray, seed: int) -> Evidence:
    """Everything measured of masks that are to be labelled; columns in an order of the caller's, by name."""
    order = canonical_order(masks, covariates)
    M, X = masks[order].astype(np.float64), covariates[order]
    values = value_dependence(X, M, seed)
    relations = find_relations(M, values.probability, values.auc)
    return Evidence(M, values, relations, _structure_nats(M, values, seed))


def _structure_nats(M: FloatArray, values: ValueDependence, seed: int) -> FloatArray:
    """What all other masks add to observed values, out of fold."""
    if M.shape[1] == 1:
        return np.zeros(1)
    scores = mask_scores(values.basis, M, draw_folds(len(M), FOLDS, seed, "folds"))
    both = [
        calibrate(np.column_stack([values.scores[:, k], scores[:, k]]), M[:, k])[1] for k in range(M.shape[1])
    ]
    return np.maximum(0.0, np.array(both) - values.nats)


def _frame(
    missing: BoolArray, names: Sequence[str], groups: list[list[int]], existence: Sequence[str] | None
) -> pd.DataFrame:
    """Labels of masks before anything is known of them."""
    stated = ["not stated"] * len(names) if existence is None else list(existence)
    return pd.DataFrame(
        {
            "mask": np.arange(1, len(groups) + 1),
            "rows": [int(missing[:, group[0]].sum()) for group in groups],
            "width": [len(group) for group in groups],
            "columns": [", ".join(names[i] for i in sorted(group)) for group in groups],
        }
        | dict.fromkeys(("relation", "nature", "structure", "form"), NOT_ASSESSED)
        | {
            "existence": [" and ".join(sorted({stated[i] for i in group})) for group in groups],
            "mechanism": NOT_IDENTIFIABLE,
        }
        | dict.fromkeys(("nats", "auc", "p", "p_adjusted", "detectable"), np.nan)
        | dict.fromkeys(("structure_nats", "structure_p", "order_p"), np.nan)
        | {"community": np.arange(1, len(groups) + 1), "within": "", "around": ""}
        | dict.fromkeys(("confidence", "structure_confidence"), NOT_ASSESSED),
        index=range(len(groups)),
    )


def _fill(
    labels: pd.DataFrame, places: Sequence[int], evidence: Evidence, visit: Sequence[float | None] | None
) -> pd.DataFrame:
    """Labels with what was found; `places` are the rows of the studied masks, in the order of the evidence."""
    values, relations = evidence.values, evidence.relations
    adjusted = holm(values.p)
    limit = detectable(len(evidence.M), max(values.basis.shape[1], 1), len(places))
    orders = _order_p(evidence, visit)
    number = np.array(places) + 1
    for k, row in enumerate(places):
        found = adjusted[k] < LEVEL
        nature = "deterministic" if values.auc[k] > DETERMINISTIC else "probabilistic"
        structure, form = _structure(k, relations, evidence.M, int(labels.loc[row, "width"]), orders[k])
        others = relations.p[k][np.isfinite(relations.p[k])]
        structure_p = float(others.min()) if len(others) else np.nan
        labels.loc[row, ["relation", "nature"]] = (
            ["observed values", nature] if found else ["none found", "none"]
        )
        labels.loc[row, ["structure", "form"]] = [structure, form]
        labels.loc[row, ["nats", "auc", "p", "p_adjusted", "detectable"]] = [
            values.nats[k],
            values.auc[k],
            values.p[k],
            adjusted[k],
            limit,
        ]
        labels.loc[row, ["structure_nats", "structure_p", "order_p"]] = [
            evidence.structure_nats[k],
            structure_p,
            orders[k],
        ]
        labels.loc[row, "community"] = int(number[relations.community == relations.community[k]].min())
        labels.loc[row, ["within", "around"]] = [
            _listed(number[relations.within[k]]),
            _listed(number[relations.within[:, k]]),
        ]
        labels.loc[row, ["confidence", "structure_confidence"]] = [
            _confidence(found, adjusted[k], limit),
            "high" if structure == "SS" else _confidence(structure == "WS", structure_p, limit),
        ]
    return labels


def _structure(k: int, relations: Relations, M: FloatArray, width: int, order_p: float) -> tuple[str, str]:
    """Dimensions 3 and 4 of one mask."""
    within, around = relations.within[k], relations.within[:, k]
    size = M.sum(axis=0)
    nested = (within & ~around) | (around & ~within & (size >= COMPARABLE * size[k]))
    if nested.any():
        return "SS", "sequential"
    if width > 1 or (within & around).any():
        return "SS", "block"
    if not relations.weak[k].any():
        return "U", "none"
    if np.isnan(order_p):
        return "WS", NOT_IDENTIFIABLE
    return "WS", "block" if order_p < LEVEL else "sequential"


def _order_p(evidence: Evidence, visit: Sequence[float | None] | None) -> FloatArray:
    """P-value of the order test of each mask's community; NaN where the order is not known."""
    out = np.full(evidence.M.shape[1], np.nan)
    if visit is None:
        return out
    community = evidence.relations.community
    for one in np.unique(community):
        members = np.flatnonzero((community == one) & np.array([when is not None for when in visit]))
        known = [float(visit[k]) for k in members]  # type: ignore[arg-type]
        if len(set(known)) > 2:
            out[members], _ = order_test(
                evidence.M[:, members], evidence.values.scores[:, members], known, evidence.values.basis
            )
    return out


def detectable(n: int, df: int, tests: int) -> float:
    """Least information in nats that a test finds with power 0.8 at level 0.01 divided by the number of tests.

    The likelihood-ratio statistic of a relation worth g nats a unit is about chi-square with noncentrality 2 n g.
    """
    critical = float(chi2.isf(LEVEL / tests, df))
    upper = 4 * critical + 100.0
    return float(brentq(lambda size: float(ncx2.sf(critical, df, size)) - POWER, 1e-6, upper)) / (2 * n)


def _confidence(found: bool, p: float, limit: float) -> str:
    """How sure a finding is, or how fine a net caught nothing."""
    low, high = (SURE, FAIRLY_SURE) if found else (FINE, COARSE)
    value = p if found else limit
    return "high" if value < low else "moderate" if value < high else "low"


def _listed(numbers: NDArray[np.int64]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))
