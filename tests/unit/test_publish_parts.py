"""Groups, curves, nested gaps, the last look, the records of the jobs, the description and the zip."""

from __future__ import annotations

import base64
import json
import zipfile
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from hetflow.errors import Refused
from hetflow.publish.archive import sums, write_folder, zipped
from hetflow.publish.content import refuse_what_is_not_allowed, settings_files
from hetflow.publish.covariates import OTHER_LEVELS, covered_counts, pooled_levels
from hetflow.publish.datacite import datacite
from hetflow.publish.entities import licence
from hetflow.publish.groups import FAMILY, thinned, without_small_groups
from hetflow.publish.jobs import Job, jobs_behind, read_records
from hetflow.publish.last_look import refuse_units
from hetflow.publish.log import Log
from hetflow.publish.provenance import steps
from hetflow.publish.residual import named_in_settings, to_review
from hetflow.publish.structure import coarse, nested_outside, public_structure
from hetflow.report.ledger import ledger
from report_fixture import report_inputs


def _groups(*sizes: int) -> pd.DataFrame:
    names = [f"level {place}" for place in range(len(sizes))]
    frame = pd.DataFrame({"group": names, "n": sizes}).assign(
        estimand="rule_groups", term="ward", analysis="primary"
    )
    gap = {
        "group": f"{names[-1]} minus {names[0]}",
        "n": sizes[0] + sizes[-1],
        "estimand": "rule_groups_difference",
    }
    return pd.concat(
        [frame, pd.DataFrame([gap | {"term": "ward", "analysis": "primary"}])], ignore_index=True
    )


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [
        ((50, 60, 70), {"level 0", "level 1", "level 2", "level 2 minus level 0"}),
        ((3, 60, 70), {"level 2"}),  # with 60, the average would tell the three
        ((6, 7, 60, 70), {"level 2", "level 3"}),  # 13 together: their mean is no small group's
    ],
)
def test_a_whole_less_its_other_groups_tells_no_small_one(sizes: tuple[int, ...], kept: set[str]) -> None:
    out = without_small_groups(_groups(*sizes), FAMILY, "group", 10, "estimates", Log())
    assert set(out["group"]) == kept


def test_the_mean_of_a_dropped_group_cannot_be_solved_for() -> None:
    """The attack itself: sums of scores of the published groups, against the sum of all."""
    random = np.random.default_rng(3)
    sizes = [4, 20, 33, 50]
    scores = [random.normal(size=size) for size in sizes]
    total = sum(part.sum() for part in scores)
    naive = (total - sum(part.sum() for part in scores[1:])) / 4
    assert naive == pytest.approx(scores[0].mean())  # without complementary suppression it succeeds
    out = without_small_groups(_groups(*sizes), FAMILY, "group", 10, "estimates", Log())
    told = [
        part
        for part, name in zip(scores, _groups(*sizes)["group"], strict=False)
        if name in set(out["group"])
    ]
    assert sum(sizes) - sum(len(part) for part in told) >= 10  # what is left is the mean of 24


def test_neighbouring_points_of_a_curve_differ_by_the_threshold() -> None:
    curve = pd.DataFrame({"n": [4, 33, 40, 47, 53, 95, 100], "curve": "TOC"})
    assert thinned(curve, ("curve",), 10, "curves", Log())["n"].tolist() == [33, 47, 100]
    sizes = thinned(pd.DataFrame({"n": range(1, 500)}), (), 10, "curves", Log())["n"].to_numpy()
    assert np.diff(sizes).min() >= 10
    assert sizes[0] >= 10


def test_gaps_within_gaps_that_differ_by_few_are_found() -> None:
    patterns = pd.DataFrame(
        {"units": [26, 1, 40, 300], "columns": ["tobacco, cigarettes", "cigarettes", "serum", ""]}
    )
    assert nested_outside(patterns, ["cigarettes", "serum", "tobacco"], 10) == {"cigarettes"}
    assert (
        nested_outside(patterns.assign(units=[26, 12, 40, 300]), ["cigarettes", "serum", "tobacco"], 10)
        == set()
    )


