"""From a study file's bytes to plain values: YAML without what can run code, explode, or mean two things."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from hetflow.errors import Problem, control_characters, refuse, refuse_all

_MOST_BYTES = 300_000  # a study file is prose and names; a larger one is a mistake or an attack
_MOST_DIGITS = 40  # of a number in the file
_LARGEST = 10**18  # of a whole number: beyond, 64 bits cannot hold it
_DEEPEST = 40  # sections within sections; the deepest key of a study is the seventh
_MOST_VALUES = 50_000  # keys and items; 2,000 columns named one by one are fewer
_MOST_STRANGE = 20  # values that no study can hold, of which more are not looked for


class _Loader(yaml.SafeLoader):
    """Plain YAML: no tags, no aliases (they can explode), no repeated keys (one would silently win)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise _at(self.peek_event(), "anchors and aliases are not allowed")
        event = self.peek_event()
        if getattr(event, "anchor", None) is not None:
            raise _at(event, "anchors and aliases are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key_node, _ in getattr(node, "value", ()) if isinstance(node, yaml.MappingNode) else ():
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise _at(key_node, "the key << is not allowed; write out what it would merge")
            key = str(self.construct_object(key_node, deep=True))
            if key in seen:
                raise _at(key_node, f"the key {key!r} stands twice")
            seen.add(key)
        return super().construct_mapping(node, deep=deep)

    def construct_yaml_int(self, node: Any) -> int:
        return int(super().construct_yaml_int(_short_number(node)))

    def construct_yaml_float(self, node: Any) -> float:
        return float(super().construct_yaml_float(_short_number(node)))

    def construct_tagged(self, node: Any) -> Any:
        raise _at(node, "tags (!!) are not allowed; write plain text, lists and keys")

    def construct_sign(self, node: Any) -> Any:
        raise _at(node, "a lone = is no value; put it in quotes")


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)
for _tag in ("binary", "omap", "pairs", "set"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Loader.construct_tagged)
_Loader.add_constructor("tag:yaml.org,2002:value", _Loader.construct_sign)


def _at(place: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=place.start_mark)


def _short_number(node: Any) -> Any:
    if len(getattr(node, "value", "")) > _MOST_DIGITS:
        raise _at(node, f"a number of more than {_MOST_DIGITS} digits")
    return node


def read_yaml(path: str | Path) -> dict[str, Any]:
    """A study file as plain values.

    Parameters
    ----------
    path : str or Path
        The study file.

    Raises
    ------
    Refused
        If it cannot be read, is not UTF-8, not YAML, not a mapping, repeats a key, uses anchors, asks to be evaluated,
        or holds what no study can (see `strange`).
    """
    source = str(path)
    values = _parsed(_text(path, source), source)
    if not isinstance(values, dict):
        refuse(source, "keys and values", f"{type(values).__name__}", "start from config/opt.yaml")
    if "__use_yte__" in values:
        refuse(
            source, "plain YAML", "__use_yte__, which evaluates parts of the file as code", "remove that key"
        )
    refuse_all(strange(values, source))
    return values


def _text(path: str | Path, source: str) -> str:
    try:
        if not Path(path).is_file() and Path(path).exists():
            refuse(source, "a study file", "no regular file", "check the path after --configfile")
        size = Path(path).stat().st_size
        raw = Path(path).read_bytes() if size <= _MOST_BYTES else b""
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(
            source, "UTF-8 text", f"a byte that is not at position {error.start}", "save the file as UTF-8"
        )
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or "not readable"
        refuse(source, "a study file", found, "check the path after --configfile")
    if size > _MOST_BYTES:
        refuse(source, f"at most {_MOST_BYTES:,} bytes", f"{size:,}", "use patterns in the dictionary")
    return text


def _parsed(text: str, source: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with more refusals
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{source}, line {mark.line + 1}, column {mark.column + 1}" if mark else source
        refuse(place, "valid YAML", str(error.problem), "mind indentation, colons and quotes there")
    except RecursionError:
        refuse(source, "valid YAML", "brackets or sections nested too deeply", "simplify the file")
    except (yaml.YAMLError, ValueError, ArithmeticError) as error:
        refuse(source, "valid YAML", str(error).splitlines()[0], "correct the value, or put it in quotes")


def strange(values: Any, source: str) -> list[Problem]:
    """Values that no study can hold: control characters, numbers beyond 64 bits, sections without end.

    Parameters
    ----------
    values : mapping
        Plain values, from a study file or from the command line.
    source : str
        The study file's name, for the messages.
    """
    problems: list[Problem] = []
    for count, (key, value) in enumerate(_leaves(values, "", 0)):
        if count > _MOST_VALUES:
            expected = f"at most {_MOST_VALUES:,} keys and items"
            return [Problem(source, expected, "more", "use patterns in the dictionary")]
        found = _strange(value)
        if found:
            problems.append(Problem(f"{source}: {key}", *found))
        if len(problems) == _MOST_STRANGE:
            break
    return problems


def _leaves(value: Any, key: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Every key and every value with its place; what lies too deep is handed on whole."""
    if depth > _DEEPEST or not isinstance(value, Mapping | list | tuple | set):
        yield key, value
        return
    inner = value.items() if isinstance(value, Mapping) else enumerate(value)
    for name, item in inner:
        place = f"{key}.{name}" if key else str(name)
        if isinstance(value, Mapping):
            yield place, name
        yield from _leaves(item, place, depth + 1)


def _strange(value: Any) -> tuple[str, str, str] | None:
    """What is expected and found, and what to do, if no study can hold the value."""
    if isinstance(value, Mapping | list | tuple | set):
        return f"at most {_DEEPEST} sections within one another", "more", "simplify it"
    if isinstance(value, int) and abs(value) >= _LARGEST:
        return (
            "a whole number of at most 18 digits",
            "more digits",
            "write it shorter, or put a code in quotes",
        )
    if not isinstance(value, str):
        return None
    wrong = control_characters(value)
    if not wrong:
        return None
    return "text without control characters", f"{wrong[0]!r}", "remove that character"
