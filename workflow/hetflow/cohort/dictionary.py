"""The data dictionary resolved to columns: exact names go before patterns, in whatever order they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from hetflow.cohort.columns import Column
from hetflow.errors import Problem, close_names, refuse_all

ROLES = ("covariate", "auxiliary", "outcome", "treatment", "unit", "ignore")
IN_COHORT = ("covariate", "auxiliary")
RESERVED = ("unit", "treated", "cluster", "weight", "stratum", "probability_level", "fold")
_RESERVED_ENDINGS = ("__applies", "__missing")
_WILD = "*?["


@dataclass(frozen=True, slots=True)
class Entry:
    """What the dictionary says of one column; None where it says nothing. Attributes as in the study file."""

    name: str
    role: str = "ignore"
    kind: str | None = None
    label: str | None = None
    unit: str | None = None
    levels: tuple[Any, ...] | None = None
    missing: tuple[tuple[str, str], ...] = ()
    block: str | None = None
    visit: int = 0
    applicable_if: str | None = None
    not_applicable: Any = None
    mask_fixed_before_randomisation: bool = False

    @property
    def where(self) -> str:
        """Its place in the study file, for messages."""
        return f"dictionary: {self.name}"


def resolve(
    dictionary: Mapping[str, Mapping[str, Any]],
    header: Sequence[str],
    derived: Iterable[str] = (),
    roles: Mapping[str, str] | None = None,
) -> dict[str, Entry]:
    """What the dictionary says of every column.

    Parameters
    ----------
    dictionary : mapping
        Name or shell pattern (``*``, ``?``, ``[...]``; a dot is a dot) to attributes; None counts as not
        said. An exact name is never read as a pattern, and goes before patterns attribute by attribute.
    header : sequence of str
        Columns of the data file.
    derived : iterable of str
        Names of derived columns; exact names and patterns match them too.
    roles : mapping, optional
        Columns whose role the study settles elsewhere (``{"PID": "unit"}``).

    Returns
    -------
    dict of str to Entry
        For every column, in the file's order, the derived ones last; columns without an entry have role
        ``ignore``.

    Raises
    ------
    Refused
        With every problem: keys that match nothing, patterns that disagree, entries without a role,
        covariates without a kind, names that hetflow needs for itself.
    """
    columns = [*header, *(name for name in derived if name not in set(header))]
    problems = _unmatched(dictionary, columns)
    entries: dict[str, Entry] = {}
    patterns = sorted(set(dictionary) - set(columns))
    for column in columns:
        attributes, disagreements = _attributes(column, dictionary, patterns)
        problems += disagreements
        entry = _entry(column, attributes, (roles or {}).get(column))
        problems += _entry_problems(entry, attributes, (roles or {}).get(column))
        entries[column] = entry
    refuse_all(problems)
    return entries


def column_of(
    entry: Entry, levels: tuple[str, ...] | None, not_applicable: float | str, applicable_if: str | None
) -> Column:
    """The cohort's column of an entry whose values have been typed."""
    return Column(
        name=entry.name,
        kind=str(entry.kind),
        role=entry.role,
        label=entry.label or entry.name,
        unit=entry.unit or "",
        levels=levels,
        block=entry.block,
        visit=entry.visit,
        applicable_if=applicable_if,
        not_applicable=not_applicable,
        mask_fixed_before_randomisation=entry.mask_fixed_before_randomisation,
    )


def suggestion(name: str, known: Iterable[str]) -> str:
    """A remedy for a name that is not known."""
    close = close_names(name, known)
    return f"did you mean {' or '.join(close)}?" if close else "correct the name, or remove it"


def _matches(key: str, column: str, columns: set[str]) -> bool:
    return key == column if key in columns else fnmatchcase(column, key)


def _unmatched(dictionary: Mapping[str, Any], columns: Sequence[str]) -> list[Problem]:
    known = set(columns)
    problems = []
    for key in sorted(dictionary):
        if any(_matches(key, column, known) for column in columns):
            continue
        kind = (
            "a pattern that matches a column"
            if any(sign in key for sign in _WILD)
            else "a column of the data file"
        )
        problems.append(Problem(f"dictionary: {key}", kind, "no such column", suggestion(key, columns)))
    return problems