def test_p_values_that_would_tell_small_counts_are_raised_to_a_level() -> None:
    given = report_inputs()
    public = public_structure(given, {"BMI"}, 10, Log())
    assert public.structure_tables["network"]["p"].tolist() == [0.001, 0.01, 0.05, 0.001]
    assert public.mechanism_tables["dependence"]["p"].tolist() == [
        0.2,
        0.01,
        0.6,
        0.07,
    ]  # BMI is the second mask's
    labels = public.mechanism_tables["labels"]
    np.testing.assert_array_equal(labels["structure_p"], [0.01, 0.5, 0.05, 0.001, np.nan])
    np.testing.assert_array_equal(labels["order_p"], [np.nan, np.nan, np.nan, 0.05, np.nan])
    assert public.mechanism["attrition"]["p"] == 0.001
    assert coarse(pd.Series([0.0, 0.001, 0.5, 0.51, 1.0])).tolist() == [0.001, 0.001, 0.5, 1.0, 1.0]
    assert len(ledger(public)) == len(ledger(given))


def test_rare_levels_stand_together_and_the_covariate_s_own_facts_stay() -> None:
    frame = pd.DataFrame({"variable": "ward", "level": ["a", "b", "c", "d"], "kind": "nominal"})
    for arm, counts in (("treated", [50, 2, 30, 1]), ("control", [40, 3, 30, 1])):
        frame[f"count_{arm}"], frame[f"share_{arm}"] = counts, np.array(counts) / sum(counts)
    frame["standardised_difference"] = [0.2, np.nan, np.nan, np.nan]
    out, rare = pooled_levels(frame, 10, Log())
    assert rare == {"ward": ["b", "d"]}
    assert out["level"].tolist() == ["a", "c", OTHER_LEVELS]
    assert out["count_treated"].tolist() == [50, 30, 3]
    assert out["standardised_difference"].iloc[0] == 0.2


SCORES = pd.DataFrame({"score": np.random.default_rng(1).normal(size=50)})
LEAKS = {
    "an identifier": b"<p>PATIENT-0007 was treated</p>",
    "a rare level": b"By ward: Zanzibarith, 0.3",
    "an array of units": ",".join(map(repr, SCORES["score"].tolist())).encode(),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_the_last_look_refuses_what_names_or_lists_units_and_quotes_nothing(leak: str) -> None:
    files = {"report.html": LEAKS[leak], "tables/fine.csv": b"n,estimate\n40,0.25\n"}
    with pytest.raises(Refused) as refused:
        refuse_units(files, ["PATIENT-0007", "12", "Anna"], {"ward": ["Zanzibarith"]}, [SCORES])
    (problem,) = refused.value.problems
    assert problem.where == "crate/report.html"
    assert "PATIENT-0007" not in str(refused.value)
    assert "Zanzibarith" not in str(refused.value)


def test_the_last_look_passes_what_is_aggregated() -> None:
    files = {"tables/fine.csv": b"n,estimate\n12,0.2512345678\n", "report.html": b"Anna 12"}
    refuse_units(files, ["PATIENT-0007", "12", "Anna"], {"ward": ["Zanzibarith"]}, [SCORES])


@pytest.mark.parametrize(
    "name", ["cohort.parquet", "primary/scores/shared.parquet", "tables/x.parquet", "../x.csv"]
)
def test_what_no_kind_allows_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        refuse_what_is_not_allowed({name: b"", "report.html": b""})


def test_settings_lose_the_path_of_the_data_and_nothing_else() -> None:
    log = Log()
    given = {
        "settings/cohort.json": {"data": {"file": "/home/me/secret.csv", "unit": "id"}},
        "a/settings/x.json": {"b": 1},
    }
    files = settings_files(given, log)
    assert json.loads(files["settings/cohort.json"]) == {"data": {"unit": "id"}}
    assert set(files) == {"settings/cohort.json", "settings/a/x.json"}
    assert log.totals() == {"data path": 1}


def _record(folder: Path, name: str, **content: object) -> None:
    coded = base64.urlsafe_b64encode(name.encode()).decode()
    pieces = [coded[start : start + 20] for start in range(0, len(coded), 20)]
    path = folder.joinpath(*(f"@{piece}" for piece in pieces[:-1]), pieces[-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"starttime": 1.0, "endtime": 2.0, "input": []} | content))


