"""Risks for the appraisal by baseline risk: the study's own and a score brought along, judged and recalibrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from hetflow.effects.linear import Vector
from hetflow.effects.prediction import (
    Judged,
    Measure,
    discrimination,
    linear_predictor,
    measures,
    recalibrated,
)
from hetflow.effects.risk import BINARY, Prognosis, effects_by_risk, seen_weight
from hetflow.effects.scores import Scores, direction
from hetflow.errors import Refused, refuse

INTERNAL, EXTERNAL = "internal", "external"
AS_PREDICTED, RECALIBRATED = "as predicted", "recalibrated"
#: Bins of the distribution of risk; the first and the last hold the tails beyond the 1st and 99th percentile.
BINS, TAIL = 12, 0.01
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Columns of the tables.
COLUMNS = {
    "performance": ["model", "version", "measure", "estimate", "se", "lower", "upper", "n"],
    "effects": [
        *("model", "estimand", "group", "term", "scale", "estimate", "se", "df", "lower", "upper", "p", "n"),
        *("imputations", "fmi", "monte_carlo_se"),
    ],
    "groups": [
        *("model", "group", "n", "predicted", "n_control", "observed_control", "events_control"),
        *("n_treated", "observed_treated", "events_treated"),
    ],
    "distribution": ["model", "lower", "upper", "n_control", "n_treated", "n"],
}


@dataclass(frozen=True, slots=True)
class Appraised:
    """Tables by name (a column ``model`` tells the risks apart) and facts."""

    tables: dict[str, pd.DataFrame]
    facts: dict[str, Any]


def appraise_risk(
    score_sets: Sequence[Scores],
    outcome: Vector,
    internal: Vector,
    external: Vector | None,
    settings: Mapping[str, Any],
) -> Appraised:
    """Judge the risks and estimate effects by each.

    Parameters
    ----------
    score_sets : sequence of Scores
        One, or one an imputation; the same units in each.
    outcome : ndarray, shape (n,)
        As recorded; NaN where missing.
    internal : ndarray, shape (n,)
        Expected outcome (a probability if binary) predicted without the arm and without the unit's own fold.
    external : ndarray, shape (n,), optional
        A score that the study brought along; it goes before the internal risk.
    settings : mapping
        ``groups``, ``score_worse`` ("higher" or "lower"), ``better``, ``outcome_kind``, ``confidence``,
        ``randomised``.

    Returns
    -------
    Appraised
        Tables ``performance``, ``effects``, ``groups``, ``distribution``. A risk that does not tell units apart is left
        out with a notice; if none does, the tables have no rows.
    """
    binary = settings["outcome_kind"] == BINARY
    found: dict[str, list[pd.DataFrame]] = {
        name: [] for name in ("performance", "effects", "groups", "distribution")
    }
    notices: list[str] = []
    used: list[str] = []
    spread: dict[str, list[float]] = {}
    for name, values in ((EXTERNAL, external), (INTERNAL, internal)):
        if values is None:
            continue
        try:
            prognosis, performance = _judge(name, values, score_sets[0], outcome, binary, settings)
            by_risk = effects_by_risk(score_sets, prognosis, outcome, settings)
        except Refused as refused:
            notices += [
                f"left out: {p.where}: expected {p.expected}; found {p.found}; {p.remedy}"
                for p in refused.problems
            ]
            continue
        used.append(name)
        notices += [f"{name} risk: {text}" for text in by_risk.notices]
        spread[name] = _quantiles(prognosis.expected, score_sets[0].weight)
        made = {
            "performance": performance,
            "effects": by_risk.effects,
            "groups": by_risk.groups,
            "distribution": _distribution(prognosis.expected, score_sets[0]),
        }
        for key, table in made.items():
            table.insert(0, "model", name)
            found[key].append(table)
    facts = {
        "models": used,
        "preferred": used[0] if used else "",
        "binary": binary,
        "quantiles": {
            name: dict(zip(map(str, QUANTILES), values, strict=True)) for name, values in spread.items()
        },
        "notices": notices,
        "units": int(score_sets[0].n),
    }
    tables = {
        key: pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS[key])
        for key, parts in found.items()
    }
    return Appraised(tables, facts)


def judged_units(scores: Scores, outcome: Vector, binary: bool) -> tuple[Judged, NDArray[np.bool_]]:
    """Units whose outcome is seen, as predictions are judged on them, and which they are."""
    weight = seen_weight(scores)
    seen = weight > 0
    return Judged(outcome[seen], weight[seen], scores.cluster[seen], scores.fold[seen], binary), seen


def _judge(
    name: str,
    values: Vector,
    scores: Scores,
    outcome: Vector,
    binary: bool,
    settings: Mapping[str, Any],
) -> tuple[Prognosis, pd.DataFrame]:
    judged, seen = judged_units(scores, outcome, binary)
    turned = -direction(settings["better"])
    if name == INTERNAL:
        predictor, worse = linear_predictor(values, binary), None
        first = measures(judged, values[seen])
    else:
        worse = values if settings["score_worse"] == "higher" else -values
        probability = binary and settings["score_worse"] != settings["better"] and _is_probability(values)
        predictor = linear_predictor(values, True) if probability else turned * worse
        first = measures(judged, values[seen]) if probability else discrimination(judged, predictor[seen])
    expected = recalibrated(judged, predictor, seen, scores.fold)
    prognosis = Prognosis(name, expected, turned * expected if worse is None else worse)
    if np.ptp(expected[scores.weight > 0]) == 0 or _flat(expected, scores):
        refuse(
            f"risk: {name}",
            "predictions that go with the outcome",
            "none that do, or the other way round, so that groups by them would be groups by chance",
            "turn `risk.score_worse` round" if name == EXTERNAL else "read the other sections",
        )
    parts = {AS_PREDICTED: first, RECALIBRATED: measures(judged, expected[seen])}
    table = [_rows(version, found, settings["confidence"]) for version, found in parts.items()]
    return prognosis, pd.concat(table, ignore_index=True).assign(n=len(judged.outcome))


def _is_probability(values: Vector) -> bool:
    return bool((values > 0).all() and (values < 1).all())


def _flat(expected: Vector, scores: Scores) -> bool:
    """Whether the recalibrated risk is the same for everybody in every fold."""
    folds = np.unique(scores.fold)
    return all(np.ptp(expected[scores.fold == k]) < 1e-12 * (1 + np.abs(expected).max()) for k in folds)


def _rows(version: str, found: Sequence[Measure], confidence: float) -> pd.DataFrame:
    reach = stats.norm.ppf(0.5 + confidence / 2)
    columns = ["version", "measure", "estimate", "se", "lower", "upper"]
    values = [
        (
            version,
            one.name,
            one.estimate,
            one.se,
            one.estimate - reach * one.se,
            one.estimate + reach * one.se,
        )
        for one in found
    ]
    return pd.DataFrame(values, columns=columns)


def _distribution(expected: Vector, scores: Scores) -> pd.DataFrame:
    """Units by arm in bins of equal width; the first and the last are open to their side."""
    low, high = (float(np.quantile(expected, q)) for q in (TAIL, 1 - TAIL))
    edges = np.linspace(low, high, BINS + 1)
    place = np.clip(np.searchsorted(edges, expected, side="right") - 1, 0, BINS - 1)
    held = scores.weight > 0
    table = pd.DataFrame({"lower": edges[:-1], "upper": edges[1:]})
    for arm, name in enumerate(("control", "treated")):
        rows = held & (scores.treated == arm)
        table[f"n_{name}"] = np.bincount(place[rows], minlength=BINS)
    table["n"] = table["n_control"] + table["n_treated"]
    return table


def _quantiles(expected: Vector, weight: Vector) -> list[float]:
    order = np.argsort(expected, kind="stable")
    cumulative = np.cumsum(weight[order]) / weight.sum()
    places = np.searchsorted(cumulative, QUANTILES, side="left").clip(max=len(order) - 1)
    return [float(expected[order][place]) for place in places]
