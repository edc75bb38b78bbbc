"""From plain values to a checked study: every mistake at once, each with file, key, expected, found and a remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from hetflow.errors import Problem, Refused, close_names, refuse_all
from hetflow.study.analyses import resolve, resolve_all
from hetflow.study.base import PRIMARY, section_key
from hetflow.study.consistency import analysis_inconsistencies, inconsistencies
from hetflow.study.covariates import covariate_problems
from hetflow.study.expressions import ExpressionError, names, parse
from hetflow.study.grammar import NAME
from hetflow.study.messages import problems_of, short
from hetflow.study.model import Study
from hetflow.study.route_checks import unused_keys
from hetflow.study.text import read_yaml, strange

__all__ = ["check_study", "merge", "read_yaml", "study_problems", "validated"]

#: What a drafted study file leaves for a person to say.
PLACEHOLDER = "FILL_IN"
_SEPARATORS = (";", "\t", "|")


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`changes` laid over `base`, mapping by mapping."""
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def check_study(values: Mapping[str, Any], source: str, header: Sequence[str] | None = None) -> Study:
    """A checked study.

    Parameters
    ----------
    values : mapping
        The study file's content.
    source : str
        Its name, for the messages.
    header : sequence of str, optional
        Column names of the data file; names that the study uses are then checked against it.

    Raises
    ------
    Refused
        With every problem that was found.
    """
    study = validated(values, source)
    refuse_all(study_problems(study, source, header))
    return study


def validated(values: Mapping[str, Any], source: str) -> Study:
    """A study each of whose keys is valid by itself; every other is refused."""
    refuse_all(strange(values, source))
    refuse_all(
        [
            Problem(
                f"{source}: {key}",
                "the study's own words",
                PLACEHOLDER,
                "replace it; config/README.md explains the key",
            )
            for key in _placeholders(values, "")
        ]
    )
    try:
        return Study.model_validate(values)
    except ValidationError as error:
        raise Refused(problems_of(error, source)) from None


def _placeholders(values: Any, key: str) -> Iterator[str]:
    """Keys whose value a drafted study still leaves open."""
    if values == PLACEHOLDER:
        yield key
    inner = (
        values.items()
        if isinstance(values, Mapping)
        else enumerate(values)
        if isinstance(values, list)
        else ()
    )
    for name, value in inner:
        yield from _placeholders(value, f"{key}.{name}" if key else str(name))


def study_problems(study: Study, source: str, header: Sequence[str] | None = None) -> list[Problem]:
    """What no single key can tell is wrong, with the names of the data file's columns if they are known."""
    if header is not None and unsplit(study, header):
        return [*inconsistencies(study, source), *_analyses(study, source), _one_column(source, header)]
    return [
        *inconsistencies(study, source),
        *_analyses(study, source),
        *_expressions(study, source, header),
        *covariate_problems(study, source, header),
    ]


def _analyses(study: Study, source: str) -> list[Problem]:
    """What cannot work in an analysis; what is wrong in the study itself is said once."""
    said: dict[Problem, str] = {}
    wrong = _overrides(study, source)
    if wrong:
        return wrong
    every = resolve_all(study)
    said |= dict.fromkeys(unused_keys({name: one.missingness for name, one in every.items()}), "")
    for analysis, resolved in every.items():
        for problem in analysis_inconsistencies(resolved):
            said.setdefault(problem, "" if analysis == PRIMARY else f"analyses.{analysis}.")
    return [replace(problem, where=f"{source}: {prefix}{problem.where}") for problem, prefix in said.items()]


def _overrides(study: Study, source: str) -> list[Problem]:
    """Keys of analyses that are valid by themselves, but not in the section that they change."""
    problems: list[Problem] = []
    for name in study.analyses:
        try:
            resolve(study, name)
        except ValidationError as error:
            section = section_key(error.title)
            found = problems_of(error, source)
            problems += [
                replace(p, where=p.where.replace(": ", f": analyses.{name}.{section}.", 1)) for p in found
            ]
    return problems


def _expressions(study: Study, source: str, header: Sequence[str] | None) -> list[Problem]:
    """Expressions that do not parse, and columns that the data file does not have."""
    problems: list[Problem] = []
    used: dict[str, str] = {"data.unit": study.data.unit, "treatment.column": study.treatment.column}
    for index, column in enumerate(study.design.strata):
        used[f"design.strata[{index}]"] = column
    for key in ("cluster", "weight"):
        if getattr(study.design, key):
            used[f"design.{key}"] = getattr(study.design, key)
    if study.design.probability is not None and not isinstance(study.design.probability, float):
        used["design.probability.column"] = study.design.probability.column
    expressions = {f"eligibility[{i}]": rule.expression for i, rule in enumerate(study.eligibility)}
    expressions |= {f"derived.{name}": entry.expression for name, entry in study.derived.items()}
    for name, entry in study.dictionary.items():
        if entry.applicable_if:
            expressions[f"dictionary.{name}.applicable_if"] = entry.applicable_if
    for name, outcome in study.outcomes.items():
        if outcome.expression:
            expressions[f"outcomes.{name}.expression"] = outcome.expression
        elif outcome.column:
            used[f"outcomes.{name}.column"] = outcome.column
    known = None if header is None else [*header, *study.derived]
    for key, text in expressions.items():
        try:
            columns = names(parse(text))
        except ExpressionError as error:
            problems.append(
                Problem(
                    f"{source}: {key}",
                    "an expression over columns",
                    f"{short(text)}: {error}",
                    _reading(text, known),
                )
            )
            continue
        problems += [
            _unknown(f"{source}: {key}", name, known) for name in sorted(columns) if _absent(name, known)
        ]
    problems += [
        _unknown(f"{source}: {key}", name, known) for key, name in used.items() if _absent(name, known)
    ]
    return problems


def unsplit(study: Study, header: Sequence[str]) -> bool:
    """Whether the header looks as if it had been read by another separator than the file's own."""
    if {study.data.unit, study.treatment.column} & set(header):
        return False
    return len(header) == 1 or any(sign in header[0] for sign in _SEPARATORS)


def _one_column(source: str, header: Sequence[str]) -> Problem:
    return Problem(
        f"{source}: data.delimiter",
        "a data file of several columns, the unit's and the treatment's among them",
        f"{'one column' if len(header) == 1 else 'columns that hold other separators'}, {short(header[0])}",
        "name the separator of the file (often `;`), or check that it is the right file",
    )


def _reading(text: str, known: Sequence[str] | None) -> str:
    """What to do about an expression that cannot be read: names that need it are put in backticks."""
    bare = [
        name for name in known or () if name in text and f"`{name}`" not in text and not NAME.fullmatch(name)
    ]
    if not bare:
        return "config/README.md explains expressions"
    return f"put names that hold blanks or signs in backticks: `{max(bare, key=len)}`"


def _absent(name: str, known: Sequence[str] | None) -> bool:
    return known is not None and name not in known


def _unknown(where: str, name: str, known: Sequence[str] | None) -> Problem:
    return Problem(where, "a column of the data file", name, _suggest(name, known or ()))


def _suggest(name: str, known: Sequence[str]) -> str:
    close = close_names(name, known)
    return f"did you mean {' or '.join(close)}?" if close else "correct the name, or add it under `derived`"
