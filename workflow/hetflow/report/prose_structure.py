"""Sentences on the structure of what is missing, from ``missingness/structure.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hetflow.report import formats as fmt
from hetflow.report.disclosure import shown
from hetflow.report.words import Words

ADOPTED = (
    "Conditions under which nobody has a value, and what the dictionary says of them, are in the table; a condition "
    "that the dictionary lacks is yours to judge: values that do not exist must not be imputed."
)


def structure_parts(facts: Mapping[str, Any], words: Words, minimum: int) -> list[tuple[str, str]]:
    """Sentences and names of figures for the page's section, in its order."""
    texts = [("text", text) for text in structure_texts(facts, words, minimum)]
    return [*texts, ("figure", "patterns"), ("figure", "comissing"), ("figure", "nesting")]


def structure_texts(facts: Mapping[str, Any], words: Words, minimum: int) -> list[str]:
    """A short paragraph for each finding that there is; none for a study without structure facts."""
    if not facts:
        return []
    found = [
        _together(facts, words, minimum),
        _network(facts),
        _nested(facts),
        _never_together(facts),
        _groups(facts, words, minimum),
        _design(facts, minimum),
    ]
    return [text for text in found if text]


def _together(facts: Mapping[str, Any], words: Words, minimum: int) -> str:
    """Masks, blocks and index."""
    largest, index = facts["blocks"]["largest"], facts["structure_index"]
    if index is None or facts["distinct_masks"] < 2:
        return ""
    text = (
        f"The {fmt.count(facts['incomplete_columns'])} incomplete variables, outcome included, go missing in "
        f"{fmt.count(facts['distinct_masks'])} different ways."
    )
    if largest:
        names = largest["columns"].split(", ")
        text += (
            f" The largest block, {words.covariate(names[0])} and {fmt.count(largest['width'] - 1)} more, is missing "
            f"in the same {shown(largest['any_missing'], minimum)} participants."
        )
    share = fmt.percent(max(index["index"], 0.0))
    text += (
        f" Such blocks aside, who misses what is {share} less uncertain than if each mask went its own way (structure "
        "index, from entropies)."
    )
    if index["saturated"]:
        text += " With so few participants for so many masks this share is too small whatever the structure."
    return text


def _network(facts: Mapping[str, Any]) -> str:
    network = facts["network"]
    if not network["pairs"]:
        return ""
    pairs, together = fmt.count(network["pairs"]), network["together"]
    text = (
        f"{f'Of {pairs} pairs of masks, {fmt.count(together)}' if together else f'No pair of masks (of {pairs})'} "
        f"go{'' if together > 1 else 'es'} missing together more often than participants with many gaps and variables "
        "with many gaps explain (false discovery rate 5 %)"
    )
    apart = network["apart"]
    if not apart:
        return f"{text}."
    return (
        f"{text}, and {fmt.count(apart)} less often; where some pairs go strongly together, others must go apart, so "
        "that the latter are no finding of their own."
    )


def _nested(facts: Mapping[str, Any]) -> str:
    sequences = facts["nesting"]["sequences"]
    if not sequences:
        return ""
    longest = max(len(one["masks"].split(", ")) for one in sequences)
    visits = [one for one in sequences if one["order"] == "as visited"]
    text = f"Masks lie within one another in {fmt.count(len(sequences))} chain{'s' if len(sequences) > 1 else ''}"
    text += f", the longest of {longest}, as drop-out leaves them"
    return f"{text}; {fmt.count(len(visits))} follow the order of the visits." if visits else f"{text}."


def _groups(facts: Mapping[str, Any], words: Words, minimum: int) -> str:
    """Where missing differs most by site and group."""
    said = []
    for one in facts["groups"]:
        by = words.covariate(one["by"])
        low, high = (f"{_share(one[end], minimum)} ({one[end]['level']})" for end in ("lowest", "highest"))
        said.append(f"by {by} for {words.covariate(one['column'])}, {low} to {high}")
    return f"Missing differs most {'; '.join(said)}." if said else ""


def _share(level: Mapping[str, Any], minimum: int) -> str:
    """A share in per cent, or a bound where its count is small."""
    if 0 < level["missing"] < minimum:
        return f"under {fmt.percent(minimum / level['applicable'])}"
    return fmt.percent(level["share"])


def _never_together(facts: Mapping[str, Any]) -> str:
    pairs = facts["file_matching"]
    never, seldom = pairs["never observed"], pairs["seldom observed"]
    if not never and not seldom:
        return ""
    parts = [f"{fmt.count(never)} never"] if never else []
    parts += [f"{fmt.count(seldom)} in fewer than 30 participants"] if seldom else []
    return (
        f"Pairs of variables that were observed together: {' and '.join(parts)}. The data do not tell how these go "
        "with one another; an imputation takes it from its model."
    )


def _design(facts: Mapping[str, Any], minimum: int) -> str:
    rules = facts["rules"]
    if not rules:
        return ""
    parts = []
    for status, said in (
        ("confirmed", "borne out by the data"),
        ("declared", "too few participants to tell"),
        ("contradicted", "contradicted by recorded values"),
    ):
        if rules.get(status):
            parts.append(f"{said}, {fmt.count(rules[status])}")
    text = f"The dictionary's conditions for a value to exist: {'; '.join(parts)}." if parts else ""
    for wrong in facts["contradictions"]:
        number = shown(wrong["contradictions"], minimum)
        text += f" {wrong['columns']}: {number} recorded where {wrong['declared']} is false."
    more = rules.get("undeclared", 0) + rules.get("beside", 0)
    if more:
        text += (
            f" {fmt.count(more)} further condition{'s' if more > 1 else ''} under which nobody has a value."
        )
    return f"{text} {ADOPTED}".strip()