def test_jobs_are_traced_back_from_the_report_and_stale_files_are_not_theirs(tmp_path: Path) -> None:
    _record(
        tmp_path,
        "results/s/cohort.parquet",
        rule="ingest",
        shellcmd="$HETFLOW_SCRIPTS/ingest.py",
        input=["data.csv"],
    )
    _record(
        tmp_path,
        "results/s/flow.parquet",
        rule="ingest",
        shellcmd="$HETFLOW_SCRIPTS/ingest.py",
        input=["data.csv"],
    )
    _record(
        tmp_path, "results/s/report.html", rule="page", shellcmd="page", input=["results/s/cohort.parquet"]
    )
    _record(tmp_path, "results/s/old.parquet", rule="grow", shellcmd="grow", input=[])
    jobs = jobs_behind(["results/s/report.html"], read_records(tmp_path), "results/s")
    assert [(job.rule, job.script, job.inputs, job.outputs) for job in jobs] == [
        ("ingest", "ingest", ("data.csv",), ("cohort.parquet",)),
        ("page", None, ("cohort.parquet",), ("report.html",)),
    ]
    with pytest.raises(Refused, match="records"):
        jobs_behind(["results/s/report.html"], {}, "results/s")


def test_what_made_the_raw_file_is_not_told(tmp_path: Path) -> None:
    _record(tmp_path, "raw.csv", rule="extract", shellcmd="extract", input=["patients.db"])
    _record(tmp_path, "results/s/cohort.parquet", rule="ingest", shellcmd="ingest", input=["raw.csv"])
    records = read_records(tmp_path)
    jobs = jobs_behind(["results/s/cohort.parquet"], records, "results/s", "raw.csv")
    assert [job.rule for job in jobs] == ["ingest"]
    assert len(jobs_behind(["results/s/cohort.parquet"], records, "results/s")) == 2


def test_the_folder_of_the_frozen_plan_is_not_told(tmp_path: Path) -> None:
    read = ["/home/somebody/plans/plan.json", "plans/amendment-1.json", "results/s/cohort.json"]
    _record(tmp_path, "results/s/plan/followed.json", rule="followed", shellcmd="followed", input=read)
    jobs = jobs_behind(["results/s/plan/followed.json"], read_records(tmp_path), "results/s")
    assert jobs[0].inputs == ("analysis-plan/amendment-1.json", "analysis-plan/plan.json", "cohort.json")


def test_steps_stand_in_the_order_of_the_graph() -> None:
    jobs = [
        Job("a_last", None, ("middle",), ("end",), 5.0, 6.0),
        Job("b_first", None, ("raw",), ("start",), 1.0, 2.0),
        Job("c_second", None, ("start",), ("middle",), 3.0, 4.0),
    ]
    assert [step["name"] for step in steps(jobs, {})] == ["b_first", "c_second", "a_last"]


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


def test_analyses_of_nearly_the_same_units_are_named_for_review() -> None:
    frame = pd.DataFrame(
        {"analysis": ["a", "b", "c"], "estimand": "ATE", "group": "all", "n": [655, 659, 823]}
    )
    (said,) = to_review(frame, 10)
    assert "a and b" in said
    assert "the analysis c leaves out fewer than 10" in to_review(frame, 10, 830.0)[-1]
    assert len(to_review(frame, 10, 823.0)) == 1


def test_a_rare_level_that_the_study_file_names_is_left_to_a_person_and_not_quoted() -> None:
    settings = {"settings/cohort.json": b'{"levels":["East","Zanzibarith"]}'}
    (said,) = named_in_settings(settings, {"ward": ["Zanzibarith"], "site": ["South"]})
    assert "ward" in said
    assert "Zanzibarith" not in said


def test_a_level_is_not_told_by_the_covariate_that_it_depends_on() -> None:
    """16 treated have diabetes: 11 of type II would tell 5 of type I."""
    columns = {
        "variable": "type",
        "level": ["I", "II"],
        "kind": "binary",
        "units_treated": 413,
        "units_control": 410,
    }
    frame = pd.DataFrame(columns).assign(applicable_treated=16, applicable_control=30)
    frame = frame.assign(missing_treated=0, missing_control=0, observed_treated=16, observed_control=30)
    frame = frame.assign(count_treated=[5, 11], count_control=[14, 16])
    groups = {
        "column": "type",
        "group": ["all", "treated", "control"],
        "units": [823, 413, 410],
        "missing": 0,
    }
    covered = covered_counts(frame, pd.DataFrame(groups), 10, Log())
    assert covered == {("type", "I", "treated"): "<10", ("type", "II", "treated"): "hidden"}
