"""Whether a study agrees with its frozen plan: every deviation, and whether an amendment covers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hetflow.prespecified.changes import Change, changes
from hetflow.prespecified.store import Frozen

_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Deviation:
    """A change of what was planned first.

    Attributes
    ----------
    change : Change
    amendment : int
        The last amendment that says so; 0 where none does.
    """

    change: Change
    amendment: int


def deviations(frozen: Frozen, now: Mapping[str, Any]) -> list[Deviation]:
    """Where a study deviates from the plan as it was frozen first, amended or not.

    A change is covered by an amendment if the plan as last amended says what is done; the last amendment that changed
    the key is then named.
    """
    still = changes(frozen.latest, now)
    return [
        Deviation(one, 0 if any(_same(one, other) for other in still) else _amendment(frozen, one.key))
        for one in changes(frozen.original, now)
    ]


def _same(one: Change, other: Change) -> bool:
    """Whether two changes are of one key, in an analysis that both have."""
    return one.key == other.key and (
        one.analyses == other.analyses or bool({*one.analyses} & {*other.analyses})
    )


def _amendment(frozen: Frozen, key: str) -> int:
    """The last amendment that changed a key; the last of all where none names it in the same words."""
    numbers = [
        number
        for number, one in enumerate(frozen.amendments, 1)
        if any(change["key"] == key for change in one["changes"])
    ]
    return numbers[-1] if numbers else len(frozen.amendments)


def agreement(frozen: Frozen | None, now: Mapping[str, Any]) -> str:
    """What `snakemake check` says of the plan, on one line."""
    if frozen is None:
        return "none is frozen; `snakemake plan` freezes one before outcomes are read"
    said = f"frozen on {frozen.documents[0]['frozen']['date']}"
    if frozen.amendments:
        said += (
            f", amended {len(frozen.amendments)} times" if len(frozen.amendments) > 1 else ", amended once"
        )
    found = deviations(frozen, now)
    uncovered = [one.change.key for one in found if not one.amendment]
    if not uncovered:
        return (
            f"{said}; the study agrees with it"
            if not found
            else f"{said}; the study agrees with it as amended"
        )
    more = ", ..." if len(uncovered) > _MOST_SHOWN else ""
    return f"{said}; {len(uncovered)} not as planned: {', '.join(uncovered[:_MOST_SHOWN])}{more}"
