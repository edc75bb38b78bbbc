"""Which keys of its settings a stage's script reads, seen by running it."""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import hetflow.files


class Read(dict[str, Any]):
    """A mapping that notes which keys are read, in itself and in its sections, also after others are laid over it.

    Whoever goes through all keys reads them all.
    """

    def __init__(self, values: Mapping[str, Any], seen: set[str], names: Mapping[str, str]) -> None:
        super().__init__(values)
        self.seen, self.names = seen, names

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if key not in self.names:
            return value
        name = self.names[key]
        self.seen.add(name)
        if isinstance(value, dict) and "." not in name:
            return Read(value, self.seen, {inner: f"{name}.{inner}" for inner in value})
        return value

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self.keys() else default

    def __or__(self, other: Mapping[str, Any]) -> Read:  # type: ignore[override]
        names = {key: name for key, name in self.names.items() if key not in other}
        if isinstance(other, Read):
            names |= other.names
        both = dict(super().items())
        both.update(dict.items(other) if isinstance(other, dict) else other.items())
        return Read(both, self.seen, names)

    def __ior__(self, other: Any) -> Read:  # type: ignore[override,misc]
        return self | other

    def __ror__(self, other: Mapping[str, Any]) -> Read:  # type: ignore[override]
        return Read(other, self.seen, {}) | self

    def __iter__(self) -> Iterator[str]:
        self.seen.update(self.names.values())
        return super().__iter__()

    def items(self) -> Any:
        self.seen.update(self.names.values())
        return super().items()

    def values(self) -> Any:
        self.seen.update(self.names.values())
        return super().values()


def _all_keys(settings: Mapping[str, Any]) -> set[str]:
    inner = {f"{key}.{name}" for key, value in settings.items() if isinstance(value, dict) for name in value}
    return set(settings) | inner


def keys_read(command: str, monkeypatch: Any) -> tuple[set[str], set[str]]:
    """Run a rule's command in this process.

    Parameters
    ----------
    command : str
        A shell command of a rule: interpreter, script, options.
    monkeypatch : pytest.MonkeyPatch

    Returns
    -------
    held, seen : set of str
        Keys of its settings, also of their sections (``section.key``), and those that it read.
    """
    words = shlex.split(command)
    place = next(i for i, word in enumerate(words) if word.endswith(".py"))
    name, options = words[place].rsplit("/", 1)[-1].removesuffix(".py"), words[place + 1 :]
    settings = options[options.index("--settings") + 1]
    held: set[str] = set()
    seen: set[str] = set()
    plain = hetflow.files.read_json

    def noted(path: Any, contract: str) -> Any:
        found = plain(path, contract)
        if str(path) != settings:
            return found
        held.update(_all_keys(found))
        return Read(found, seen, {key: key for key in found})

    module = importlib.import_module(name)
    monkeypatch.setattr(module, "read_json", noted)
    assert module.main(options) == 0, name
    return held, seen
