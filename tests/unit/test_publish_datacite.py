"""A crate's description for DataCite, its licence, and the zip."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import jsonschema
import pytest
from hetflow.errors import Refused
from hetflow.publish.archive import sums, write_folder, zipped
from hetflow.publish.datacite import datacite
from hetflow.publish.entities import licence


def test_the_same_files_give_the_same_zip_whatever_their_order(tmp_path: Path) -> None:
    one, other = {"b.csv": b"1", "a/x.svg": b"2"}, {"a/x.svg": b"2", "b.csv": b"1"}
    assert zipped(one) == zipped(other)
    (tmp_path / "z.zip").write_bytes(zipped(one))
    with zipfile.ZipFile(tmp_path / "z.zip") as archive:
        assert archive.namelist() == ["a/x.svg", "b.csv"]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    write_folder({"old.csv": b""}, tmp_path / "crate")
    write_folder(one, tmp_path / "crate")
    assert not (tmp_path / "crate" / "old.csv").exists()
    (tmp_path / "results").mkdir()
    with pytest.raises(Refused, match="emptied first"):
        write_folder(one, tmp_path / "results")
    assert (tmp_path / "results").is_dir()
    assert b"jobs.csv" not in sums(one | {"jobs.csv": b"3"})


def test_the_description_holds_what_datacite_requires() -> None:
    author = {"name": "Jo Doe", "orcid": "0000-0002-1825-0097", "affiliation": "Somewhere"}
    report = {
        "title": "T",
        "report": {"authors": [author], "licence": "CC-BY-4.0", "summary": "S", "citation": ""},
    }
    funder = {"name": "F", "identifier": "https://ror.org/00k4n6c32", "award": "G-1"}
    publish = {"publisher": "Zenodo", "year": None, "version": "1", "keywords": ["k"], "funders": [funder]}
    found = datacite(report, publish, 2026, "0.1.0")
    assert {"titles", "creators", "publisher", "publicationYear", "types"} <= set(found)
    assert found["publicationYear"] == "2026"
    assert found["rightsList"][0]["rightsUri"] == "https://spdx.org/licenses/CC-BY-4.0"
    assert found["fundingReferences"][0]["funderIdentifierType"] == "ROR"
    unnamed = datacite(report | {"report": report["report"] | {"authors": []}}, publish, 2026, "0.1.0")
    assert unnamed["creators"] == [{"name": ":unkn"}]


SCHEMA = Path(__file__).parents[1] / "reference" / "data" / "datacite" / "datacite-v4.5.json"


def _said(**report: object) -> dict[str, object]:
    own = {"authors": [], "licence": "", "summary": "", "citation": ""}
    return {"title": "T", "report": own | report}


@pytest.mark.parametrize(
    "report",
    [
        _said(),
        _said(
            authors=[
                {"name": "Jo Doe", "orcid": "0000-0002-1825-0097", "affiliation": "Somewhere"},
                {"name": "A. N. Other", "orcid": None, "affiliation": ""},
            ],
            licence="On request from the authors",
            summary="S",
            citation="C",
        ),
    ],
)
@pytest.mark.parametrize(
    "funders",
    [
        [],
        [{"name": "F", "identifier": "https://ror.org/00k4n6c32", "award": "G-1"}],
        [{"name": "F", "identifier": "https://doi.org/10.13039/501100000780", "award": None}],
    ],
)
def test_the_description_is_valid_by_datacite_s_own_schema(
    report: dict[str, object], funders: list[object]
) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    publish = {"publisher": "Zenodo", "year": None, "version": "1", "keywords": ["k"], "funders": funders}
    found = datacite(report, publish, 2026, "0.2.0")
    assert [error.message for error in validator.iter_errors(found)] == []
    for broken in ({"publicationYear": 2026}, {"types": {}}, {"authors": []}):  # its power
        assert list(validator.iter_errors(found | broken))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CC-BY-4.0", "https://spdx.org/licenses/CC-BY-4.0"),
        ("https://example.org/terms", "https://example.org/terms"),
        ("On request from the authors", "#licence"),
        ("", "#licence"),
    ],
)
def test_licences_are_linked_where_they_can_be(text: str, name: str) -> None:
    assert licence(text)["@id"] == name
