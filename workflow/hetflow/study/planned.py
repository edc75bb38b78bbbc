"""What the analysis plan says beside the cohort's settings: everything that shapes results, resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hetflow.study.analyses import SECTIONS, is_sensitive, resolve_all
from hetflow.study.appraisals import APPRAISALS, appraised
from hetflow.study.base import PRIMARY

if TYPE_CHECKING:
    from hetflow.study.model import Study

_SHARED = ("study", "title", "seed", "folds", "minimum_cell_count", "estimand", "sensitivity")


def planned_slice(study: Study) -> dict[str, Any]:
    """Settings of the plan, as plain JSON values.

    The primary analysis stands in full, the others as what differs from it, so that the slice stays short
    (`hetflow.prespecified.content` puts them together again).
    """
    dump = study.model_dump(mode="json")
    resolved = resolve_all(study)
    methods = {name: methods_of(one) for name, one in resolved.items()}
    primary = methods.pop(PRIMARY)
    return {key: dump[key] for key in _SHARED} | {
        "probability": dump["design"]["probability"],
        "labels": {name: entry["label"] or name for name, entry in dump["analyses"].items()},
        "appraised": {
            part: [name for name, one in resolved.items() if part in appraised(one)] for part in APPRAISALS
        },
        "sensitive": [name for name, one in resolved.items() if is_sensitive(one)],
        "primary": primary,
        "others": {name: _differing(primary, own) for name, own in methods.items()},
        "hash_data": study.plan.hash_data,
        "amendments": dump["plan"]["amendments"],
    }


def methods_of(study: Study) -> dict[str, Any]:
    """How a resolved analysis is done: its outcome, the sections that analyses may change, its appraisals.

    Analyses differ in whether they are appraised; that makes no other route of them.
    """
    dump = study.model_dump(mode="json")
    shown = {
        name: {key: value for key, value in dump[name].items() if key != "analyses"} for name in APPRAISALS
    }
    return {key: dump[key] for key in (*SECTIONS, "outcome")} | shown


def _differing(primary: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of `own` whose values differ from the primary's, section by section."""
    found: dict[str, Any] = {}
    for section, value in own.items():
        if not isinstance(value, Mapping):
            changed = {} if value == primary[section] else {section: value}
        else:
            keys = {key: item for key, item in value.items() if item != primary[section][key]}
            changed = {section: keys} if keys else {}
        found |= changed
    return found
