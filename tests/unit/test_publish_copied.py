"""What a crate copies whole: hashes, settings and the frozen plan name no identifier and tell no suppressed count."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hetflow.disk import sha256
from hetflow.errors import Refused
from hetflow.files import read_json, write_table
from hetflow.manifest import artefact_key
from hetflow.publish.content import manifest_file, plan_files, refuse_what_is_not_allowed
from hetflow.publish.last_look import refuse_named
from planned_study import freeze
from published_attack import THRESHOLD
from published_rules import flow
from small_project import small_data


def _guesses(folder: Path) -> dict[int, str]:
    """SHA-256 of the flow's table by how many were left out: whoever has source and environment can make them all."""
    found = {}
    for few in range(1, THRESHOLD):
        write_table(flow(840, [few]), folder / f"{few}.parquet", "table")
        found[few] = sha256(folder / f"{few}.parquet")
    return found


def test_no_published_hash_tells_a_right_guess_of_a_suppressed_count(tmp_path: Path) -> None:
    """A dictionary attack: nine candidates of a withheld table, made anew and compared by hash."""
    guesses = _guesses(tmp_path)
    assert len(set(guesses.values())) == THRESHOLD - 1  # its power: plain hashes tell the count
    data = tmp_path / "trial.csv"
    data.write_text("id,arm\n1,0\n")
    manifest: dict[str, Any] = {
        "data": {"sha256": sha256(data), "rows": 843, "columns": 2, "artefact_key": artefact_key(data)},
        "artefacts": {"flow.parquet": {"sha256": guesses[3], "bytes": 2858}},
        "settings": {},
        "code": {},
        "versions": {},
    }
    text = manifest_file(manifest)["manifest.json"].decode()
    assert not [few for few, digest in guesses.items() if digest in text]
    assert artefact_key(data) not in text
    published = json.loads(text)
    assert published["data"] == {"sha256": sha256(data)}  # no rows: 843 less 840 is the suppressed count
    assert set(published["artefacts"]["flow.parquet"]) == {"hmac_sha256"}
    data.write_text("id,arm\n1,1\n")
    manifest["data"]["artefact_key"] = artefact_key(data)
    assert manifest_file(manifest)["manifest.json"].decode() != text


NAMED = {
    "an eligibility rule": {"eligibility": [{"expression": "id != 1043", "label": "no protocol violation"}]},
    "an identifier of some length": {"title": "Without PATIENT-0007"},
    "a derived column": {"derived": {"late": {"expression": 'id == "A 7" or age > 70'}}},
    "a key": {"columns": {"PATIENT-0007": {"role": "ignore"}}},
}


@pytest.mark.parametrize("where", NAMED)
def test_an_identifier_typed_into_the_study_file_is_refused(where: str) -> None:
    files = {
        "settings/cohort.json": json.dumps(NAMED[where]).encode(),
        "settings/folds.json": b'{"seed": 1043}',
    }
    with pytest.raises(Refused) as refused:
        refuse_named(files, ["1043", "PATIENT-0007", "A 7", "7"], "id")
    (problem,) = refused.value.problems
    assert problem.where == "crate/settings/cohort.json"
    for text in ("1043", "PATIENT-0007", "A 7"):
        assert text not in str(refused.value)


def test_numbers_of_the_study_file_that_happen_to_be_identifiers_are_no_leak() -> None:
    cohort = {"data": {"unit": "id"}, "eligibility": [{"expression": "age > 18", "label": "18 or older"}]}
    files = {"settings/cohort.json": json.dumps(cohort).encode(), "settings/folds.json": b'{"seed": 1043}'}
    refuse_named(files | {"analysis-plan/plan.md": b"| seed | 1043 |"}, ["1043", "18", "id"], "id")


def test_the_frozen_plan_is_copied_whole_and_only_as_it_was_frozen(tmp_path: Path) -> None:
    assert plan_files([], {"state": "no plan"}) == {}
    assert freeze(tmp_path) == 0
    (path,) = tmp_path.rglob("plan.json")
    facts = {"last_sha256": read_json(path, "plan")["sha256"]}
    files = plan_files([path], facts)
    assert files == {
        "analysis-plan/plan.json": path.read_bytes(),
        "analysis-plan/plan.md": path.with_suffix(".md").read_bytes(),
    }
    refuse_what_is_not_allowed(files)
    for name in ("analysis-plan/notes.md", "analysis-plan/amendment-0.md", "analysis-plan/../x.json"):
        with pytest.raises(Refused):
            refuse_what_is_not_allowed({name: b""})
    for given, said in (([path], {"state": "no plan"}), ([path], {"last_sha256": "0" * 64}), ([], facts)):
        with pytest.raises(Refused, match="with which the run was compared"):
            plan_files(given, said)
    path.with_suffix(".md").write_text("another plan")
    with pytest.raises(Refused, match="put the file back"):
        plan_files([path], facts)


def test_a_plan_is_the_same_whatever_the_rows_hold(tmp_path: Path) -> None:
    """Why it may be published: it is made of the study file and the columns' names alone."""
    plans = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        data = small_data()
        if name == "other":
            data = data.iloc[::-1].assign(id=range(5000, 5000 + len(data)), age=0, site="Elsewhere")
        data.to_csv(folder / "small.csv", index=False)
        assert freeze(folder) == 0
        (path,) = folder.rglob("plan.md")
        plans.append(path.read_bytes())
    assert plans[0] == plans[1]
