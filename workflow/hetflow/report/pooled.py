"""Whether there were enough imputations, and what is tested jointly over them."""

from __future__ import annotations

import pandas as pd

from hetflow.pooling import FEWEST_IMPUTATIONS, REPEATABLE, imputations_needed
from hetflow.report import formats as fmt
from hetflow.report import picks
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words

_RULES = ("rule_groups", "rule_groups_difference")


def pooled_rows(estimates: pd.DataFrame, analysis: str) -> pd.DataFrame:
    """Estimates of one analysis that were made in each completed data set and pooled, with the imputations they need.

    Returns
    -------
    DataFrame
        Rows of the contract ``estimates`` and ``needed`` (`imputations_needed`), ``monte_carlo_share`` (Monte Carlo
        error over standard error).
    """
    own = estimates[(estimates["analysis"] == analysis) & estimates["fmi"].notna()].copy()
    own = own[own["term"] != picks.INTERCEPT].reset_index(drop=True)
    pairs = zip(own["fmi"], own["imputations"], strict=True)
    own["needed"] = [imputations_needed(float(fmi), int(m)) for fmi, m in pairs]
    own["monte_carlo_share"] = own["monte_carlo_se"] / own["se"]
    return own


def imputations_text(pooled: pd.DataFrame) -> str:
    """How many imputations there were, how many the estimates ask for, and how to add them."""
    needed = int(pooled["needed"].max()) if len(pooled) else 0
    if pooled.empty or needed <= int(pooled.sort_values("fmi", kind="stable").iloc[-1]["imputations"]):
        return imputations_found(pooled)
    more = f"missingness: {{imputations: {needed}}}"
    return (
        f"{imputations_found(pooled)} Write “{more}” and run the study again: those that are there are kept, and only "
        "the missing ones are added."
    )


def imputations_found(pooled: pd.DataFrame) -> str:
    """How many imputations there were, what new draws would move, and how many the estimates ask for."""
    if pooled.empty:
        return ""
    worst = pooled.sort_values("fmi", kind="stable").iloc[-1]
    made, needed = int(worst["imputations"]), int(pooled["needed"].max())
    largest = fmt.percent(float(worst["fmi"]), 0)
    share = fmt.percent(float(pooled["monte_carlo_share"].max()), 0)
    opening = (
        f"Of the estimates that are pooled over the {made} imputations, the one that hangs most on imputed values has "
        f"a fraction of missing information of {largest}. New draws of the imputations would move an estimate by at "
        f"most {share} of its standard error (Monte Carlo error)."
    )
    rule = f"for standard errors that are repeatable to {fmt.percent(REPEATABLE, 0)}"
    if needed <= made:
        return f"{opening} They are enough {rule} (the rule of von Hippel asks for {needed})."
    return (
        f"{opening} The rule of von Hippel asks for {needed} imputations {rule}, and for no fewer than "
        f"{FEWEST_IMPUTATIONS}."
    )


def imputations_table(pooled: pd.DataFrame, words: Words) -> Table:
    """Fraction of missing information, Monte Carlo error and imputations asked for, by estimate."""
    rows: list[Cell] = []
    for estimand, heading in (("projection", "Best linear projection"), ("rule", "Groups by a rule")):
        own = pooled[pooled["estimand"].isin(_RULES if estimand == "rule" else (estimand,))]
        if own.empty:
            continue
        rows.append(Cell((heading,), heading=True))
        for row, number in zip(own.to_dict("records"), picks.numbers(own, words), strict=True):
            name = number.label
            if row["estimand"] in _RULES:
                name = f"{words.rule(str(row['term']))}: {name}"
            cells = (
                name,
                fmt.percent(row["fmi"], 0),
                fmt.percent(row["monte_carlo_share"], 0),
                str(row["needed"]),
            )
            rows.append(Cell(cells, 1))
    head = (
        "Estimate",
        "Fraction of missing information",
        "Monte Carlo error, of the standard error",
        "Imputations asked for",
    )
    note = (
        "Pooled by the rules of Rubin with the degrees of freedom of Barnard and Rubin. Imputations by the two-stage "
        f"rule of von Hippel for standard errors repeatable to {fmt.percent(REPEATABLE, 0)}; it allows for the "
        "uncertainty of the fraction itself."
    )
    return Table("imputations", "Were there enough imputations?", head, tuple(rows), (0,), note, True)


def joint_text(joint: pd.DataFrame, words: Words, estimand: str) -> str:
    """The joint test of a projection's slopes, or of each rule's groups, in a sentence each."""
    if joint.empty:
        return ""
    sentences = []
    for row in joint[joint["estimand"] == estimand].to_dict("records"):
        if not fmt.known(row["p"]):
            continue
        spread = f", {fmt.number(row['df2'], 0)}" if fmt.known(row["df2"]) else ""
        test = f"F({row['df1']}{spread}) = {fmt.number(row['statistic'], 2)}, {fmt.p_value(row['p'])}"
        if estimand == "projection":
            sentences.append(f"All slopes together, against none: {test}.")
        else:
            sentences.append(f"{words.rule(str(row['term']))}, all groups alike: {test}.")
    return " ".join(sentences)
