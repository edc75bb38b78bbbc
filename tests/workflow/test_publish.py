"""`snakemake publish` on a study of marked patients: nothing of them leaves."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from browser import DESK, PHONE, opened, violations
from hetflow.files import read_json
from leak_search import contents, matches, own_numbers, places, rows_of_units
from marked_patients import (
    EXTREMES,
    FEW_GAPS,
    IDENTIFIERS,
    RARE_LEVEL,
    RARE_PLACES,
    marked_data,
)
from published_attack import ALLOWED, covariate_attacks, lost_attack, told_means
from small_project import Project

pytestmark = pytest.mark.xdist_group("publish")


@pytest.fixture(scope="module")
def found(published: Project) -> list[tuple[str, bytes]]:
    """Everything that was published, opened."""
    return list(contents(published.results / "crate", published.results / "small-crate.zip"))


def test_the_search_finds_what_is_planted(published: Project) -> None:
    """Its power: in the unpublished files, every mark but the identifiers (which nothing keeps) is found."""
    raw = [("raw", (published.folder / "small.csv").read_bytes())]
    for marks in (IDENTIFIERS, [RARE_LEVEL], EXTREMES.values()):
        assert places(marks, raw)
    assert rows_of_units(marked_data(), raw)
    team = [("page", (published.results / "report.html").read_bytes())]
    assert places([RARE_LEVEL], team)  # the study team's own page names it
    own = own_numbers((published.results / "primary" / "cate").glob("*.parquet"))
    table = next((published.results / "primary" / "cate").glob("*.parquet"))
    (content,) = [
        content
        for name, content in contents(published.results / "primary" / "cate", table)
        if name == f"{table.name}!cells"
    ][:1]
    assert matches(own, content) > 100


def test_no_identifier_rare_level_or_extreme_is_in_any_byte(found: list[tuple[str, bytes]]) -> None:
    assert len(found) > 200
    assert places(IDENTIFIERS, found) == []
    assert places([RARE_LEVEL], found) == []
    assert places(EXTREMES.values(), found) == []


def test_no_row_and_no_number_of_a_unit_is_in_any_file(
    published: Project, found: list[tuple[str, bytes]]
) -> None:
    assert rows_of_units(marked_data(), found) == []
    tables = [
        path
        for path in published.results.rglob("*.parquet")
        if path.parent.name in {"scores", "cate", "nuisance"}
        or path.name in {"cohort.parquet", "outcomes.parquet"}
    ]
    own = own_numbers(tables)
    assert len(own) > 1000
    assert {name: count for name, content in found if (count := matches(own, content))} == {}


def test_small_counts_are_covered_and_their_neighbours_do_not_tell_them(published: Project) -> None:
    crate = published.results / "crate"
    rows = _rows(crate / "tables" / "missing.csv")
    gaps = {row["variable"]: [row["all"], row["treated"], row["control"]] for row in rows}
    assert set(gaps) & set(FEW_GAPS)
    for name in set(FEW_GAPS) & set(gaps):
        assert not [text for text in gaps[name] if text.isdigit() and 0 < int(text) < 10]
    baseline = _rows(crate / "tables" / "baseline.csv")
    wards = {row["level"]: row for row in baseline if row["variable"] == "ward"}
    assert set(wards) == {"East", "Old wing", "West", "other levels"}
    texts = [wards[level][arm] for level in wards for arm in ("treated", "control")]
    assert texts.count("<10") >= 1
    for arm in ("treated", "control"):
        if wards["other levels"][arm] == "<10":
            assert "hidden" in [wards[level][arm] for level in wards]
    assert len(RARE_PLACES) < 10
    smoker = next(row for row in baseline if row["variable"] == "smoker")
    assert smoker["treated"] in {"<10", "0", "hidden"}


def test_a_small_group_s_estimate_is_left_out_with_the_smallest_other(published: Project) -> None:
    rows = _rows(published.results / "crate" / "tables" / "estimates.csv")
    wards = {row["group"] for row in rows if row["term"] == "by_ward" and row["analysis"] == "primary"}
    assert len(wards & {"East", "West", "Old wing"}) == 2  # with all three, the average would tell the fourth


def test_no_small_count_is_told_by_adding_and_subtracting(published: Project) -> None:
    widths = covariate_attacks(published)
    assert {cell[0] for cell in widths} >= {"ward", "pulse", "glucose", "smoker"}
    assert min(width for _, width in widths.values()) >= ALLOWED
    lost = lost_attack(published, "y1")  # 8 of each arm; 16 in all are told by the number analysed
    assert min(lost.values()) >= ALLOWED


def test_no_mean_of_few_units_is_told_by_adding_and_subtracting(published: Project) -> None:
    assert told_means(published) == []
    assert told_means(published, team=True) != []  # the power: the same attack on what the study team sees


def test_the_account_says_what_was_suppressed_and_why(published: Project) -> None:
    said = json.loads((published.results / "crate" / "disclosure.json").read_text())
    assert said["threshold"] == 10
    assert {
        "rare level",
        "small count",
        "complementary",
        "small group",
        "complementary group",
        "unit-level",
    } <= set(said["totals"])
    assert all(row["why"] for row in said["suppressed"])
    assert RARE_LEVEL not in json.dumps(said)


def test_checklists_and_texts_are_published_in_a_form_of_their_own(published: Project) -> None:
    crate, team = published.results / "crate" / "reporting", published.results / "reporting"
    names = {path.name for path in team.iterdir() if path.name != ".snakemake_timestamp"}
    assert {path.name for path in crate.iterdir()} == names
    assert "soiland2022" in (crate / "methods.md").read_text(encoding="utf-8")
    assert "soiland2022" not in (team / "methods.md").read_text(encoding="utf-8")
    listed = read_json(published.results / "manifest.json", "facts")["artefacts"]
    assert {f"reporting/{name}" for name in names} <= set(listed)


def test_the_page_is_in_its_public_form(published: Project) -> None:
    page = (published.results / "crate" / "report.html").read_text(encoding="utf-8")
    assert "Public form: counts below 10" in page
    assert "for the study team" not in page
    assert "small.csv" not in page


@pytest.mark.parametrize(("width", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_the_published_page_opens_alone_and_everybody_can_read_it(
    published: Project, browser: Any, width: int, scheme: str
) -> None:
    file = published.results / "crate" / "report.html"
    with opened(browser, file, width, scheme) as seen:
        seen.unfold()
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(seen) == []
        assert seen.requests == [file.as_uri()]
        assert seen.said == []
        links = seen.page.eval_on_selector_all("a[href^='#']", "all => all.map(one => one.hash.slice(1))")
        assert len(links) > 10
        ids = set(seen.page.eval_on_selector_all("[id]", "all => all.map(one => one.id)"))
        assert set(links) - {""} <= ids  # what is withheld is not linked to


def test_figures_hold_no_metadata_and_no_comments(found: list[tuple[str, bytes]]) -> None:
    figures = [content for name, content in found if name.endswith(".svg")]
    assert len(figures) > 5
    assert [content for content in figures if b"<metadata" in content or b"<!--" in content] == []


def test_no_hash_of_what_is_withheld_is_in_any_byte(
    published: Project, found: list[tuple[str, bytes]]
) -> None:
    """A SHA-256 would tell a right guess of a suppressed count, for few numbers of an aggregate are unknown."""
    listed = read_json(published.results / "manifest.json", "facts")["artefacts"]
    public = {hashlib.sha256(content).hexdigest() for _, content in found}
    withheld = {entry["sha256"] for entry in listed.values()} - public
    assert len(withheld) > 50
    assert places(withheld, found) == []
    kept = json.loads((published.results / "crate" / "manifest.json").read_text())
    assert set(kept["artefacts"]) == set(listed)
    assert set(kept["data"]) == {"sha256"}


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_an_identifier_among_the_study_s_words_stops_publishing_and_is_not_quoted(
    published: Project, tmp_path: Path
) -> None:
    copy = object.__new__(Project)
    copy.folder = tmp_path / "copy"
    shutil.copytree(published.folder, copy.folder, symlinks=True)
    copy.edit("keywords: [treatment effects", f"keywords: [{IDENTIFIERS[7]}, treatment effects")
    before = (copy.results / "small-crate.zip").read_bytes()
    done = copy.snakemake("publish", check=False)
    assert done.returncode != 0
    said = " ".join((done.stdout + done.stderr).split())
    assert "crate/datacite.json expected: no identifier of a unit" in said
    assert IDENTIFIERS[7] not in said
    archive = copy.results / "small-crate.zip"
    assert not archive.exists() or archive.read_bytes() == before
