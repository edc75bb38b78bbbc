"""Effects by baseline risk, as the PATH statement asks (Kent et al., Annals of Internal Medicine 172 (2020) 35-45).

A risk is predicted blind to treatment, recalibrated across folds and cut into groups from the best to the worst
prognosis. Each group's effect is shown absolutely (mean doubly robust score) and relatively (ratios of the arms' doubly
robust means); the linear interaction of risk and treatment is estimated on both scales.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from hetflow.effects.arm_means import LOG_ODDS_RATIO, LOG_RATIO, arm_means, arm_outcomes, log_ratios
from hetflow.effects.groups import group_differences, group_effects, weighted_cuts
from hetflow.effects.linear import Codes, Vector, cluster_codes, reference_df
from hetflow.effects.marginal import interaction
from hetflow.effects.prediction import linear_predictor
from hetflow.effects.projection import best_linear_projection
from hetflow.effects.registry import SEEN
from hetflow.effects.scores import Scores, direction
from hetflow.effects.table import Frame, rows
from hetflow.effects.terms import Terms
from hetflow.errors import Refused, refuse

#: A relative measure needs an outcome that is never negative.
BINARY, COUNT = "binary", "count"
#: Estimands whose two-sided p-value is printed in trials, for their size has been simulated (docs/validation.md): with
#: equal weights, and of interactions on the scale of the odds alone.
TESTED = frozenset({"risk_groups_difference", "risk_trend", "interaction"})
_LINKS = {LOG_ODDS_RATIO: "logit", LOG_RATIO: "log"}


@dataclass(frozen=True, slots=True)
class Prognosis:
    """A risk ready for use; arrays have shape (n,).

    Attributes
    ----------
    name : str
        ``internal`` (predicted within the study) or ``external`` (a score that the study brought along).
    expected : ndarray
        Recalibrated expected outcome, or probability.
    worse : ndarray
        What groups are cut on: higher is a worse prognosis.
    """

    name: str
    expected: Vector
    worse: Vector


@dataclass(frozen=True, slots=True)
class ByRisk:
    """What a risk says of the effects.

    Attributes
    ----------
    effects : DataFrame
        One row an estimate: ``estimand, group, term, scale, estimate, se, df, lower, upper, p, n, imputations``; ratios
        and their bounds are back-transformed, their ``se`` is that of the logarithm.
    groups : DataFrame
        One row a group: number, units in each arm, predicted and observed means.
    notices : list of str
    """

    effects: pd.DataFrame
    groups: pd.DataFrame
    notices: list[str] = field(default_factory=list)


def group_codes(prognosis: Prognosis, weight: Vector, groups: int) -> tuple[Codes, tuple[str, ...]]:
    """Groups of equal weight from the best to the worst prognosis, and their labels.

    Ties may make fewer groups than asked for.

    Raises
    ------
    Refused
        If the risk is the same for nearly everybody.
    """
    cuts = weighted_cuts(prognosis.worse, weight, groups)
    if cuts.size == 0:
        refuse(
            f"risk: {prognosis.name}",
            "a risk that tells units apart",
            "the same for nearly everybody, or one that ranks the wrong way round",
            "leave `risk` out, or name a score by `risk.score`",
        )
    codes = np.searchsorted(cuts, prognosis.worse, side="left").astype(np.int64)
    labels = [str(g + 1) for g in range(cuts.size + 1)]
    labels[0] += " (best prognosis)"
    labels[-1] += " (worst prognosis)"
    return codes, tuple(labels)


def effects_by_risk(
    score_sets: Sequence[Scores],
    prognosis: Prognosis,
    outcome: Vector,
    settings: Mapping[str, Any],
) -> ByRisk:
    """Absolute and relative effects by group of risk, and how they go with it.

    Parameters
    ----------
    score_sets : sequence of Scores
        One, or one an imputation, over which estimates are pooled by Rubin's rules; the same units in each.
    prognosis : Prognosis
    outcome : ndarray, shape (n,)
        The outcome as recorded; NaN where it is missing.
    settings : mapping
        ``groups``, ``better``, ``outcome_kind``, ``confidence``, ``randomised``.

    Returns
    -------
    ByRisk
        Effects are treated minus (or over) control, whatever the direction of benefit. ``risk_trend`` and
        ``interaction`` are for one standard deviation towards the worse prognosis. A p-value stands in trials only.

    Raises
    ------
    Refused
        If the risk makes no groups. A measure that the data cannot support is left out with a notice.
    """
    first = score_sets[0]
    codes, labels = group_codes(prognosis, first.weight, settings["groups"])
    notices = []
    if len(labels) < settings["groups"]:
        notices.append(
            f"risk: {len(labels)} groups in place of {settings['groups']}: many units share a risk"
        )
    scales = relative_scales(outcome, settings["outcome_kind"])
    frame = Frame("", "", first.contrast, settings["confidence"], settings["randomised"])
    tables = []
    families = _families(prognosis, codes, labels, scales, settings)
    for family in families:
        try:
            sets = [family(scores) for scores in score_sets]
        except Refused as refused:
            notices += [
                f"left out: {p.where}: expected {p.expected}; found {p.found}" for p in refused.problems
            ]
            continue
        for terms in zip(*sets, strict=True):
            table = rows(terms, frame, SEEN, len(score_sets))[0]
            tables.append(_natural(table))
    if not tables:
        refuse(
            f"risk: {prognosis.name}", "groups of several units", "; ".join(notices), "ask for fewer groups"
        )
    columns = ["analysis", "outcome", "contrast", "target", "alternative"]
    effects = pd.concat(tables, ignore_index=True).drop(columns=columns)
    groups = _group_table(first, prognosis, codes, labels, outcome, settings["outcome_kind"] == BINARY)
    return ByRisk(effects, groups, notices)


def relative_scales(outcome: Vector, kind: str) -> tuple[str, ...]:
    """Which relative measures an outcome has: odds and ratios if binary, ratios if it is never negative, else none."""
    if kind == BINARY:
        return LOG_RATIO, LOG_ODDS_RATIO
    seen = outcome[np.isfinite(outcome)]
    return (LOG_RATIO,) if kind == COUNT or (seen.size and seen.min() >= 0) else ()


def _families(
    prognosis: Prognosis,
    codes: Codes,
    labels: tuple[str, ...],
    scales: tuple[str, ...],
    settings: Mapping[str, Any],
) -> Iterator[Any]:
    """What is estimated of a set of scores; each may be refused on its own."""
    ends = [(len(labels) - 1, 0)]

    def absolute(scores: Scores) -> list[Terms]:
        effects = group_effects(scores, codes, labels, "risk_groups", "mean")
        return [effects, group_differences(effects, ends, tested=_tested("risk_groups_difference", scores))]

    def trend(scores: Scores) -> list[Terms]:
        return [_trend(scores, prognosis.worse)]

    def means(scores: Scores) -> list[Terms]:
        return [arm_means(scores, codes, labels)]

    yield from (absolute, trend, means)
    for scale in scales:
        odds = scale == LOG_ODDS_RATIO

        def ratios(scores: Scores, odds: bool = odds) -> list[Terms]:
            ratio = log_ratios(arm_means(scores, codes, labels), odds)
            return [ratio, group_differences(ratio, ends, tested=False)]

        yield ratios
    if scales:
        yield lambda scores: [_interaction(scores, prognosis, scales[-1], settings["better"])]


def _tested(estimand: str, scores: Scores) -> bool:
    positive = scores.weight[scores.weight > 0]
    return estimand in TESTED and bool(np.ptp(positive) == 0)


def _standard(values: Vector, weight: Vector) -> Vector:
    centred = values - weight @ values / weight.sum()
    return np.asarray(centred / np.sqrt(weight @ centred**2 / weight.sum()))


def _trend(scores: Scores, worse: Vector) -> Terms:
    """Change of the effect for one standard deviation of risk, by least squares of the scores (HC3)."""
    X = _standard(worse, scores.weight)[:, None]
    fit = best_linear_projection(scores, X, ("risk",))
    return replace(
        fit,
        estimand="risk_trend",
        groups=("all",),
        terms=("one sd worse",),
        estimate=fit.estimate[1:],
        covariance=fit.covariance[1:, 1:],
        n=fit.n[1:],
        tested=_tested("risk_trend", scores),
    )


def _interaction(scores: Scores, prognosis: Prognosis, scale: str, better: str) -> Terms:
    """By what the relative effect is multiplied for one standard deviation of risk on the scale of the link."""
    index = _standard(_index(prognosis, scale, better), scores.weight)
    codes = cluster_codes(scores.cluster)
    beta, covariance = interaction(arm_outcomes(scores), index, scores.weight, codes, _LINKS[scale])
    return Terms(
        "interaction",
        ("all",),
        ("one sd worse",),
        scale,
        beta[3:],
        covariance[3:, 3:],
        (scores.n,),
        df=reference_df(scores.cluster, scores.weight),
        tested=scale == LOG_ODDS_RATIO and _tested("interaction", scores),
    )


def _index(prognosis: Prognosis, scale: str, better: str) -> Vector:
    """The risk on the scale of the link, higher for a worse prognosis; as it is where a logarithm does not exist."""
    expected = prognosis.expected
    if scale == LOG_ODDS_RATIO:
        return -direction(better) * linear_predictor(expected, True)
    if expected.min() > 0:
        return -direction(better) * np.log(expected)
    return prognosis.worse


def _natural(table: pd.DataFrame) -> pd.DataFrame:
    """Ratios and their bounds from their logarithms."""
    logs = table["scale"].isin(_LINKS)
    for column in ("estimate", "lower", "upper"):
        table.loc[logs, column] = np.exp(table.loc[logs, column])
    table["scale"] = table["scale"].replace({LOG_RATIO: "ratio", LOG_ODDS_RATIO: "odds ratio"})
    return table


def _group_table(
    scores: Scores,
    prognosis: Prognosis,
    codes: Codes,
    labels: tuple[str, ...],
    outcome: Vector,
    binary: bool,
) -> pd.DataFrame:
    """Who is in each group, what was predicted for them and what was observed in each arm."""
    seen = seen_weight(scores)
    out: list[dict[str, Any]] = []
    for g, label in enumerate(labels):
        rows_ = codes == g
        share = scores.weight * rows_
        row: dict[str, Any] = {"group": label, "n": int(np.count_nonzero(share))}
        row["predicted"] = float(share @ prognosis.expected / share.sum())
        for arm, name in enumerate(("control", "treated")):
            inside = rows_ & (scores.treated == arm) & (seen > 0)
            weight = seen[inside]
            row[f"n_{name}"] = int(inside.sum())
            row[f"observed_{name}"] = (
                float(weight @ outcome[inside] / weight.sum()) if inside.any() else np.nan
            )
            row[f"events_{name}"] = float(outcome[inside].sum()) if binary else np.nan
        out.append(row)
    return pd.DataFrame(out)


def seen_weight(scores: Scores) -> Vector:
    """Weights of units with an observed outcome, over its probability where missing ones are weighted for."""
    weight = np.where(scores.observed == 1, scores.weight, 0.0)
    return weight if scores.lacks("observation_probability") else weight / scores.observation_probability
