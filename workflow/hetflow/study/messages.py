"""What pydantic finds wrong with a study file, in the user's words."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from hetflow.errors import Problem
from hetflow.study.base import NAME
from hetflow.study.description import SEPARATOR
from hetflow.study.methods import ORCID
from hetflow.study.model import Study

PATTERNS = {
    NAME: "small letters, digits and underscores, a letter first, at most 40 (it names a folder)",
    SEPARATOR: "one plain character, no quotation mark",
    ORCID: "an ORCID such as 0000-0002-1825-0097",
}

INSTEAD = {
    "treatment.arms": (
        "a study compares two groups: write one study for each arm against the control, naming the arm's values under "
        "`treated`, which leaves units of other arms out; docs/several_arms.md estimates several arms together"
    ),
}
"""What to do instead of keys that one might expect."""


def problems_of(error: ValidationError, source: str) -> list[Problem]:
    """All pydantic errors, the alternatives of one key in one."""
    found: dict[tuple[str, str], Problem] = {}
    for item in error.errors(include_url=False):
        problem = _problem(item, source)
        key = (problem.where, problem.found)
        if key in found and problem.expected not in found[key].expected:
            problem = replace(problem, expected=f"{found[key].expected}, or {problem.expected}")
        found[key] = problem
    return list(found.values())


def _problem(item: Any, source: str) -> Problem:
    """One pydantic error in the user's words."""
    path = [str(part) for place, part in enumerate(item["loc"]) if place == 0 or not _is_model_tag(part)]
    key = ".".join(path) or "the file"
    kind = item["type"]
    found = item.get("input")
    shown = "nothing" if kind == "missing" else short(found)
    if kind == "extra_forbidden":
        allowed = _allowed(path[:-1])
        remedy = INSTEAD.get(key) or _suggest_key(path[-1], allowed)
        return Problem(f"{source}: {key}", "a key that hetflow knows", path[-1], remedy)
    if kind == "missing":
        return Problem(
            f"{source}: {key}", "a value: the key is required", shown, "add it; config/README.md explains it"
        )
    expected = _expected(item)
    remedy = "correct the value; config/README.md explains the key"
    if isinstance(found, date | bool) and expected == "text":
        remedy = "put the value in quotes"
    return Problem(f"{source}: {key}", expected, shown, remedy)


def _expected(item: Any) -> str:
    """What pydantic wants, without its own words."""
    kind, context = item["type"], item.get("ctx") or {}
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(context.get("pattern", ""), f"text like {context.get('pattern')}")
    if kind in ("model_type", "dict_type"):
        return "keys and values"
    if kind in ("too_short", "string_too_short"):
        return f"at least {context.get('min_length')} {'character' if 'string' in kind else 'item'}"
    if kind in ("too_long", "string_too_long"):
        return f"at most {context.get('max_length')} {'characters' if 'string' in kind else 'items'}"
    if kind == "invalid_key":
        return "keys that are text; put it in quotes"
    plain = {"list_type": "a list in square brackets", "string_type": "text", "int_type": "a whole number"}
    plain |= {"int_parsing": "a whole number", "int_from_float": "a whole number", "float_type": "a number"}
    plain |= {"float_parsing": "a number", "int_parsing_size": "a smaller whole number"}
    return plain.get(kind, item["msg"].replace("Input should be ", "").replace("Value error, ", ""))


def _is_model_tag(part: Any) -> bool:
    if not isinstance(part, str):
        return False
    plain = {"float", "int", "str", "bool", "StratumProbability"}
    return part in plain or part.startswith(("constrained-", "literal["))


def short(value: Any) -> str:
    """A value as a message shows it."""
    if isinstance(value, date):
        return f"{value.isoformat()}, which YAML reads as a date"
    text = "an empty value" if value is None else repr(value)
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
