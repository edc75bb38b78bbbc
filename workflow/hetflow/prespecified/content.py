"""What an analysis plan says: everything that shapes results, from the study's settings and the data's column names."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from hetflow import __version__
from hetflow.cohort.dictionary import IN_COHORT, Entry, resolve
from hetflow.files import content_digest, plain_json
from hetflow.prespecified.planned_tests import planned_tests

FORMAT = 1
#: Keys that say how jobs are cut, not what they compute.
_OF_JOBS = {"forest": ("shard_bags",), "splits": ("job_splits",)}


def content(
    cohort: Mapping[str, Any],
    planned: Mapping[str, Any],
    header: Sequence[str],
    data_sha256: str | None = None,
) -> dict[str, Any]:
    """The plan's content.

    Parameters
    ----------
    cohort, planned : mapping
        Settings of the cohort (`hetflow.study.study_slices`) and of the plan (`hetflow.study.planned`).
    header : sequence of str
        Names of the data file's columns; their order does not matter.
    data_sha256 : str, optional
        Of the data file, if the plan is to name it.

    Returns
    -------
    dict
        Plain JSON. It names no path, and depends on the data file through its column names (and hash) alone.
    """
    design = {key: cohort["design"][key] for key in ("kind", "strata", "cluster", "weight", "minimum_arm")}
    analyses = _analyses(planned)
    found = {
        "format": FORMAT,
        "hetflow": __version__,
        "study": planned["study"],
        "title": planned["title"],
        "question": planned["estimand"],
        "data": {key: value for key, value in cohort["data"].items() if key != "file"},
        "design": design | {"probability": planned["probability"]},
        "treatment": cohort["treatment"],
        "outcomes": cohort["outcomes"],
        "eligibility": {
            "rules": [rule["expression"] for rule in cohort["eligibility"]],
            "labels": [rule["label"] for rule in cohort["eligibility"]],
        },
        "derived": {name: entry["expression"] for name, entry in cohort["derived"].items()},
        "columns": _columns(cohort, header),
        "shared": {key: planned[key] for key in ("seed", "folds", "minimum_cell_count", "sensitivity")}
        | {"sensitive": planned["sensitive"], "appraised": planned["appraised"]},
        "labels": planned["labels"],
        "analyses": analyses,
        "tests": planned_tests(
            analyses, planned["appraised"], planned["sensitive"], cohort["design"]["kind"] == "randomised"
        ),
    }
    return dict(plain_json(copy.deepcopy(found))) | ({"data_sha256": data_sha256} if data_sha256 else {})


def digest(plan: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of a plan's content."""
    return content_digest(plan)


def _analyses(planned: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Every analysis in full, without what only cuts jobs."""
    found: dict[str, dict[str, Any]] = {}
    for name, changes in {"primary": {}, **planned["others"]}.items():
        whole = copy.deepcopy(dict(planned["primary"]))
        for section, change in changes.items():
            whole[section] = {**whole[section], **change} if isinstance(change, Mapping) else change
        for section, keys in _OF_JOBS.items():
            whole[section] = {key: value for key, value in whole[section].items() if key not in keys}
        found[name] = whole
    return found


def _columns(cohort: Mapping[str, Any], header: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Each column of the file and each derived one, as the dictionary says; those that are not read by name alone."""
    roles = {cohort["data"]["unit"]: "unit", cohort["treatment"]["column"]: "treatment"}
    dictionary = {name: dict(entry) for name, entry in cohort["dictionary"].items()}
    entries = resolve(dictionary, list(header), cohort["derived"], roles)
    return {name: _column(entries[name]) for name in sorted(entries)}


def _column(entry: Entry) -> dict[str, Any]:
    if entry.role not in IN_COHORT:
        return {"role": entry.role}
    return {
        "role": entry.role,
        "kind": entry.kind,
        "label": entry.label or entry.name,
        "unit": entry.unit or "",
        "levels": None if entry.levels is None else list(entry.levels),
        "missing": dict(entry.missing),
        "block": entry.block,
        "visit": entry.visit,
        "applicable_if": entry.applicable_if,
        "not_applicable": entry.not_applicable,
        "mask_fixed_before_randomisation": entry.mask_fixed_before_randomisation,
    }
