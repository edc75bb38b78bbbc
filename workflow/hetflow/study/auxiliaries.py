"""Columns that may tell who has an outcome, beside the covariates: whether the study says so of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from hetflow.errors import Problem, close_names
from hetflow.study.expressions import ExpressionError, names, parse
from hetflow.study.model import Study
from hetflow.study.said import said

_KEY = "missing_outcome.auxiliary"


def auxiliary_problems(study: Study, columns: Collection[str]) -> Iterator[Problem]:
    """Columns of ``missing_outcome.auxiliary`` that cannot serve one resolved analysis.

    Parameters
    ----------
    study : Study
        As the analysis sees it.
    columns : collection of str
        Of the data file and derived.
    """
    listed = study.missing_outcome.auxiliary
    twice = sorted({name for name in listed if listed.count(name) > 1})
    if twice:
        yield Problem(_KEY, "each column once", f"{', '.join(twice)} twice", "keep one")
    if study.missing_outcome.strategy == "complete_case":
        return
    own = _read_by_outcome(study)
    for index, name in enumerate(listed):
        where, role = f"{_KEY}[{index}]", said(study, name, "role", columns) or "ignore"
        if name not in columns:
            close = close_names(name, sorted(columns))
            remedy = f"did you mean {' or '.join(close)}?" if close else "correct the name"
            yield Problem(where, "a column of the data file or of `derived`", name, remedy)
        elif _behind({name}, study) & own:
            yield Problem(
                where,
                f"a column that the outcome {study.outcome} is not made of",
                f"{name}, whose gaps are the outcome's own",
                "name another column that was recorded before the outcome",
            )
        elif role == "covariate":
            yield Problem(
                where,
                "a column of role auxiliary",
                f"{name}, a covariate",
                "remove it: covariates are read anyway",
            )
        elif role != "auxiliary":
            yield Problem(
                where,
                "a column of role auxiliary",
                f"{name}, whose role is {role}",
                f"write `{name}: {{role: auxiliary, kind: ..., visit: 1}}` in the dictionary if it was recorded "
                "before the outcome could be",
            )


def _read_by_outcome(study: Study) -> set[str]:
    """Columns that make the analysis' outcome, those behind derived ones included."""
    outcome = study.outcomes.get(study.outcome)
    if outcome is None:
        return set()
    return _behind({str(outcome.column)} if outcome.expression is None else _named(outcome.expression), study)


def _behind(columns: set[str], study: Study) -> set[str]:
    """The columns and, of derived ones, all that they are made of."""
    found: set[str] = set()
    waiting = set(columns)
    while waiting:
        name = waiting.pop()
        found.add(name)
        if name in study.derived:
            waiting |= _named(study.derived[name].expression) - found
    return found


def _named(expression: str) -> set[str]:
    """Columns of an expression; none if it cannot be read, which is said elsewhere."""
    try:
        return set(names(parse(expression)))
    except ExpressionError:
        return set()
