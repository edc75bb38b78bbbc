"""The tables of repeated sample splits: medians over splits, the learner that tells most, groups described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from hetflow.effects.clan import clan_frame, compare
from hetflow.effects.groups import benefit_codes
from hetflow.effects.medians import median_estimate, median_interval, median_p
from hetflow.effects.one_split import (
    BLP,
    CLAN,
    DIFFERENCE,
    GAP,
    GATES,
    GREATEST,
    LAMBDA,
    LAMBDA_BAR,
    LEAST,
    SLOPE,
    Trial,
)
from hetflow.effects.scores import Scores
from hetflow.effects.terms import DESCRIPTIVE, GREATER, OUTCOME
from hetflow.errors import Refused

LESS = "less"
SPLITS, SEQUENTIAL = "repeated splits", "sequential forests"


def learners_table(parts: pd.DataFrame) -> pd.DataFrame:
    """How much of the effect each learner's predictions tell.

    Returns
    -------
    DataFrame
        ``learner, strategy, Lambda, Lambda_bar``: medians over splits of ``beta2^2 Var(S)`` and of
        ``sum_k P(G_k) gamma_k^2``, squared outcome units; ``best_predictor``, ``best_groups``: 1 for the greatest of
        each, by strategy (ties: the first named); ``splits``, and ``informative``: those whose effects varied.
    """
    rows = []
    for (strategy, learner), one in parts[parts["strategy"] != ""].groupby(
        ["strategy", "learner"], sort=False
    ):
        slopes = one[(one["estimand"] == BLP) & (one["term"] == SLOPE)]["estimate"]
        medians = {
            name: median_estimate(one[one["estimand"] == name]["estimate"].to_numpy())
            for name in (LAMBDA, LAMBDA_BAR)
        }
        counted = {"splits": len(slopes), "informative": int(slopes.notna().sum())}
        rows.append({"learner": learner, "strategy": strategy} | medians | counted)
    table = pd.DataFrame(rows)
    for name, column in ((LAMBDA, "best_predictor"), (LAMBDA_BAR, "best_groups")):
        filled = table[name].fillna(-np.inf)
        first = filled.groupby(table["strategy"], sort=False).idxmax()
        table[column] = table.index.isin(first).astype(np.int64)
    return table


def best(table: pd.DataFrame, strategy: str, column: str) -> str:
    """Name of the learner that a strategy marks as best."""
    return str(table[(table["strategy"] == strategy) & (table[column] == 1)]["learner"].iloc[0])


def aggregate(one: pd.DataFrame, confidence: float, alternative: str = "") -> dict[str, Any]:
    """One estimate over splits.

    Parameters
    ----------
    one : DataFrame
        ``estimate, se, df, n``, a row a split.
    confidence : float
        Level of the interval; the splits' own intervals have level ``1 - (1 - confidence) / 2``.
    alternative : {"", "greater", "less"}
        Of the test of zero; "" makes none.
    """
    estimate, se, df = (one[name].to_numpy(dtype=np.float64) for name in ("estimate", "se", "df"))
    told = np.isfinite(estimate) & np.isfinite(se) & np.isfinite(df)
    reach = stats.t.ppf(1 - (1 - confidence) / 4, np.where(told, df, 1.0)) * np.where(told, se, np.inf)
    centre = np.where(told, estimate, 0.0)
    lower, upper = median_interval(centre - reach, centre + reach)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(told & (se > 0), estimate / se, np.nan)
    p = np.nan
    if alternative:
        turned = statistic if alternative == GREATER else -statistic
        p = median_p(np.nan_to_num(stats.t.sf(turned, np.where(told, df, 1.0)), nan=1.0))
    return {
        "estimate": median_estimate(estimate),
        "lower": lower,
        "upper": upper,
        "statistic": median_estimate(statistic),
        "p": p,
        "alternative": alternative,
        "n": int(np.median(one["n"])),
        "splits": len(one),
        "informative": int(told.sum()),
    }


def predictor_table(parts: pd.DataFrame, settings: Mapping[str, Any], learners: pd.DataFrame) -> pd.DataFrame:
    """Best linear predictor of the effect, by learner and strategy.

    Returns
    -------
    DataFrame
        ``learner, strategy, chosen, term, scale`` and what `aggregate` gives. ``average`` is in outcome units; of the
        ``slope``, the one-sided test of no heterogeneity is printed for the chosen learner and strategy alone.
    """
    strategy = settings["splits"]["strategy"]
    chosen = best(learners, strategy, "best_predictor")
    rows = []
    held = parts[parts["estimand"] == BLP]
    for (learner, how, term), one in held.groupby(["learner", "strategy", "term"], sort=False):
        mine = learner == chosen and how == strategy
        tested = GREATER if mine and term == SLOPE else ""
        named = {"learner": learner, "strategy": how, "chosen": int(mine), "term": term}
        scale = DESCRIPTIVE if term == SLOPE else OUTCOME
        rows.append(named | {"scale": scale} | aggregate(one, settings["confidence"], tested))
    return pd.DataFrame(rows)


def groups_table(parts: pd.DataFrame, settings: Mapping[str, Any], learners: pd.DataFrame) -> pd.DataFrame:
    """Effects of groups by predicted benefit and the gap between the outer ones (GATES).

    Returns
    -------
    DataFrame
        ``learner, strategy, chosen, group, scale``, what `aggregate` gives, and ``estimate_monotone,
        lower_monotone, upper_monotone``: the groups' values in order of benefit (rearrangement, Chernozhukov,
        Fernandez-Val and Galichon, Biometrika 96 (2009) 559-575). Outcome units; group 1 has the least predicted
        benefit. The gap is the last minus the first; its test is one-sided, towards benefit.
    """
    strategy, sign = settings["splits"]["strategy"], 1.0 if settings["better"] == "higher" else -1.0
    chosen = best(learners, strategy, "best_groups")
    number = settings["splits"]["groups"]
    rows = []
    held = parts[parts["estimand"].isin((GATES, DIFFERENCE))]
    for (learner, how), whole in held.groupby(["learner", "strategy"], sort=False):
        mine = learner == chosen and how == strategy
        named = {"learner": learner, "strategy": how, "chosen": int(mine)}
        block = []
        for group, one in whole.groupby("group", sort=False):
            gap = group == GAP
            tested = (GREATER if sign > 0 else LESS) if mine and gap else ""
            label = f"{number} minus 1" if gap else _label(str(group), number)
            found = aggregate(one, settings["confidence"], tested)
            block.append(named | {"group": label, "scale": OUTCOME} | found)
        frame = pd.DataFrame(block)
        for name in ("estimate", "lower", "upper"):
            inner = frame[name].to_numpy(dtype=np.float64)[:number]
            frame[f"{name}_monotone"] = [*(sign * np.sort(sign * inner)), *frame[name][number:]]
        rows.append(frame)
    return pd.concat(rows, ignore_index=True)


def _label(group: str, number: int) -> str:
    ends = {"1": " (least predicted benefit)", str(number): " (greatest predicted benefit)"}
    return group + ends.get(group, "")


def described(
    parts: pd.DataFrame,
    trial: Trial,
    sequential: pd.DataFrame,
    settings: Mapping[str, Any],
    learners: pd.DataFrame,
) -> pd.DataFrame:
    """Covariates of the groups of least and greatest predicted benefit (CLAN), of splits and of sequential forests.

    Returns
    -------
    DataFrame
        ``by`` (repeated splits, sequential forests), ``learner``, ``chosen``, ``covariate``, ``group`` (least,
        greatest, difference), ``estimate, lower, upper, statistic, n, splits, informative`` in the covariate's units;
        ``standardised`` (the difference over the covariate's standard deviation), ``named`` (1 where the study names
        it), ``rank`` (1 the greatest standardised difference, by ``by`` and learner) and ``shown`` (1 where named or
        among the leading ones). No test: groups are made from the covariates, so that they differ in them whether or
        not the effect varies.
    """
    chosen = best(learners, settings["splits"]["strategy"], "best_groups")
    held = parts[parts["estimand"] == CLAN].assign(by=SPLITS)
    whole = pd.concat([held, sequential.assign(by=SEQUENTIAL, learner="")], ignore_index=True)
    rows = []
    keys = ["by", "learner", "term", "group"]
    for (by, learner, term, group), one in whole.groupby(keys, sort=False):
        several = by == SPLITS
        found = aggregate(one, settings["confidence"] if several else 2 * settings["confidence"] - 1)
        named = {"by": by, "learner": learner, "chosen": int(not several or learner == chosen)}
        rows.append(named | {"covariate": term, "group": group} | found)
    table = pd.DataFrame(rows).drop(columns=["p", "alternative"])
    spread = dict(zip(trial.names, _spread(trial), strict=True))
    scale = table["covariate"].map(spread)
    table["standardised"] = np.where((table["group"] == GAP) & (scale > 0), table["estimate"] / scale, np.nan)
    return _marked(table, settings["splits"], settings["minimum_cell_count"])


def sequential_description(
    values: NDArray[np.float64], names: Sequence[str], scores: Scores, groups: int, better: str
) -> pd.DataFrame:
    """Covariates of the outer groups that the report's sequential forests make, as one "split".

    Empty where no forests leave folds out, or where their predictions do not part the folds into groups.

    Parameters
    ----------
    values : ndarray, shape (n, q)
        Of the scored units.
    names : sequence of str, length q
    scores : Scores
    groups : int
        As in `estimates.groups`.
    better : {"higher", "lower"}
    """
    if scores.lacks("cate_sequential"):
        return pd.DataFrame()
    rows = scores.fold > scores.fold[scores.weight > 0].min()
    later = scores.subset(rows)
    try:
        codes = benefit_codes(later, later.cate_sequential, groups, better, "splits: sequential groups")
    except Refused:
        return pd.DataFrame()
    means = compare(values[rows], later.weight, later.cluster, codes, (0, groups - 1))
    return clan_frame(means, names, (LEAST, GREATEST, GAP))


def _marked(table: pd.DataFrame, section: Mapping[str, Any], minimum: int) -> pd.DataFrame:
    """Which covariates the study names, and which lead among those with values enough in both groups."""
    keys = ["by", "learner", "covariate"]
    fewest = table[table["group"] != GAP].groupby(keys, sort=False)["n"].min().rename("fewest")
    gap = table[table["group"] == GAP].merge(fewest.reset_index(), on=keys, how="left", sort=False)
    size = gap["standardised"].abs().where(gap["fewest"] >= minimum)
    of_one = [gap["by"], gap["learner"]]
    gap["rank"] = size.groupby(of_one).rank(ascending=False, method="first")
    gap["named"] = gap["covariate"].str.split("=").str[0].isin(section["covariates"]).astype(np.int64)
    others = gap["rank"].where(gap["named"] == 0).groupby(of_one).rank(method="first")
    gap["shown"] = ((gap["named"] == 1) | (others <= section["leading"])).astype(np.int64)
    return table.merge(gap[[*keys, "rank", "named", "shown"]], on=keys, how="left", sort=False)


def _spread(trial: Trial) -> NDArray[np.float64]:
    """Standard deviation of every covariate over the trial, weighted, of the units that have a value."""
    known = np.isfinite(trial.values)
    share = np.where(known, trial.weight[:, None], 0.0)
    filled = np.where(known, trial.values, 0.0)
    total = share.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (share * filled).sum(axis=0) / total
        return np.asarray(np.sqrt((share * (filled - mean) ** 2).sum(axis=0) / total))


def split_tables(
    parts: pd.DataFrame, trial: Trial, sequential: pd.DataFrame, settings: Mapping[str, Any]
) -> dict[str, pd.DataFrame]:
    """The stage's tables by name: ``blp``, ``gates``, ``clan``, ``proxies``."""
    learners = learners_table(parts)
    return {
        "blp": predictor_table(parts, settings, learners),
        "gates": groups_table(parts, settings, learners),
        "clan": described(parts, trial, sequential, settings, learners),
        "proxies": learners,
    }


def facts(tables: Mapping[str, pd.DataFrame], trial: Trial, settings: Mapping[str, Any]) -> dict[str, Any]:
    """How the tables were made, and what wants to be read."""
    section, learners = settings["splits"], tables["proxies"]
    mine = learners[learners["strategy"] == section["strategy"]]
    silent = {
        str(row["learner"]): int(row["splits"] - row["informative"])
        for row in mine.to_dict("records")
        if row["informative"] < row["splits"]
    }
    absent = sorted(set(section["covariates"]) - set(_bases(trial.names)))
    return {
        "splits": int(mine["splits"].iloc[0]),
        "units": len(trial.unit),
        "strategy": section["strategy"],
        "groups": section["groups"],
        "learners": list(section["learners"]),
        "best_predictor": best(learners, section["strategy"], "best_predictor"),
        "best_groups": best(learners, section["strategy"], "best_groups"),
        "same_probability": bool(np.ptp(trial.propensity) == 0),
        "clustered": trial.cluster is not None,
        "silent": silent,
        "not_described": absent,
    }


def _bases(names: Sequence[str]) -> list[str]:
    return [name.split("=")[0] for name in names]
