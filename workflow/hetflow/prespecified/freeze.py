"""What `snakemake plan` does: freeze, say that nothing changed, write an amendment, or refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hetflow.errors import refuse
from hetflow.prespecified.changes import Change, changes
from hetflow.prespecified.content import digest
from hetflow.prespecified.document import amendment_text, plan_text
from hetflow.prespecified.store import Frozen, stem

_KEY = "plan.amendments"
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ToWrite:
    """A plan (number 0) or an amendment that is to be written.

    Attributes
    ----------
    number : int
    document : dict
        For its JSON.
    text : str
        Its document, as Markdown.
    """

    number: int
    document: dict[str, Any]
    text: str


def to_write(
    content: Mapping[str, Any],
    frozen: Frozen | None,
    amendments: Sequence[Mapping[str, Any]],
    when: Mapping[str, Any],
) -> ToWrite | None:
    """What must be written so that the plan is frozen as the study now stands.

    Parameters
    ----------
    content : mapping
        Of the study as it is (`hetflow.prespecified.content`).
    frozen : Frozen, optional
        What is frozen already.
    amendments : sequence of mapping
        ``date`` and ``reason`` of the study file's amendments.
    when : mapping
        When it is frozen, and after what; outside of what is hashed.

    Returns
    -------
    ToWrite or None
        None where the frozen plan says what the study says.

    Raises
    ------
    Refused
        If the plan changed without a new amendment, or amendments do not agree with those that are frozen.
    """
    if frozen is None:
        if amendments:
            refuse(
                _KEY,
                "no amendments before a plan is frozen",
                f"{len(amendments)}",
                "remove them, or put back the plan that they amend",
            )
        return _written(0, {"content": dict(content)}, plan_text(content), when)
    _as_frozen(frozen, amendments)
    found = changes(frozen.latest, content)
    new = amendments[len(frozen.amendments) :]
    if not new and not found:
        return None
    number = len(frozen.amendments) + 1
    if not new:
        refuse(
            _KEY,
            "the frozen plan, or a new amendment that says when and why it was changed",
            f"{len(found)} change{'s' if len(found) > 1 else ''}: {_shown(found)}",
            "take the changes back, or add for instance `- {date: 2026-12-31, reason: ...}` at the end of the list",
        )
    if not found:
        refuse(
            _KEY,
            "a change of the plan for each amendment",
            f"amendment {number} and no change",
            "remove it from the list, or change the study first",
        )
    if len(new) > 1:
        refuse(
            _KEY,
            f"one amendment more than the {number - 1} that are frozen",
            f"{len(new)} more",
            "freeze one at a time, or make one of them",
        )
    amends = frozen.documents[-1]["sha256"]
    own = {"content": dict(content), "amends": amends, "changes": [asdict(one) for one in found]} | dict(
        new[0]
    )
    return _written(number, own, amendment_text(number, new[0], found, content, amends), when)


def _written(number: int, own: Mapping[str, Any], text: str, when: Mapping[str, Any]) -> ToWrite:
    document = dict(own) | {"sha256": digest(own["content"]), "frozen": dict(when)}
    return ToWrite(number, document, text)


def _as_frozen(frozen: Frozen, amendments: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a study file that has lost or rewritten amendments."""
    if len(amendments) < len(frozen.amendments):
        refuse(
            _KEY,
            f"the {len(frozen.amendments)} amendments that are frozen",
            f"{len(amendments)}",
            "put back those that are missing, word for word",
        )
    for number, (then, now) in enumerate(zip(frozen.amendments, amendments, strict=False), 1):
        for key in ("date", "reason"):
            if then[key] != now[key]:
                refuse(
                    f"{_KEY}[{number - 1}].{key}",
                    f"as in {stem(number)}.json: {then[key]}",
                    str(now[key]),
                    "write it as it was frozen; add what is new as a new amendment",
                )


def _shown(found: Sequence[Change]) -> str:
    said = [f"{one.key} was {one.was}, is {one.now}" for one in found[:_MOST_SHOWN]]
    more = f"; and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
    return "; ".join(said) + more
