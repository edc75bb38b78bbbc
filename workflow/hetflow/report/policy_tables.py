"""Tables of the appraisal `policy`: rankings compared, gains, trees as rules, benefit against harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.policy_numbers import GAINS, hidden, quantity
from hetflow.report.printed import number_of
from hetflow.report.tables import Cell, Table, estimate_text
from hetflow.report.words import Words, opening

NOT_SHOWN = "not shown"
#: A standard error as small as this is the sum of rounding: a policy compared with itself.
_ROUNDING = 1e-12
_BASES = {"out of bag": "out of bag", "sequential": "forests of earlier folds", "fixed": ""}


def ranking_table(ranking: pd.DataFrame, rules: Mapping[str, str], words: Words) -> Table:
    """AUTOC of every rule and the differences of every two."""
    body: list[Cell] = []
    areas = ranking[ranking["measure"] == "AUTOC"]
    for heading, rows in (
        ("Against a random order", areas[areas["against"] == ""]),
        ("Against each other", areas[areas["against"] != ""]),
    ):
        if len(rows):
            body.append(Cell((heading,), heading=True))
        for row in rows.to_dict("records"):
            label = rules.get(row["rule"], row["rule"])
            if row["against"]:
                label = f"{label} minus {rules.get(row['against'], row['against'])}"
            own = number_of(row, words.factor)
            cells = (label, _BASES[row["basis"]], estimate_text(own), fmt.p_cell(own.p))
            body.append(Cell(cells, 1))
    note = (
        "AUTOC is the extra benefit of those ranked first, averaged over all shares; swapping two rules turns the sign "
        "of their difference. What out-of-bag effects take part in has a lower bound only"
    )
    if areas["p"].notna().any():
        note += (
            "; the difference by forests of earlier folds has a two-sided test. p-values are not adjusted for their "
            "number"
        )
    head = ("Rule", "Effects predicted", f"AUTOC{words.after_comma} ({words.level}\u00a0CI)", "p")
    return Table(
        "policy_ranking", "Which ranking finds those who gain more?", head, tuple(body), (0, 1), f"{note}."
    )


def values_table(values: pd.DataFrame, facts: Mapping[str, Any], words: Words, minimum: int) -> Table:
    """What every policy gains."""
    small = hidden(values, minimum)
    body: list[Cell] = []
    free = values[values["budget"] == 1]
    for heading, rows in (("No limit", free), (_limit(facts), values[values["budget"] < 1])):
        if rows.empty:
            continue
        if facts["budget"] < 1:
            body.append(Cell((heading,), heading=True))
        for name in dict.fromkeys(rows["policy"]):
            label = str(rows.loc[rows["policy"] == name, "label"].iloc[0])
            body.append(Cell((label, *_value_cells(rows, name, words, name in small)), 1))
    cost = (
        f", less {fmt.with_unit(_size(facts['cost'], words), words.unit)} for each treated"
        if facts["cost"]
        else ""
    )
    note = (
        f"Benefit a participant of all, against treating nobody{cost}; two columns compare it with treating everybody, "
        "and with treating the same share at random. Positive is better. Judged on the "
        f"{fmt.count(facts['judged'])} participants of the folds after the first: rules that were learnt had not seen "
        "them. Intervals are pointwise, and describe the rules learnt on earlier folds, which had fewer participants "
        "to learn from than the rules printed here."
    )
    level = f"({words.level}\u00a0CI)"
    head = (
        "Who is treated",
        "Share",
        f"Gain{words.after_comma} {level}",
        f"Over treating everybody {level}",
        f"Over chance {level}",
    )
    return Table("policy_values", "What would each rule gain?", head, tuple(body), (0,), note)


def _limit(facts: Mapping[str, Any]) -> str:
    return f"At most {fmt.percent(facts['budget'])} treated"


def _size(value: float, words: Words) -> str:
    return f"{words.factor * value:g}"


def _value_cells(values: pd.DataFrame, name: str, words: Words, small: bool) -> tuple[str, ...]:
    if small:
        return (NOT_SHOWN, "", "", "")
    share = quantity(values, name, "share")
    cells = [fmt.percent(share.estimate) if share else fmt.NONE]
    for key in GAINS:
        own = quantity(values, name, key, words.factor)
        told = own is not None and own.se is not None and own.se > _ROUNDING
        cells.append(estimate_text(own) if own is not None and told else fmt.NONE)
    return tuple(cells)


def trees_table(trees: pd.DataFrame, columns: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> Table:
    """Each tree of all participants as a list of rules, one a leaf."""
    known = {column["name"]: column for column in columns}
    body: list[Cell] = []
    for name in dict.fromkeys(trees["tree"]):
        rows = trees[(trees["tree"] == name) & (trees["fold"] == 0)].to_dict("records")
        own: dict[int, Mapping[Any, Any]] = {row["node"]: row for row in rows}
        body.append(Cell((tree_title(name, facts),), heading=True))
        for node, leaf in own.items():
            if leaf["column"]:
                continue
            conditions = _path(own, node, known)
            text = opening(" and ".join(conditions)) if conditions else "Everybody"
            body.append(Cell((text, "treat" if leaf["treat"] else "do not treat", fmt.count(leaf["n"])), 1))
    limited = (
        "Under the limit it is the best at the lowest price of a place at which it keeps the limit. "
        if facts["budget"] < 1
        else ""
    )
    note = (
        "Each tree is the one of its depth that gains most among those it was learnt from: no other tree of the cuts "
        f"that were searched, with at least {fmt.count(facts['smallest_leaf'])} participants a leaf, gains more there. "
        f"{limited}Gains within its own leaves would look better than they are and are not printed."
    )
    head = ("Participants with", "Decision", "Participants")
    return Table("policy_trees", "Rules learnt from all participants", head, tuple(body), (0, 1), note)


def tree_title(name: str, facts: Mapping[str, Any]) -> str:
    """``Tree of depth 2, at most 50 % treated``."""
    depth = name.split("_")[1]
    return f"Tree of depth {depth}" + (f", {_limit(facts).lower()}" if name.endswith("_budget") else "")


def _path(
    tree: Mapping[int, Mapping[Any, Any]], node: int, known: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Conditions from the root down to a node; of two that bound one side, the narrower one alone."""
    steps: dict[tuple[str, str], float] = {}
    while node:
        row = tree[node]
        parent = tree[row["parent"]]
        key, cut = (str(parent["column"]), str(row["side"])), float(parent["cut"])
        if key in steps:
            cut = min(cut, steps[key]) if key[1] == "below" else max(cut, steps[key])
        steps = {key: cut} | {old: value for old, value in steps.items() if old != key}
        node = row["parent"]
    return [condition(column, side, cut, known) for (column, side), cut in steps.items()]


