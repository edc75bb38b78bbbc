"""From YAML text to a checked study: every mistake at once, each with file, key, expected, found and a remedy."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from hetflow.errors import Problem, Refused, refuse, refuse_all
from hetflow.study.analyses import resolve_all
from hetflow.study.expressions import ExpressionError, names, parse
from hetflow.study.model import PRIMARY, Study, analysis_inconsistencies, inconsistencies

_MOST_BYTES = 1_000_000  # a study file is prose and names; a larger one is a mistake or an attack
_MOST_DEPTH = 20


class _Loader(yaml.SafeLoader):
    """Plain YAML: no tags, no aliases (they can explode), no repeated keys (one would silently win)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.MarkedYAMLError(
                problem="anchors and aliases are not allowed", problem_mark=event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(self.construct_object(key_node, deep=True))
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key!r} stands twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: str | Path) -> dict[str, Any]:
    """A study file as plain values.

    Raises
    ------
    Refused
        If it cannot be read, is not UTF-8, not YAML, not a mapping, repeats a key or uses aliases.
    """
    source = str(path)
    try:
        raw = Path(path).read_bytes()
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(
            source, "UTF-8 text", f"a byte that is not at position {error.start}", "save the file as UTF-8"
        )
    except OSError as error:
        refuse(source, "a study file", error.strerror or "not readable", "check the path after --configfile")
    if len(raw) > _MOST_BYTES:
        refuse(source, f"at most {_MOST_BYTES:,} bytes", f"{len(raw):,}", "use patterns in the dictionary")
    try:
        values = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with more refusals
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{source}, line {mark.line + 1}, column {mark.column + 1}" if mark else source
        refuse(place, "valid YAML", str(error.problem), "mind indentation, colons and quotes there")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        refuse(source, "valid YAML", str(error).splitlines()[0] or "too deeply nested", "simplify the file")
    if not isinstance(values, dict):
        refuse(source, "keys and values", f"{type(values).__name__}", "start from config/opt.yaml")
    return values


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
    try:
        study = Study.model_validate(values)
    except ValidationError as error:
        raise Refused([_problem(item, source) for item in error.errors(include_url=False)]) from None
    problems = [*inconsistencies(study, source)]
    problems += _analyses(study, source)
    problems += _expressions(study, source, header)
    refuse_all(problems)
    return study


def _analyses(study: Study, source: str) -> list[Problem]:
    """What cannot work in an analysis; what is wrong in the study itself is said once."""
    said: dict[Problem, str] = {}
    for analysis, resolved in resolve_all(study).items():
        for problem in analysis_inconsistencies(resolved):
            said.setdefault(problem, "" if analysis == PRIMARY else f"analyses.{analysis}.")
    return [replace(problem, where=f"{source}: {prefix}{problem.where}") for problem, prefix in said.items()]


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
                    f"{text!r}: {error}",
                    "see config/README.md",
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


def _absent(name: str, known: Sequence[str] | None) -> bool:
    return known is not None and name not in known


def _unknown(where: str, name: str, known: Sequence[str] | None) -> Problem:
    return Problem(where, "a column of the data file", name, _suggest(name, known or ()))


def _suggest(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(close)}?" if close else "correct the name, or add it under `derived`"


def _problem(item: Any, source: str) -> Problem:
    """One pydantic error in the user's words."""
    path = [str(part) for part in item["loc"] if not _is_model_tag(part)]
    key = ".".join(path) or "the file"
    kind = item["type"]
    found = item.get("input")
    shown = "nothing" if kind == "missing" else _short(found)
    if kind == "extra_forbidden":
        allowed = _allowed(path[:-1])
        return Problem(
            f"{source}: {key}", "a key that hetflow knows", path[-1], _suggest_key(path[-1], allowed)
        )
    if kind == "missing":
        return Problem(
            f"{source}: {key}", "a value: the key is required", shown, "add it; config/README.md explains it"
        )
    expected = item["msg"].replace("Input should be ", "").replace("Value error, ", "")
    return Problem(
        f"{source}: {key}", expected, shown, "correct the value; config/README.md explains the key"
    )


def _is_model_tag(part: Any) -> bool:
    return isinstance(part, str) and part in {"float", "int", "str", "bool", "StratumProbability"}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _allowed(path: Sequence[str]) -> list[str]:
    """Keys that a section at `path` knows."""
    model: Any = Study
    for part in path:
        fields = getattr(model, "model_fields", {})
        if part in fields:
            model = _model_in(fields[part].annotation) or model
    return list(getattr(model, "model_fields", {}))


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        found = _model_in(inner)
        if found is not None:
            return found
    return None


def _suggest_key(name: str, allowed: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, allowed, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known keys there: {', '.join(allowed)}"