def _attributes(
    column: str, dictionary: Mapping[str, Mapping[str, Any]], patterns: Sequence[str]
) -> tuple[dict[str, Any], list[Problem]]:
    """What exact name and patterns say of a column; two patterns that disagree are a problem."""
    exact = _said(dictionary.get(column, {}))
    found: dict[str, tuple[str, Any]] = {}
    problems: list[Problem] = []
    for key in patterns:
        if not fnmatchcase(column, key):
            continue
        for attribute, value in _said(dictionary[key]).items():
            if attribute in exact:
                continue
            first = found.setdefault(attribute, (key, value))
            if first[1] != value:
                problems.append(_disagreement(column, attribute, first, (key, value)))
    return {name: value for name, (_, value) in found.items()} | exact, problems


def _said(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (attributes or {}).items() if value is not None}


def _disagreement(column: str, attribute: str, first: tuple[str, Any], second: tuple[str, Any]) -> Problem:
    return Problem(
        f"dictionary: {column}",
        f"one value of `{attribute}`",
        f"{first[1]!r} by the pattern {first[0]!r} and {second[1]!r} by {second[0]!r}",
        f"say it under the exact name {column!r}, or narrow one of the patterns",
    )


def _entry(column: str, attributes: Mapping[str, Any], settled: str | None) -> Entry:
    levels = attributes.get("levels")
    return Entry(
        name=column,
        role=str(settled or attributes.get("role") or "ignore"),
        kind=attributes.get("kind"),
        label=attributes.get("label"),
        unit=attributes.get("unit"),
        levels=None if levels is None else tuple(levels),
        missing=tuple(
            sorted((str(code), str(reason)) for code, reason in attributes.get("missing", {}).items())
        ),
        block=attributes.get("block"),
        visit=int(attributes.get("visit", 0)),
        applicable_if=attributes.get("applicable_if"),
        not_applicable=attributes.get("not_applicable"),
        mask_fixed_before_randomisation=bool(attributes.get("mask_fixed_before_randomisation", False)),
    )


def _entry_problems(entry: Entry, attributes: Mapping[str, Any], settled: str | None) -> list[Problem]:
    problems: list[Problem] = []

    def add(expected: str, found: str, remedy: str) -> None:
        problems.append(Problem(entry.where, expected, found, remedy))

    said = attributes.get("role")
    if settled and said and said != settled:
        add(f"role {settled}, as the study says elsewhere", f"role {said}", "remove the role here")
    if attributes and not said and not settled:
        add(f"a role ({', '.join(ROLES)})", "none", "write for instance `role: covariate`, or `role: ignore`")
    if not settled and said in ("treatment", "unit"):
        key = "treatment.column" if said == "treatment" else "data.unit"
        remedy = f"set role: ignore, for a study has one {said} column; or name this one in {key}"
        add(f"role {said} for the column that {key} names", f"role {said} for another", remedy)
    if entry.role not in IN_COHORT:
        return problems
    if entry.kind is None:
        add(
            "a kind (continuous, count, binary, ordinal, nominal)",
            "none",
            "write for instance `kind: continuous`",
        )
    if entry.visit > 0 and entry.role == "covariate":
        remedy = (
            "set role: ignore (or auxiliary), or visit: 0 if it was recorded before treatment was assigned"
        )
        add(
            "covariates recorded at baseline (visit 0)",
            f"visit {entry.visit}; treatment may have changed it",
            remedy,
        )
    if entry.name in RESERVED or entry.name.endswith(_RESERVED_ENDINGS):
        remedy = (
            f"rename the column; or derive one, `derived: {{{entry.name}_: {{expression: {entry.name}}}}}`, and let "
            f"the dictionary speak of {entry.name}_ instead"
        )
        add("a name that hetflow does not need for itself", repr(entry.name), remedy)
    return problems
