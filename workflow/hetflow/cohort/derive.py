"""Derived columns, each after those that it reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hetflow.cohort.source import Source
from hetflow.errors import refuse
from hetflow.study.expressions import ExpressionError, names, parse


def derive(source: Source, derived: Mapping[str, Mapping[str, Any]]) -> None:
    """Add derived columns to the source.

    Parameters
    ----------
    source : Source
        Gains one column an entry.
    derived : mapping
        New name to attributes, of which ``expression`` is read; an expression may read other derived columns.

    Raises
    ------
    Refused
        If a name is taken, an expression does not fit, or expressions need one another in a circle.
    """
    taken = set(source.names)
    for name in sorted(derived):
        if name in taken:
            refuse(f"derived: {name}", "a new name", "a column of the data file", "choose another name")
    for name in order({name: str(entry["expression"]) for name, entry in derived.items()}):
        source.add(name, source.value(str(derived[name]["expression"]), f"derived: {name}"))


def order(expressions: Mapping[str, str], key: str = "derived") -> list[str]:
    """Names so that each comes after those that its expression reads; circles are refused."""
    needs: dict[str, set[str]] = {}
    for name, text in expressions.items():
        try:
            needs[name] = names(parse(text)) & set(expressions)
        except ExpressionError as error:
            refuse(
                f"{key}: {name}", "an expression over columns", f"{text!r}: {error}", "correct the expression"
            )
    ordered: dict[str, None] = {}
    while needs:
        ready = sorted(name for name, wanted in needs.items() if wanted <= ordered.keys())
        if not ready:
            circle = ", ".join(sorted(needs))
            refuse(f"{key}: {circle}", "expressions that end at columns of the file", "a circle", "break it")
        ordered |= dict.fromkeys(ready)
        needs = {name: wanted for name, wanted in needs.items() if name not in ordered}
    return list(ordered)
