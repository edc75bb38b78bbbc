"""What may be published, and what it is: each column and fact has to be declared, or publishing refuses.

The page, its figures and its tables are made from the report's inputs alone. Each of these is declared by kind in
`hetflow.publish.declarations`; what is not is refused by name, so that a new column cannot leave unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hetflow.errors import Problem

UNITS = "units"
"""A number of units: 1 up to one less than the threshold is not published."""
EVENTS = "events"
"""A number of units with an event: with its whole it tells those without; a rule of the table's own protects both."""
ESTIMATE = "estimate"
"""Made from the units that the row (or the fact's analysis) counts: it goes when they are few."""
NAME = "name"
"""Names a covariate, level, group or term: levels of few units must not stand there."""
VALUE = "value"
"""On the scale of a covariate or an outcome: a mean, a quantile, or a cut between groups of enough units."""
EXTREME = "extreme"
"""A minimum or a maximum, which is one unit's own: never published."""
SETTING = "setting"
"""From the study file, the design, the software or its random draws: says nothing of units."""
OVERALL = "overall"
"""A statistic of all units of an analysis, such as a p-value, a loss or a share of variance."""
TEXT = "text"
"""A sentence of the software: small numbers of units in it are covered."""
COVERED = "covered"
"""A number of units that a rule of its own covers, or that the page prints as ``<10``."""
KINDS = frozenset({UNITS, EVENTS, ESTIMATE, NAME, VALUE, EXTREME, SETTING, OVERALL, TEXT, COVERED})

Kinds = Mapping[str, str]
_FOLDER = "workflow/hetflow/publish/declarations"


@dataclass(frozen=True, slots=True)
class Declared:
    """One table.

    Attributes
    ----------
    columns : dict of str to str
        Kind by column.
    whole : tuple of str
        Columns that are equal in groups of one whole, whose counts add up to a number that is known.
    label : str
        Column that names the group; empty where rows are no groups of a whole.
    growing : tuple of str
        Columns that are equal in rows about ever more units; empty where rows are about others.
    own : str
        Which function protects the table instead of the common rules; empty for these.
    """

    columns: Kinds
    whole: tuple[str, ...] = ()
    label: str = ""
    growing: tuple[str, ...] = ()
    own: str = ""

    def of(self, *kinds: str) -> list[str]:
        """Columns of some kinds."""
        return [name for name, kind in self.columns.items() if kind in kinds]


def kinds(**columns: str) -> dict[str, str]:
    """Columns by kind, written as words: ``kinds(units="n", estimate="estimate se")``."""
    unknown = set(columns) - KINDS
    if unknown:
        raise ValueError(f"no such kind: {sorted(unknown)}")
    return {name: kind for kind, names in columns.items() for name in names.split()}


def undeclared_columns(
    where: str, table: pd.DataFrame, declared: Declared | None, file: str
) -> Iterator[Problem]:
    """A problem for a table, or for each of its columns, that no declaration names.

    Parameters
    ----------
    where : str
        The table, as a user would call it.
    table : DataFrame
    declared : Declared or None
        None where the table has no declaration.
    file : str
        File of `hetflow.publish.declarations` in which it belongs.
    """
    if declared is None:
        yield _problem(f"the table {where}", file)
        return
    for name in table.columns:
        if name not in declared.columns:
            yield _problem(f"the column {name} of the table {where}", file)


def undeclared_facts(where: str, facts: Mapping[str, Any], declared: Kinds, file: str) -> Iterator[Problem]:
    """A problem for each path of facts that no declaration names."""
    for path in sorted({path for path, _ in leaves(facts) if kind_of(path, declared) is None}):
        yield _problem(f"{where}: {'.'.join(path)}", file)


def _problem(what: str, file: str) -> Problem:
    return Problem(
        f"publish: {what}",
        "a declaration that says what it is: a number of units, an estimate, a name, a setting",
        "none, so that nobody has decided whether it may leave",
        f"declare it in {_FOLDER}/{file}.py (docs/publishing.md says how); nothing was published",
    )


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of nested facts with its path, ``*`` for a place of a list; empty lists and mappings hold nothing."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner, (*path, "*"))
    else:
        yield path, value


def kind_of(path: Iterable[str], declared: Kinds) -> str | None:
    """Kind of a fact; ``*`` in a declaration stands for any key, a last ``**`` for all that follows."""
    parts = tuple(path)
    exact = declared.get(".".join(parts))
    if exact is not None:
        return exact
    for pattern, kind in declared.items():
        if _fits(parts, tuple(pattern.split("."))):
            return kind
    return None


def _fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if pattern and pattern[-1] == "**":
        head = pattern[:-1]
        return len(parts) >= len(head) and _fits(parts[: len(head)], head)
    if len(parts) != len(pattern):
        return False
    return all(one in ("*", own) for own, one in zip(parts, pattern, strict=True))
