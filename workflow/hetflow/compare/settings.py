"""Settings of two runs compared key by key; what many stages read is told once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hetflow.compare.read import Run
from hetflow.files import canonical_json

ABSENT = "not there"
SEED = "seed"
_MOST_DEPTH = 60
#: Told by the data's hash and not by its name, which a crate leaves out.
_NOT_COMPARED = ("data.file",)


@dataclass(frozen=True, slots=True)
class Changed:
    """A key whose value differs.

    Attributes
    ----------
    key : str
        Names from the outermost in, joined by points; empty where a whole settings file is in one run only.
    a, b : str
        Its values as JSON, or `ABSENT`.
    files : tuple of str
        Settings files that hold it with these values.
    """

    key: str
    a: str
    b: str
    files: tuple[str, ...]

    @property
    def stages(self) -> tuple[str, ...]:
        """Stages that read it."""
        return tuple(sorted({name.rsplit("/", 1)[-1].removesuffix(".json") for name in self.files}))

    @property
    def is_seed(self) -> bool:
        """Whether this is the seed of random draws."""
        return self.key == SEED


def changed_settings(a: Run, b: Run) -> list[Changed]:
    """Keys that differ, in the order of their names; the same change in several files is one.

    The path of the data is left out: the data are compared by their hash.
    """
    found: dict[tuple[str, str, str], list[str]] = {}
    for name in sorted({*a.settings, *b.settings}):
        for key, was, now in _differences(a.settings.get(name), b.settings.get(name)):
            if key not in _NOT_COMPARED:
                found.setdefault((key, was, now), []).append(name)
    return [Changed(*parts, tuple(names)) for parts, names in sorted(found.items())]


def _differences(a: Any, b: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, str, str]]:
    if isinstance(a, Mapping) and isinstance(b, Mapping) and depth < _MOST_DEPTH:
        for name in sorted({*a, *b}):
            inner = f"{key}.{name}" if key else str(name)
            missing = object()
            was, now = a.get(name, missing), b.get(name, missing)
            if was is missing or now is missing:
                said = [ABSENT if one is missing else canonical_json(one) for one in (was, now)]
                yield inner, said[0], said[1]
            else:
                yield from _differences(was, now, inner, depth + 1)
        return
    if a is None or b is None:
        if a is not b:
            yield key, _whole(a, key), _whole(b, key)
        return
    was, now = canonical_json(a), canonical_json(b)
    if was != now:
        yield key, was, now


def _whole(value: Any, key: str) -> str:
    """A value beside one that is null, or a file beside none."""
    if key:
        return canonical_json(value)
    return ABSENT if value is None else "there"
