"""Sentences on what missing values depend on, from ``missingness/mechanism.json`` and its tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.disclosure import small
from hetflow.report.words import Words, listed


def mechanism_parts(
    masks: pd.DataFrame, mcar: pd.DataFrame, facts: Mapping[str, Any], words: Words, minimum: int
) -> list[tuple[str, str]]:
    """Sentences and names of figures for the page's section, in its order."""
    texts = [values_text(masks), mcar_text(mcar), attrition_text(facts, words, minimum)]
    shown = [("heading", "On what it depends"), *(("text", text) for text in texts if text)]
    if len(shown) == 1:
        return []
    return [*shown, ("figure", "dependence"), ("figure", "dropout"), ("table", "mechanism")]


def values_text(masks: pd.DataFrame) -> str:
    """Dependence on observed values, and what follows and does not follow from it."""
    if masks.empty:
        return ""
    found = masks[masks["values"] != "none found"]
    rules = list(masks.loc[masks["values"] == "by rule", "label"])
    text = (
        f"Who misses a value goes with observed baseline values for {fmt.count(len(found))} of "
        f"{fmt.count(len(masks))} sets of variables"
    )
    if len(found):
        first = found.iloc[0]
        text += f", most for {first['label']} ({fmt.number(first['nats'], 2)} nats, AUC {fmt.number(first['auc'], 2)})"
    text += "."
    if rules:
        text += f" For {listed(rules[:4])} observed values tell it almost without exception."
    if len(found):
        text += " These values are not missing completely at random."
    return text + (
        " Whether missingness depends on the missing value itself cannot be told from data: no variable is called "
        "missing at random or not at random here."
    )


def mcar_text(mcar: pd.DataFrame) -> str:
    """The two tests of missing completely at random."""
    total = mcar[mcar["mask"].isna()] if len(mcar) else mcar
    names = {"little": "Little's test of the means", "projection": "classification in random projections"}
    said = [
        f"{names[row['test']]}, {fmt.p_value(row['p'])}"
        for row in total.to_dict("records")
        if fmt.known(row["p"])
    ]
    if not said:
        return ""
    return (
        f"Tests that all baseline values are missing completely at random: {'; '.join(said)}. Values that go missing "
        "together do not count against it."
    )


def attrition_text(facts: Mapping[str, Any], words: Words, minimum: int) -> str:
    """Loss of the outcome by arm."""
    found = facts.get("attrition")
    if not found or not fmt.known(found["difference"]) or any(small(n, minimum) for n in found["missing"]):
        return ""
    difference = 100 * found["difference"]
    interval = fmt.interval(100 * found["lower"], 100 * found["upper"], 1)
    text = (
        f"The outcome is missing for {fmt.percent(found['treated'], 1)} with {words.treated} and for "
        f"{fmt.percent(found['control'], 1)} with {words.control}: a difference of {fmt.signed(difference, 1)} "
        f"percentage points ({words.level} interval {interval})."
    )
    if found["unequal"]:
        text += (
            " That is unequal (5 points or more, or p < 0.05): a comparison of those with an outcome then compares "
            "arms that lost different shares."
        )
    return text


def _points(difference: float | None, after: str = "") -> str:
    """A difference of shares in percentage points; empty where it is not told."""
    if difference is None or not fmt.known(difference):
        return ""
    return f"{fmt.signed(100 * difference, 1)} percentage points{after}"


def mechanism_notices(facts: Mapping[str, Any], words: Words) -> list[str]:
    """Contradictions with the dictionary, and masks that go with the arm of a trial."""
    notices = []
    for one in facts.get("contradictions", []):
        names = listed([words.covariate(name) for name in one["columns"]])
        notices.append(
            f"Contradiction: the dictionary says that who misses {names} was fixed before randomisation, but it goes "
            f"with the arm ({_points(one['difference'], ', ')}{fmt.p_value(one['p_adjusted'])} adjusted for the number "
            "of masks). Indicators of these values may be effects of treatment."
        )
    told = {one["mask"] for one in facts.get("contradictions", [])}
    for one in facts.get("arm", []):
        if one["mask"] not in told:
            names = listed([words.covariate(name) for name in one["columns"][:4]])
            by = f" ({_points(one['difference'])})" if fmt.known(one["difference"]) else ""
            notices.append(
                f"Who misses {names} goes with the arm{by}: it was not settled before randomisation."
            )
    loose = [name for one in facts.get("with_outcome", []) for name in one["columns"]]
    if loose:
        several = f", and {len(loose) - 4} further variables" if len(loose) > 4 else ""
        notices.append(
            f"Who misses {listed([words.covariate(name) for name in loose[:4]])}{several} goes with the outcome within "
            "the arms. If that was not settled before randomisation, the average effect and slopes keep a small bias, "
            "which an analysis with `nuisance: {covariates: without_gaps}` does not have, at a wider interval."
        )
    return notices
