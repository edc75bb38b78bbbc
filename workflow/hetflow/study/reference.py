"""The list of keys in config/README.md, made from the models so that it cannot fall behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hetflow.study.base import section_key
from hetflow.study.route_checks import ENGINES_THAT_TAKE_MISSING
from hetflow.study.routes import COMPLETE, MEASURED, ROUTES, SEEN
from hetflow.study.schema import study_schema

START = "<!-- keys: written by `make schema` -->"
END = "<!-- end of keys -->"


def key_lines() -> Iterator[str]:
    """Markdown lines: one table a section, one row a key with type, default and meaning."""
    schema = study_schema()
    definitions = schema.pop("$defs")
    yield from _section("The study", "", schema, definitions)
    yield ""
    for name, title in _sections(schema):
        yield from _section(title, name, definitions[title], definitions)
        yield ""
        if title == "Missingness":
            yield from _strategies()
            yield ""


_REFERS = {
    MEASURED: "if covariates were measured",
    SEEN: "as patients are seen",
    COMPLETE: "as patients are seen; only of covariates without gaps",
}


def _strategies() -> Iterator[str]:
    """What each strategy answers, on which assumption, and where it is refused."""
    yield (
        "Average effects, rankings and groups by predicted effect are about patients as they are seen, in every route. "
        "Strategies differ in what groups by a rule and slopes of the projection are about, and in what they rest on:"
    )
    yield ""
    yield "| strategy | groups by a rule, slopes | rests on, in a trial | in an observational design | engines |"
    yield "|---|---|---|---|---|"
    for route in ROUTES.values():
        engines = ", ".join(ENGINES_THAT_TAKE_MISSING) if route.gaps else "any"
        other = route.observational or "refused"
        if route.unconfounded_despite:
            other += " (refused without `unconfounded_despite_missingness`)"
        answer = _REFERS[route.answers["projection"]]
        yield f"| `{route.name}`: {route.title} | {answer} | {route.assumption} | {other} | {engines} |"


def _sections(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Key and definition of each section, nested ones after the section that holds them."""
    for key, rule in schema["properties"].items():
        for title in _references(rule):
            several = "additionalProperties" in rule or "patternProperties" in rule
            listed = rule.get("type") == "array"
            yield f"{key}.<name>" if several else f"{key}[ ]" if listed else key, title
            if title == "Design":
                yield "design.probability", "StratumProbability"
            if title == "Estimates":
                yield "estimates.rules.<name>", "GroupRule"
            if title == "Report":
                yield "report.authors[ ]", "Author"
            if title == "Plan":
                yield "plan.amendments[ ]", "Amendment"


def _meaning(rule: dict[str, Any], definitions: dict[str, Any]) -> str:
    """A key's description; that of the section it holds where it has none of its own."""
    own = rule.get("description") or next(
        (definitions[title].get("description", "") for title in _references(rule)), ""
    )
    return str(own).split("\n\n")[0].replace("\n", " ").replace("|", "/")


def _section(title: str, key: str, schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    yield f"### {f'`{key}`' if key else title}"
    yield ""
    if schema.get("description"):
        yield schema["description"].split("\n\n")[0].replace("\n", " ")
        yield ""
    yield "| key | what | type | default |"
    yield "|---|---|---|---|"
    required = set(schema.get("required", ()))
    for name, rule in schema["properties"].items():
        default = (
            "required" if name in required else f"`{json.dumps(rule.get('default'), ensure_ascii=False)}`"
        )
        if name not in required and "default" not in rule:
            default = "see the section"
        if isinstance(rule.get("default"), dict) and rule["default"]:
            default = "see the section"
        yield f"| `{name}` | {_meaning(rule, definitions)} | {_type(rule)} | {default} |"


def _type(rule: dict[str, Any]) -> str:
    """A JSON-schema type in words."""
    if "enum" in rule:
        return " / ".join(f"`{value}`" for value in rule["enum"])
    if "const" in rule:
        return f"`{rule['const']}`"
    if "anyOf" in rule:
        return " or ".join(dict.fromkeys(_type(option) for option in rule["anyOf"]))
    if "$ref" in rule:
        return f"keys of `{section_key(rule['$ref'].rsplit('/', 1)[-1])}`"
    if rule.get("type") == "array":
        return f"list of {_type(rule['items'])}" if "items" in rule else "list"
    if rule.get("type") == "object":
        values = [rule.get("additionalProperties"), *rule.get("patternProperties", {}).values()]
        named = [value for value in values if isinstance(value, dict)]
        return f"names, each with {_type(named[0])}" if named else "keys"
    words = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true / false",
        "null": "none",
    }
    return words.get(str(rule.get("type")), "value")


def _references(rule: Any) -> Iterator[str]:
    """Definitions that a key's value refers to."""
    if isinstance(rule, dict):
        if "$ref" in rule:
            yield rule["$ref"].rsplit("/", 1)[-1]
        for value in rule.values():
            yield from _references(value)
    elif isinstance(rule, list):
        for value in rule:
            yield from _references(value)


def with_keys(text: str) -> str:
    """A page with the part between its two marks renewed."""
    before, rest = text.split(START)
    after = rest.split(END)[1]
    return before + START + "\n\n" + "\n".join(key_lines()).rstrip() + "\n\n" + END + after
