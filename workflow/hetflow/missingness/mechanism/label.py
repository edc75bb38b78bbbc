"""The place of every distinct mask in the five dimensions of structured missingness.

The dimensions are those of Jackson et al. (arXiv 2307.02650): 1 relation to values, 2 nature of that relation,
3 relation to other masks, 4 its form, 5 whether the value exists. Whether missingness depends on the missing value
itself cannot be told from data, so that no mask is ever called missing at random or missing not at random.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.missingness.masks import Cells, Masks, compress
from hetflow.missingness.mechanism.evidence import Evidence, gather
from hetflow.missingness.mechanism.structure import DETERMINISTIC, LEVEL

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
        Seed of folds and trees. The result does not depend on the order of rows, nor on that of the columns of
        `missing`.
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
        See `labels_of`.
    """
    columns = tuple(names) if names is not None else tuple(f"x{i + 1}" for i in range(missing.shape[1]))
    masks = compress(Cells(columns, missing, np.ones(missing.shape, dtype=bool)))
    when = None if visit is None else [dict(zip(columns, visit, strict=True))[name] for name in masks.names]
    stated = {} if existence is None else dict(zip(columns, existence, strict=True))
    return labels_of(masks, gather(masks, covariates, seed, when), stated)


def labels_of(masks: Masks, evidence: Evidence | None, existence: Mapping[str, str]) -> pd.DataFrame:
    """Labels from what was measured.

    Parameters
    ----------
    masks : Masks
        All distinct masks.
    evidence : Evidence, optional
        What was measured of them.
    existence : mapping of str to str
        What the dictionary says of each column's missing values.

    Returns
    -------
    DataFrame
        One row a distinct mask:

        - mask (from 1), rows, width, columns (joined by ", ");
        - relation (dimension 1): ``observed values``, ``none found``, ``not assessed`` (fewer than 10 units with or
          without);
        - nature (2): ``deterministic`` (AUC above 0.985), ``probabilistic``, ``none``, ``not assessed``;
        - structure (3), given observed values: ``U`` unstructured, ``WS`` weak, ``SS`` strong, ``not assessed``;
        - form (4): ``block``, ``sequential``, ``none``, ``not identifiable`` (weak, and no order of three visits);
        - existence (5): as given, ``not stated`` otherwise;
        - mechanism: always ``not identifiable``. A relation to observed values refutes MCAR; whether the rest is MAR
          or MNAR, and whether a mask without such a relation is MCAR, data cannot tell;
        - nats, auc, p, p_adjusted of dimension 1, and detectable (the least gain in nats found with power 0.8);
          structure_nats, structure_p (adjusted over pairs) and order_p of dimensions 3 and 4; community (related
          masks share the number of their first); within, around (numbers of the masks that hold it, that it holds);
        - confidence (dimensions 1, 2), structure_confidence (3, 4): ``high``, ``moderate``, ``low``,
          ``not assessed``.
    """
    rows = [_unstudied(place, masks, existence) for place in range(len(masks))]
    if evidence is not None:
        for k, place in enumerate(evidence.places):
            rows[place] |= _values(k, evidence) | _structure(k, evidence, masks)
    return pd.DataFrame(rows, columns=list(_unstudied(0, _NOTHING, {})))


def _unstudied(place: int, masks: Masks, existence: Mapping[str, str]) -> dict[str, Any]:
    """A mask before anything is known of it."""
    members = masks.members[place]
    stated = sorted({existence.get(name, "not stated") for name in members})
    return (
        {
            "mask": place + 1,
            "rows": int(masks.rows[place]),
            "width": len(members),
            "columns": ", ".join(members),
        }
        | dict.fromkeys(("relation", "nature", "structure", "form"), NOT_ASSESSED)
        | {"existence": " and ".join(stated), "mechanism": NOT_IDENTIFIABLE}
        | dict.fromkeys(("nats", "auc", "p", "p_adjusted", "detectable"), np.nan)
        | dict.fromkeys(("structure_nats", "structure_p", "order_p"), np.nan)
        | {"community": place + 1, "within": "", "around": ""}
        | dict.fromkeys(("confidence", "structure_confidence"), NOT_ASSESSED)
    )


_NOTHING = Masks((("",),), np.zeros((0, 1), dtype=bool), np.zeros((0, 1), dtype=bool))


def _values(k: int, evidence: Evidence) -> dict[str, Any]:
    """Dimensions 1 and 2."""
    values, p = evidence.values, float(evidence.adjusted[k])
    found = p < LEVEL
    nature = "deterministic" if values.auc[k] > DETERMINISTIC else "probabilistic"
    return {
        "relation": "observed values" if found else "none found",
        "nature": nature if found else "none",
        "nats": float(values.nats[k]),
        "auc": float(values.auc[k]),
        "p": float(values.p[k]),
        "p_adjusted": p,
        "detectable": evidence.detectable,
        "confidence": _confidence(found, p, evidence.detectable),
    }


def _structure(k: int, evidence: Evidence, masks: Masks) -> dict[str, Any]:
    """Dimensions 3 and 4."""
    relations, order_p = evidence.relations, float(evidence.order_p[k])
    number = evidence.places + 1
    others = relations.p[k][np.isfinite(relations.p[k])]
    p = float(others.min()) if len(others) else np.nan
    size = masks.rows[evidence.places]
    structure, form = _form(k, evidence, size, len(masks.members[evidence.places[k]]))
    found = structure != "U"
    return {
        "structure": structure,
        "form": form,
        "structure_nats": float(evidence.structure_nats[k]),
        "structure_p": p,
        "order_p": order_p,
        "community": int(number[relations.community == relations.community[k]].min()),
        "within": _listed(number[relations.within[k]]),
        "around": _listed(number[relations.within[:, k]]),
        "structure_confidence": "high" if structure == "SS" else _confidence(found, p, evidence.detectable),
    }


def _form(k: int, evidence: Evidence, size: NDArray[np.int64], width: int) -> tuple[str, str]:
    """Structure and form: inclusion, mostly one way or mostly both ways (one mask of several columns), else weak."""
    relations, order_p = evidence.relations, evidence.order_p[k]
    within, around = relations.within[k], relations.within[:, k]
    nested = (within & ~around) | (around & ~within & (size >= COMPARABLE * size[k]))
    alike = int((within & around).sum()) + width - 1
    if int(nested.sum()) > alike:
        return "SS", "sequential"
    if alike:
        return "SS", "block"
    if not relations.weak[k].any():
        return "U", "none"
    if np.isnan(order_p):
        return "WS", NOT_IDENTIFIABLE
    return "WS", "block" if order_p < LEVEL else "sequential"


def _confidence(found: bool, p: float, limit: float) -> str:
    """How sure a finding is, or how fine a net caught nothing."""
    low, high = (SURE, FAIRLY_SURE) if found else (FINE, COARSE)
    value = p if found else limit
    return "high" if value < low else "moderate" if value < high else "low"


def _listed(numbers: NDArray[np.int64]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))
