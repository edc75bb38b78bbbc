"""Sentences on what rules that decide whom to treat would gain, claiming no more than their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.policy_numbers import hidden, quantity
from hetflow.report.policy_tables import tree_title
from hetflow.report.printed import Number, number_of
from hetflow.report.words import Words, listed

INTRODUCTION = (
    "That effects vary matters for treatment only if some rule would treat otherwise and gain by it. Here rules are "
    "judged by what they gain, in participants whom they had not seen: treating everybody, nobody, those whose "
    "predicted benefit is worth it, and those whom a small tree picks out. This is exploratory; no rule here has been "
    "tested in another study."
)


def policy_texts(
    values: pd.DataFrame,
    ranking: pd.DataFrame,
    facts: Mapping[str, Any],
    words: Words,
    minimum: int,
    whole: Number | None = None,
) -> list[str]:
    """Paragraphs: everybody; choosing by effect and by trees; within the budget; ranking against ranking.

    `whole` is the average effect of all in benefit units, to stand beside that of those on whom rules are judged.
    """
    small = hidden(values, minimum)
    texts = [INTRODUCTION, _everybody(values, facts, words, whole)]
    choices = [_choice(values, name, facts, words, small) for name in _learnt(values)]
    texts.append(" ".join(text for text in choices if text))
    texts.append(_budget(values, facts, words, small))
    texts.append(_ranked(ranking, facts, words))
    texts.append(_stable(facts))
    return [text for text in texts if text]


def _learnt(values: pd.DataFrame) -> list[str]:
    names = list(dict.fromkeys(values.loc[values["budget"] == 1, "policy"]))
    return [name for name in names if name not in ("all", "none")]


def _shown(own: Number, words: Words) -> str:
    return own.shown(words.unit, words.level)


def _everybody(values: pd.DataFrame, facts: Mapping[str, Any], words: Words, whole: Number | None) -> str:
    """Of those on whom rules are judged: fewer than all, so that the average effect of all stands beside it."""
    own = quantity(values, "all", "value", words.factor)
    if own is None:
        return ""
    cost = facts["cost"]
    after = f", less a cost of {fmt.with_unit(f'{words.factor * cost:g}', words.unit)} each," if cost else ""
    verdict = {1: "", 0: ", which does not tell whether it gains or loses", -1: ": it loses"}[own.direction]
    gains = (
        f"Among the {fmt.count(facts['judged'])} participants on whom rules are judged, those of the folds after the "
        f"first, treating everybody instead of nobody gains{after} {_shown(own, words)} a participant{verdict}."
    )
    if whole is None:
        return gains
    if cost or whole.direction == own.direction:
        return f"{gains} Averaged over all participants, the benefit is {_shown(whole, words)}."
    return (
        f"{gains} They are a part of all, and not the answer to whether the treatment helps on average: over all "
        f"participants the benefit is {_shown(whole, words)}."
    )


def _choice(values: pd.DataFrame, name: str, facts: Mapping[str, Any], words: Words, small: set[str]) -> str:
    """What choosing gains over treating everybody."""
    share, gap = quantity(values, name, "share"), quantity(values, name, "over_all", words.factor)
    if share is None or gap is None:
        return ""
    who = _who(name, facts)
    if name in small:
        return f"{who} would treat nearly all, or nearly none; what that gains is not shown."
    if share.estimate in (0.0, 1.0):
        return f"{who} would treat {'everybody' if share.estimate else 'nobody'}."
    verdict = {
        1: "more than treating everybody",
        -1: "less than treating everybody: choosing would lose",
        0: "against treating everybody, which does not show that choosing gains or loses",
    }[gap.direction]
    return f"{who} would treat {fmt.percent(share.estimate)} and change the gain by {_shown(gap, words)}, {verdict}."


def _who(name: str, facts: Mapping[str, Any]) -> str:
    if name == "effect_above_cost":
        return f"Treating those whose predicted benefit exceeds {'its cost' if facts['cost'] else 'zero'}"
    return f"A {tree_title(name, facts).lower()}, learnt on earlier folds,"


def _budget(values: pd.DataFrame, facts: Mapping[str, Any], words: Words, small: set[str]) -> str:
    """What each ranking gains over chance if only a share can be treated."""
    if facts["budget"] >= 1:
        return ""
    told = []
    ranked = values[values["policy"].isin([f"{rule}_budget" for rule in facts["rules"]])]
    for name, label in ranked[["policy", "label"]].drop_duplicates().itertuples(index=False):
        own = quantity(values, name, "over_random", words.factor)
        if own is not None and name not in small:
            word = {1: "more", 0: "neither shown to be more nor less", -1: "less"}[own.direction]
            told.append(f"by “{label}” {_shown(own, words)} ({word})")
    if not told:
        return ""
    share = fmt.percent(facts["budget"])
    return f"If {share} can be treated, choosing them by rank gains over choosing as many at random: {listed(told)}."


def _ranked(ranking: pd.DataFrame, facts: Mapping[str, Any], words: Words) -> str:
    """Whether ranking by predicted effect beats simpler rankings."""
    rows = ranking[(ranking["basis"] == "sequential") & (ranking["against"] != "")]
    told = []
    for row in rows.to_dict("records"):
        own = number_of(row, words.factor)
        verdict = {1: "better than", 0: "not shown to differ from", -1: "worse than"}[own.direction]
        label = facts["rules"].get(row["against"], row["against"])
        told.append(f"{verdict} ranking by “{label}” (difference of AUTOC {_shown(own, words)})")
    if not told:
        return ""
    return f"Ranking by predicted effect, each fold by a forest of earlier folds, is {listed(told)}."


def _stable(facts: Mapping[str, Any]) -> str:
    """Whether trees that lack a fold agree with the one that is printed."""
    told = [
        f"{tree_title(tree['name'], facts).lower()}: the same covariates in {tree['same_covariates']} of "
        f"{tree['folds']}, {fmt.percent(tree['alike'])} of the participants treated alike"
        for tree in facts["trees"]
    ]
    if not told:
        return ""
    return (
        "Leaving out one fold at a time tells how much of a tree is luck. Against the tree of all participants, of "
        f"the trees that lack a fold, {'; '.join(told)}."
    )
