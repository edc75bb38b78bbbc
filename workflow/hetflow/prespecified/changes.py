"""What differs between two plans, key by key, and whether it touches the analysis of the outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hetflow.files import canonical_json
from hetflow.prespecified.planned_tests import key as test_key
from hetflow.study.base import PRIMARY

ABSENT = "not there"
PRIMARY_OUTCOME, OTHER_OUTCOME, NOT_OUTCOME = "primary analysis", "other analyses", "no"
"""Whether a change touches the analysis of the outcome, and whose."""
_TESTS = "tests"
#: Parts of a plan that only name or describe.
_NAMES = frozenset({"format", "study", "title", "labels", _TESTS})
_WORDS = {
    "outcomes": {"label", "unit"},
    "columns": {"label", "unit"},
    "treatment": {"treated_label", "control_label"},
    "eligibility": {"labels"},
}
#: Keys that change what is described or shown, and no estimate of the outcome's effect.
_DESCRIPTIVE = frozenset(
    {
        ("shared", "minimum_cell_count"),
        ("missingness", "groups"),
        ("estimates", "displays"),
    }
)
_UNREAD = ("ignore", ABSENT)

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One key that differs.

    Attributes
    ----------
    key : str
        As the study file would name it, its place joined by dots.
    analyses : tuple of str
        Analyses whose settings it is, where it is one of theirs; else empty.
    was, now : str
        Values as JSON text; ``not there`` for a key that one of the two has not.
    touches : str
        `PRIMARY_OUTCOME`, `OTHER_OUTCOME` or `NOT_OUTCOME`.
    """

    key: str
    analyses: tuple[str, ...]
    was: str
    now: str
    touches: str


def changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """Everything that differs between two plans and shapes results; labels and descriptions do not.

    Parameters
    ----------
    was, now : mapping
        From `hetflow.prespecified.content.content`.

    Returns
    -------
    list of Change
        In the plan's order. A key that changed alike in several analyses is listed once.
    """
    found: list[Change] = []
    for part in dict.fromkeys([*was, *now]):
        if part in _NAMES:
            continue
        if part == "analyses":
            found += _of_analyses(was[part], now[part])
            continue
        before, after = was.get(part, ABSENT), now.get(part, ABSENT)
        found += [
            Change(_key(path), (), _text(a), _text(b), _touches(path, a, b, was, now))
            for path, a, b in _differences((part,), before, after)
        ]
    return found + _of_tests(was, now)


def _differences(path: Path, was: Any, now: Any) -> Iterator[tuple[Path, Any, Any]]:
    """Innermost keys that differ; a section that one side has not is told whole."""
    if was == now or path[-1] in _WORDS.get(path[0], ()):
        return
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*was, *now]):
            yield from _differences((*path, str(key)), was.get(key, ABSENT), now.get(key, ABSENT))
        return
    yield path, was, now


def _key(path: Path) -> str:
    """A place in a plan as the study file would name it."""
    first = {"shared": (), "question": ("estimand",), "data_sha256": ("data.file (SHA-256)",)}
    return ".".join((*first.get(path[0], path[:1]), *path[1:]))


def _of_analyses(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """Settings of the analyses that differ; alike in several, they are one change."""
    alike: dict[tuple[Path, str, str], list[str]] = {}
    found: list[Change] = []
    for name in sorted({*was, *now}, key=lambda one: (one != PRIMARY, one)):
        if name not in was or name not in now:
            words = ("planned", ABSENT) if name in was else (ABSENT, "made")
            found.append(Change(f"analyses.{name}", (name,), *words, OTHER_OUTCOME))
            continue
        for path, a, b in _differences(("",), was[name], now[name]):
            alike.setdefault((path[1:], _text(a), _text(b)), []).append(name)
    return [
        Change(".".join(path), tuple(names), a, b, _of_settings(path, names))
        for (path, a, b), names in alike.items()
    ] + found


def _of_settings(path: Path, names: list[str]) -> str:
    if tuple(path[:2]) in _DESCRIPTIVE:
        return NOT_OUTCOME
    return PRIMARY_OUTCOME if PRIMARY in names else OTHER_OUTCOME


def _touches(path: Path, was: Any, now: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Whether a change outside of the analyses' own settings touches them."""
    if tuple(path[:2]) in _DESCRIPTIVE:
        return NOT_OUTCOME
    if path[0] == "columns" and len(path) == 2:
        return NOT_OUTCOME if all(_role(one) in _UNREAD for one in (was, now)) else PRIMARY_OUTCOME
    if path[:2] == ("shared", "appraised"):
        named = set(was if was != ABSENT else ()) ^ set(now if now != ABSENT else ())
        return PRIMARY_OUTCOME if PRIMARY in named else OTHER_OUTCOME
    if path[0] == "outcomes" and len(path) > 1:
        used = {one["analyses"][PRIMARY]["outcome"] for one in (before, after)}
        return PRIMARY_OUTCOME if path[1] in used else OTHER_OUTCOME
    return PRIMARY_OUTCOME


def _role(column: Any) -> str:
    return str(column["role"]) if isinstance(column, Mapping) else ABSENT


def _of_tests(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """Tests that only one of the plans names."""
    before = {test_key(test): test for test in was[_TESTS]}
    after = {test_key(test): test for test in now[_TESTS]}
    found = []
    for key in dict.fromkeys([*before, *after]):
        if key in before and key in after:
            continue
        test = before.get(key) or after[key]
        words = (test["plan"], ABSENT) if key in before else (ABSENT, test["plan"])
        found.append(of_test(test, *words))
    return found


def of_test(test: Mapping[str, str], was: str, now: str) -> Change:
    """A test that was planned and is not made, or the reverse."""
    named = " ".join(word for word in (test["stage"], test["test"]) if word)
    touches = PRIMARY_OUTCOME if test["analysis"] == PRIMARY else OTHER_OUTCOME
    touches = touches if test["analysis"] else NOT_OUTCOME
    return Change(f"{_TESTS}: {named}", (test["analysis"],) if test["analysis"] else (), was, now, touches)


def _text(value: Any) -> str:
    return value if value == ABSENT else canonical_json(value)