def condition(column: str, side: str, cut: float, known: Mapping[str, Mapping[str, Any]]) -> str:
    """One condition in words: ``Age > 30 years``, ``Tobacco use: No``, ``Clinic other than KY``."""
    name, equals, level = column.partition("=")
    below = side == "below"
    if equals and name in known:
        return f"{_label(known, name)} {'other than' if below else 'is'} {level}"
    if column.endswith("__applies"):
        return (
            f"“{_label(known, column.removesuffix('__applies'))}” {'does not apply' if below else 'applies'}"
        )
    facts = known.get(column, {})
    levels = list(facts.get("levels") or ())
    if levels and facts.get("kind") in ("binary", "ordinal"):
        last = min(int(cut), len(levels) - 1)
        kept = levels[: last + 1] if below else levels[last + 1 :]
        return f"{_label(known, column)}: {' or '.join(str(one) for one in kept)}"
    unit = facts.get("unit") or ""
    value = fmt.with_unit(f"{cut:g}".replace("-", fmt.MINUS), unit)
    return f"{_label(known, column)} {'≤' if below else '>'}{fmt.SPACE}{value}"


def _label(known: Mapping[str, Mapping[str, Any]], name: str) -> str:
    return str(known.get(name, {}).get("label") or name)


def harms_table(harms: pd.DataFrame, facts: Mapping[str, Any], words: Words, minimum: int) -> Table:
    """Benefit and harm of every policy."""
    harm = facts["harm"]
    binary = harm["kind"] == "binary"
    factor, unit = (100.0, "percentage points") if binary else (1.0, harm["unit"])
    small, body = hidden(harms, minimum), []
    rate = facts["exchange_rate"]
    for name in dict.fromkeys(harms["policy"]):
        own = harms[harms["policy"] == name]
        label = str(own["label"].iloc[0]) + (
            f", {_limit(facts).lower()}" if own["budget"].iloc[0] < 1 else ""
        )
        numbers = [quantity(own, name, "benefit", words.factor), quantity(own, name, "harm", factor)]
        numbers += [quantity(own, name, "net_benefit", words.factor)] if rate else []
        texts = [estimate_text(one) if one and one.se else fmt.NONE for one in numbers]
        body.append(Cell((label, *([NOT_SHOWN] + [""] * (len(texts) - 1) if name in small else texts)), 1))
    level = f"({words.level}\u00a0CI)"
    head = ["Who is treated", f"Benefit{words.after_comma} {level}"]
    head.append(f"Harm: {harm['label']}{', ' + unit if unit else ''} {level}")
    head += [f"Net benefit{words.after_comma} {level}"] if rate else []
    exchanged = (
        f" Net benefit is benefit less {rate:g} times harm, both in the outcomes' own units; its interval carries "
        "their covariance."
        if rate
        else ""
    )
    note = (
        "A participant of all, against treating nobody; positive harm means that treatment makes the second outcome "
        f"worse. Of the {fmt.count(harms['n'].iloc[0])} participants of the folds after the first who have both "
        f"outcomes, so that benefits may differ from those above.{exchanged}"
    )
    return Table("policy_harms", "Benefit against harm", tuple(head), tuple(body), (0,), note)
