"""The crate of a published study: every file and job is described, it is valid, and the same when it is made again."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
from hetflow.files import read_json
from needs import package
from small_project import Project

pytestmark = pytest.mark.xdist_group("publish")
#: What reads nothing but what other jobs made.
WITHOUT_SETTINGS = {"describe.py", "merge.py"}
TIMED = {"jobs.csv", "ro-crate-metadata.json"}


def test_hashes_agree_and_every_job_is_described(published: Project) -> None:
    crate = published.results / "crate"
    listed = dict(reversed(line.split("  ")) for line in (crate / "SHA256SUMS").read_text().splitlines())
    names = {path.relative_to(crate).as_posix() for path in crate.rglob("*") if path.is_file()}
    assert set(listed) == names - TIMED - {"SHA256SUMS"}
    for name, digest in listed.items():
        assert hashlib.sha256((crate / name).read_bytes()).hexdigest() == digest
    graph = json.loads((crate / "ro-crate-metadata.json").read_text())["@graph"]
    actions = [one for one in graph if one["@type"] == "CreateAction" and one["@id"] != "#run"]
    kept = read_json(published.results / "manifest.json", "facts")["artefacts"]
    made = {name for one in actions for name in _ids(one["result"])}
    for name in kept:
        folder = f"{name.split('/')[0]}/"
        assert {name, f"#withheld-{name}", folder} & made, name
    assert all(one["startTime"] <= one["endTime"] for one in actions)
    (person,) = [one for one in graph if one["@type"] == "Person"]
    assert person["@id"] == "https://orcid.org/0000-0002-1825-0097"


def test_the_frozen_plan_is_in_the_crate_and_declared(published: Project) -> None:
    crate, frozen = published.results / "crate", published.folder / "config" / "small-plan"
    for name in ("plan.md", "plan.json"):
        assert (crate / "analysis-plan" / name).read_bytes() == (frozen / name).read_bytes()
    entities = {
        one["@id"]: one for one in json.loads((crate / "ro-crate-metadata.json").read_text())["@graph"]
    }
    assert {"analysis-plan/", "analysis-plan/plan.md"} <= set(_ids(entities["./"]["hasPart"]))
    (compared,) = [one for name, one in entities.items() if name.startswith("#job-followed")]
    assert "analysis-plan/plan.json" in _ids(compared["object"])
    page = (crate / "report.html").read_text(encoding="utf-8")
    assert hashlib.sha256((crate / "analysis-plan" / "plan.md").read_bytes()).hexdigest() in page
    assert "in the folder analysis-plan" in page
    assert "in the folder analysis-plan" not in (published.results / "report.html").read_text(
        encoding="utf-8"
    )


def test_the_crate_says_who_paid_what_to_cite_and_what_made_it(published: Project) -> None:
    crate = published.results / "crate"
    graph = json.loads((crate / "ro-crate-metadata.json").read_text())["@graph"]
    entities = {one["@id"]: one for one in graph}
    root = entities["./"]
    assert root["citation"] == "Doe J. A made-up trial. 2026"
    assert root["license"] == {"@id": "https://spdx.org/licenses/CC-BY-4.0"}
    assert set(_ids(root["funder"])) == {"https://ror.org/00k4n6c32", "#grant-1"}
    assert entities["#grant-1"]["name"] == "G-12"
    assert {"envs/lock.txt", "workflow/", "settings/", "report.html", "datacite.json"} <= set(
        _ids(root["hasPart"])
    )
    listed = {name for name in _ids(root["hasPart"]) if not name.endswith("/")}
    assert all((crate / name).is_file() for name in listed)
    for one in graph:
        if one["@type"] != "CreateAction" or one["@id"] == "#run":
            continue
        tool = entities[one["instrument"]["@id"]]
        assert tool.get("version") or tool.get("softwareVersion"), one["name"]
        read = {name for name in _ids(one["object"]) if name.startswith("settings/")}
        made = {name for name in _ids(one["result"]) if name.startswith("settings/")}
        assert read or made or tool["@id"].split("/")[-1] in WITHOUT_SETTINGS, one["name"]
        if "SoftwareSourceCode" in tool["@type"]:
            packages = [entities[name] for name in _ids(tool["softwareRequirements"])]
            assert all(package["softwareVersion"] for package in packages)
            assert {"python", "numpy"} <= {package["name"] for package in packages}, tool["@id"]


def _ids(value: object) -> list[str]:
    return [one["@id"] for one in (value if isinstance(value, list) else [value])]


def test_publishing_again_gives_the_same_bytes_but_for_the_times(published: Project, tmp_path: Path) -> None:
    crate = published.results / "crate"
    before = {
        path.relative_to(crate).as_posix(): path.read_bytes() for path in crate.rglob("*") if path.is_file()
    }
    copy = published.copy(tmp_path / "elsewhere")
    copy.snakemake("publish", "--forcerun", "page", "manifest", "publish")
    crate = copy.results / "crate"
    after = {
        path.relative_to(crate).as_posix(): path.read_bytes() for path in crate.rglob("*") if path.is_file()
    }
    assert set(before) == set(after)
    assert {name for name in before if before[name] != after[name]} == TIMED
    moment = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\+00:00)?")
    name = "ro-crate-metadata.json"
    assert moment.sub(b"", before[name]) == moment.sub(b"", after[name])


@pytest.mark.parametrize("profile", ["workflow-run-crate-0.5", "provenance-run-crate-0.5"])
def test_the_crate_is_valid(published: Project, tmp_path: Path, profile: str) -> None:
    package("rocrate_validator")
    from crate_validation import findings

    said, checks = findings(published.results / "crate", profile, tmp_path / "cache")
    assert checks > 50
    assert said == []


def test_the_validator_sees_what_is_wrong_with_a_crate(published: Project, tmp_path: Path) -> None:
    """The power of the check above: a tool that no action used, and a step without a tool."""
    package("rocrate_validator")
    from crate_validation import findings

    broken = tmp_path / "crate"
    shutil.copytree(published.results / "crate", broken)
    path = broken / "ro-crate-metadata.json"
    content = json.loads(path.read_text())
    for entity in content["@graph"]:
        if entity["@type"] == "HowToStep":
            del entity["workExample"]
        if entity["@id"] == "#run":
            del entity["instrument"]
    path.write_text(json.dumps(content))
    said, _ = findings(broken, "provenance-run-crate-0.5", tmp_path / "cache")
    assert any("HowToStep must refer to its corresponding tool" in one for one in said)
    assert any("instrument" in one for one in said)
