"""Two runs compared: conclusions, causes, estimates, tables, figures, exit status, and a page without surprises."""

from __future__ import annotations

import base64
import math
from html import unescape
from pathlib import Path
from typing import Any

import compare as script
import pandas as pd
import pytest
from browser import DESK, PHONE, opened, violations
from compared_runs import crate_files, crate_zip, made_up, run_folder
from hetflow.compare.cells import DIFFERENT, ROUNDING, SAME, alike, table_change
from hetflow.compare.compared import Comparison, compare
from hetflow.compare.estimates import BEYOND, ONLY_A, ONLY_B
from hetflow.compare.explain import causes, explanations
from hetflow.compare.figures import picture, unsafe
from hetflow.compare.page import comparison_page, conclusion_headline
from hetflow.compare.read import read_run
from hetflow.errors import Refused
from hetflow.report.inputs import Report, ReportInputs
from hetflow.report.page import build_report
from hostile_report import HOSTILE, hostile_inputs
from html_page import HtmlPage
from report_fixture import report_inputs

Made = tuple[ReportInputs, Report]


@pytest.fixture(scope="module")
def base() -> Made:
    return made_up()


@pytest.fixture(scope="module")
def other() -> Made:
    """Heterogeneity no longer shown by the sequential test, and a smaller average effect."""
    return made_up(ate=0.02, ate_p=0.4, rate=0.01, rate_p=0.8)


def compared(tmp_path: Path, a: Made, b: Made, more_a: dict | None = None, **more_b: Any) -> Comparison:
    paths = [run_folder(tmp_path / name, made, **more) for name, made, more in
             (("a", a, more_a or {}), ("b", b, more_b))]  # fmt: skip
    return compare(*map(read_run, paths))


def said(found: Comparison) -> str:
    return " ".join(explanations(found)).replace("\u00a0", " ").replace("\u202f", " ")


def test_the_same_run_twice_differs_in_nothing(tmp_path: Path, base: Made) -> None:
    found = compared(tmp_path, base, base)
    assert causes(found) == []
    assert found.identical
    assert not found.conclusion_changed
    assert not found.number_changed
    assert found.pictures == []
    assert conclusion_headline(found) == "No conclusion changed"
    assert "so is every file, byte for byte" in said(found)


def test_numbers_that_moved_without_a_cause_are_not_explained_away(
    tmp_path: Path, base: Made, other: Made
) -> None:
    found = compared(tmp_path, base, other)
    assert causes(found) == []
    assert "which should not be" in said(found)


SEEDED: dict[str, Any] = {
    "settings": {
        "settings/folds.json": {"seed": 7},
        "settings/report.json": {"seed": 7},
        "primary/settings/forest.json": {"seed": 7},
    },
    "units": {"folds.parquet": b"other folds"},
}


def test_only_another_seed_is_chance_and_a_conclusion_that_it_changes_is_not_settled(
    tmp_path: Path, base: Made, other: Made
) -> None:
    found = compared(tmp_path / "one", base, base, **SEEDED)
    assert [(one.key, one.b, len(one.files)) for one in found.settings] == [("seed", "7", 3)]
    assert causes(found) == ["the seed"]
    assert "chance of the computation" in said(found)
    assert "should not be reported as settled" not in said(found)
    assert (
        "The files of cohort are the same, byte for byte; the first that differ are of the stage “folds”."
        in said(found)
    )
    assert "should not be reported as settled" in said(compared(tmp_path / "two", base, other, **SEEDED))


def test_each_cause_is_told_by_its_own_words_and_several_are_not_told_apart(
    tmp_path: Path, base: Made
) -> None:
    forest = {"settings": {"primary/settings/forest.json": {"forest": {"trees": 500}}}}
    found = compared(tmp_path / "1", base, base, **forest)
    assert [(one.key, one.a, one.b, one.stages) for one in found.settings] == [
        ("forest.trees", "2000", "500", ("forest",))
    ]
    assert "They are read by the stages forest." in said(found)
    words = compared(tmp_path / "2", base, base, report={"title": "Another"})
    assert "No stage that makes an estimate reads them" in said(words)
    data = compared(tmp_path / "3", base, base, data={"sha256": "e" * 64, "rows": 824})
    assert "Only the data file differs" in said(data)
    assert ("Rows of the file", "823", "824") in data.data.facts
    software = compared(tmp_path / "4", base, base, versions={"packages": {"numpy": "2.1.0"}})
    assert software.versions == [("numpy", "2.0.0", "2.1.0")]
    assert "Only code or versions differ" in said(software)
    code = compared(tmp_path / "5", base, base, code={"page": "f" * 64})
    assert code.code == [("page", "c" * 64, "f" * 64)]
    both = compared(tmp_path / "6", base, base, data={"sha256": "e" * 64}, **forest)
    assert "Settings and the data differ at once" in said(both)
    assert "Whatever differs follows" not in said(both)


def test_a_key_that_is_null_and_one_that_is_not_there_are_told_apart(tmp_path: Path, base: Made) -> None:
    a = {"settings": {"primary/settings/forest.json": {"depth": None, "old": 1, "kept": [1, 2]}}}
    b = {
        "primary/settings/forest.json": {"depth": 3, "new": None, "kept": [1, 2]},
        "x/settings/draws.json": {},
    }
    found = compared(tmp_path, base, base, a, settings=b)
    assert [(one.key, one.a, one.b) for one in found.settings] == [
        ("", "not there", "there"),
        ("depth", "null", "3"),
        ("new", "not there", "null"),
        ("old", "1", "not there"),
    ]


def test_changed_conclusions_are_those_of_the_answers(tmp_path: Path, base: Made, other: Made) -> None:
    found = compared(tmp_path, base, other)
    changed = {one.asked: (one.a, one.b) for one in found.changed_conclusions}
    assert changed["On average, does it help?"] == (
        "shown to be a benefit",
        "neither shown to help nor to harm",
    )
    assert changed["Would we find it again?"][0].startswith(
        "Found again within this trial, by every analysis"
    )
    assert set(changed) == {
        "On average, does it help?",
        "Is there heterogeneity?",
        "For whom?",
        "Would we find it again?",
    } - {one.asked for one in found.conclusions if not one.changed}
    (test,) = found.changed_decisions
    assert test.name == "ranking by predicted benefit, sequential (RATE)"
    assert (test.p_a, test.p_b) == (2e-4, 0.8)
    assert "conclusions changed, and 1 decision of a test" in conclusion_headline(found)


def test_a_decision_changes_where_p_or_its_adjustment_crosses_five_per_cent(
    tmp_path: Path, base: Made
) -> None:
    near = made_up(score_residual_all=0.049)
    beyond = made_up(score_residual_all=0.051)
    found = compared(tmp_path / "1", near, beyond)
    assert len(found.changed_decisions) == 1
    assert found.conclusion_changed
    within = compared(tmp_path / "2", near, made_up(score_residual_all=0.048))
    assert not within.changed_decisions
    assert within.number_changed


def test_a_global_test_is_matched_by_its_name_whatever_learner_it_chose(tmp_path: Path, base: Made) -> None:
    ledger = (
        base[1].tables["ledger"].assign(of=lambda table: table["of"].where(table["in_family"] != 1, "linear"))
    )
    found = compared(tmp_path, base, base, files={"tables/ledger.csv": ledger.to_csv(index=False).encode()})
    family = [one for one in found.decisions if one.in_family]
    assert len(family) == 8
    assert all(one.in_both and ":" not in one.name for one in family)


def test_a_renamed_arm_changes_no_conclusion_on_the_average_effect(tmp_path: Path, base: Made) -> None:
    inputs = base[0]
    treatment = dict(inputs.settings["treatment"]) | {"treated_label": "Drug"}
    settings = dict(inputs.settings) | {"treatment": treatment}
    renamed = made_up()[0].__class__(
        **{name: getattr(inputs, name) for name in inputs.__slots__} | {"settings": settings}
    )
    found = compared(tmp_path, base, (renamed, build_report(renamed)))
    assert not found.conclusion_changed
    assert "do not name the treatments alike" in unescape(comparison_page(found))


def test_estimates_are_set_against_their_errors(tmp_path: Path, base: Made) -> None:
    moved = made_up(ate=0.386 + 0.0257)
    found = compared(tmp_path, base, moved)
    first = next(one for one in found.estimates if one.label == "ATE" and one.analysis == "primary")
    assert first.state == DIFFERENT
    assert first.in_errors == pytest.approx(1.0)
    assert first.beyond is None
    same = [one for one in found.estimates if one.label.startswith("AUTOC")]
    assert {one.state for one in same} == {SAME}
    assert "the most by 1.00 standard errors" in said(found)


def _stability(variance: float) -> bytes:
    rows = [("monte_carlo", variance), ("folds", 3 * variance)]
    text = "".join(f"ATE,all,effect,{source},{value}\n" for source, value in rows)
    return f"estimand,group,term,source,variance\n{text}".encode()


@pytest.mark.parametrize(("other_folds", "factor"), [(False, 1.0), (True, 4.0)])
def test_monte_carlo_error_holds_the_folds_where_they_were_drawn_anew(
    tmp_path: Path, base: Made, other_folds: bool, factor: float
) -> None:
    variance = 1e-4
    sd = math.sqrt(2 * variance * factor)
    files = {"tables/stability_components.csv": _stability(variance)}
    units = {"primary/scores/shared.parquet": b"others"} | (
        {"folds.parquet": b"others"} if other_folds else {}
    )
    for place, (times, beyond) in enumerate(((0.99 * BEYOND, False), (1.01 * BEYOND, True))):
        moved = made_up(ate=0.386 + times * sd)
        found = compared(tmp_path / str(place), base, moved, {"files": files}, files=files, units=units)
        first = found.estimates[0]
        assert (first.label, first.analysis) == ("ATE", "primary")
        assert first.monte_carlo == pytest.approx(sd)
        assert first.beyond is beyond
        assert found.estimates[1].beyond is None
    assert "by more than it explains" in said(found)


@pytest.mark.parametrize("same_scores", [True, False])
def test_imputations_are_all_the_chance_there_is_only_where_the_scores_are_the_same(
    tmp_path: Path, base: Made, same_scores: bool
) -> None:
    units = {} if same_scores else {"primary/scores/shared.parquet": b"others"}
    found = compared(tmp_path, base, made_up(gap=0.6), units=units)
    slopes = [one for one in found.estimates if one.key[3] == "projection"]
    assert {one.analysis for one in slopes} == {"primary", "indicator"}
    for one in slopes:
        known = same_scores and one.analysis == "primary"  # the other analysis' scores are not listed
        assert one.beyond is (False if known else None)
        if known:
            assert one.monte_carlo == pytest.approx(0.1 * math.hypot(one.se_a, one.se_b))


def test_estimates_of_one_run_only_are_told(tmp_path: Path, base: Made) -> None:
    text = base[1].tables["estimates"]
    fewer = text[text["analysis"] == "primary"]
    files = {"tables/estimates.csv": fewer.to_csv(index=False).encode()}
    for place, state in enumerate((ONLY_B, ONLY_A)):
        runs = ({"files": files}, {}) if state == ONLY_B else ({}, {"files": files})
        found = compared(tmp_path / str(place), base, base, runs[0], **runs[1])
        assert sum(one.state == state for one in found.estimates) == len(text) - len(fewer)
        assert found.number_changed
        assert f"in {state[-1]} only" in comparison_page(found)


def test_rounding_is_no_change(tmp_path: Path, base: Made) -> None:
    table = base[1].tables["estimates"].copy()
    table["estimate"] *= 1 + 1e-12
    files = {"tables/estimates.csv": table.to_csv(index=False).encode()}
    found = compared(tmp_path, base, base, files=files)
    assert {one.state for one in found.estimates} <= {SAME, ROUNDING}
    assert ROUNDING in {one.state for one in found.estimates}
    assert not found.number_changed
    assert "by rounding at most" in said(found)


@pytest.mark.parametrize(
    ("a", "b", "scale", "expected"),
    [
        ("1.0", "1.0", 0.0, SAME),
        ("1.0", "1", 0.0, SAME),
        ("1.0", "1.0000000001", 0.0, ROUNDING),
        ("1.0", "1.00001", 0.0, DIFFERENT),
        ("1e-14", "-1e-14", 0.0, DIFFERENT),
        ("1e-14", "-1e-14", 0.02, ROUNDING),
        ("", "1.0", 0.0, DIFFERENT),
        ("nan", "1", 0.0, DIFFERENT),
        ("<10", "10", 0.0, DIFFERENT),
    ],
)
def test_cells_agree_by_value(a: str, b: str, scale: float, expected: str) -> None:
    assert alike(a, b, scale) == expected


def test_tables_are_compared_cell_by_cell_or_row_by_row() -> None:
    a = pd.DataFrame({"x": ["1", "2"], "label": ["old", "same"]})
    words = table_change("t", a, a.assign(label=["new", "same"]))
    assert (words.differ, words.counted, words.numbers) == (1, "cells", False)
    numbers = table_change("t", a, a.assign(x=["1", "3"]))
    assert (numbers.differ, numbers.numbers) == (1, True)
    counts = pd.DataFrame({"n": ["430 (52 %)"]})
    assert table_change("t", counts, pd.DataFrame({"n": ["431 (52 %)"]})).numbers
    longer = table_change("t", a, pd.concat([a, a.tail(1)]))
    assert (longer.differ, longer.counted, longer.numbers) == (1, "rows", True)
    assert table_change("t", a, a[["label", "x"]]).differ
    assert table_change("t", a, None).numbers
    assert table_change("t", a, a).same


def test_missing_values_and_flow_are_compared_by_arm(tmp_path: Path, base: Made) -> None:
    missing = base[1].tables["missing"].copy()
    missing.loc[0, "treated"] = "999 (99 %)"
    files = {"tables/missing.csv": missing.to_csv(index=False).encode()}
    found = compared(tmp_path, base, base, files=files, data={"sha256": "e" * 64})
    ((variable, was, now),) = found.data.missing
    assert variable == missing.loc[0, "variable"]
    assert "999 (99 %)" in now
    assert "999" not in was
    assert not found.data.flow
    assert "Missing values that differ" in comparison_page(found)


def test_runs_of_two_kinds_of_study_are_refused_and_other_outcomes_are_told(
    tmp_path: Path, base: Made
) -> None:
    inputs = report_inputs(kind="observational", autoc_p=float("nan"), rate_p=float("nan"))
    with pytest.raises(Refused, match="randomised and observational"):
        compared(tmp_path / "1", base, (inputs, build_report(inputs)))
    found = compared(tmp_path / "2", base, base, report={"outcome": "birth_weight", "study": "another"})
    page = unescape(comparison_page(found))
    assert "do not have the same primary outcome: A has pd_reduction, B has birth_weight" in page
    assert "do not have the same study" in page


def test_a_crate_and_a_folder_of_one_run_are_told_apart_by_form_alone(tmp_path: Path, base: Made) -> None:
    crate = crate_zip(tmp_path / "a.zip", crate_files(base))
    found = compare(read_run(crate), read_run(run_folder(tmp_path / "b", base)))
    assert causes(found) == []
    assert found.settings == []
    assert found.identical  # by hashes that are keyed in one and plain in the other
    assert "A is a crate, in which small counts are suppressed" in said(found)
    assert "keyed by its data file" not in said(found)
    assert "/home/somebody" not in comparison_page(found)


def test_crates_of_other_data_say_that_their_hashes_are_keyed(tmp_path: Path, base: Made) -> None:
    other = {"data": {"sha256": "f" * 64, "artefact_key": "a" * 64}}
    crates = [
        crate_zip(tmp_path / "a.zip", crate_files(base)),
        crate_zip(tmp_path / "b.zip", crate_files(base, **other)),
    ]
    found = compare(*map(read_run, crates))
    assert not any(stage.same for stage in found.stages)
    assert "keyed by its data file, so that of other data every file counts as another" in said(found)


def test_a_run_without_the_key_is_not_compared_with_a_crate(tmp_path: Path, base: Made) -> None:
    crate = read_run(crate_zip(tmp_path / "a.zip", crate_files(base)))
    folder = run_folder(tmp_path / "b", base, data={"artefact_key": None})
    with pytest.raises(Refused, match="made by an earlier hetflow"):
        compare(crate, read_run(folder))


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 1 1">{}</svg>'


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>",
        '<g onload="alert(1)"/>',
        '<image href="http://x.example/a.png"/>',
        '<use xlink:href="http://x.example/a.svg#a"/>',
        '<use href="data:image/svg+xml;base64,AA"/>',
        "<foreignObject><p/></foreignObject>",
        '<rect style="fill: url(http://x.example/a)"/>',
        "<style>@import 'http://x.example/a.css'</style>",
        '<a href="javascript:alert(1)"/>',
        '<set attributeName="href" to="x"/>',
        "<g>",
        "<![CDATA[x]]>",
    ],
)
def test_a_figure_that_would_run_or_fetch_is_not_shown(inner: str) -> None:
    content = SVG.format(inner).encode()
    assert unsafe(content)
    assert picture(content).address == ""
    assert picture(content).why


def test_documents_with_entities_and_other_encodings_are_not_shown() -> None:
    bomb = (
        b'<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg xmlns="http://www.w3.org/2000/svg"><text>&a;</text></svg>'
    )
    assert unsafe(bomb)
    assert unsafe(bomb.decode().encode("utf-16"))
    assert unsafe(bomb.decode().encode("utf-16-le"))
    assert unsafe(b"<html/>")
    assert unsafe(b"\x89PNG")


def test_figures_that_differ_stand_side_by_side_as_they_are(tmp_path: Path, base: Made, other: Made) -> None:
    evil = SVG.format("<script>alert(1)</script>").encode()
    found = compared(tmp_path, base, other, files={"figures/flow.svg": evil})
    names = [pair.name for pair in found.pictures]
    assert names == sorted(names)
    assert "groups" not in names or "average" in names
    assert found.same_figures + len(names) == len(base[1].figures)
    average = next(pair for pair in found.pictures if pair.name == "average")
    content = base64.b64decode(average.a.address.split(",", 1)[1])
    assert content.decode() == base[1].figures["average"]
    page = comparison_page(found)
    assert "it holds &lt;script&gt;" in page
    assert "alert(1)" not in page
    for pair in found.pictures:
        assert pair.a.address in page
        assert pair.b.address in page


def test_the_page_holds_what_a_study_may_say_as_text_only(tmp_path: Path, base: Made) -> None:
    inputs = hostile_inputs(HOSTILE)
    made = (inputs, build_report(inputs))
    more = {"settings": {"primary/settings/forest.json": {HOSTILE: HOSTILE}}, "versions": {HOSTILE: HOSTILE}}
    path = tmp_path / "<script>alert(2)<"
    runs = [read_run(run_folder(path / "a", made)), read_run(run_folder(path / "b", base, **more))]
    for pair in (runs, runs[::-1]):
        html = comparison_page(compare(*pair))
        page = HtmlPage(html)
        assert not page.open
        assert len(page.ids) == len(set(page.ids))
        assert page.tags.count("script") == 1  # the report's own
        assert "\x00" not in html
        outside = [one for one in page.references if not one.startswith(("#", "data:image/svg+xml;base64,"))]
        assert outside == []
        assert "alert(1)" in page.text


def test_the_page_is_whole_asks_for_nothing_and_is_the_same_every_time(
    tmp_path: Path, base: Made, other: Made
) -> None:
    found = compared(tmp_path, base, other, **SEEDED)
    html = comparison_page(found)
    page = HtmlPage(html)
    assert not page.open
    anchors = {one[1:] for one in page.references if one.startswith("#")}
    assert anchors <= set(page.ids)
    assert not {"link", "iframe", "object", "base"} & set(page.tags)
    assert "Made by hetflow" in html
    again = compare(*(read_run(tmp_path / name) for name in "ab"))
    assert comparison_page(again) == html


@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize(("width", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_the_page_opens_without_a_network_for_everybody(
    browser: Any, tmp_path: Path, base: Made, other: Made, width: int, scheme: str
) -> None:
    file = tmp_path / "compare.html"
    file.write_text(comparison_page(compared(tmp_path, base, other, **SEEDED)), encoding="utf-8")
    with opened(browser, file, width, scheme) as seen:
        seen.unfold()
        assert violations(seen) == []
        assert [url for url in seen.requests if not url.startswith("data:")] == [file.as_uri()]
        assert seen.said == []
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        seen.page.locator("table.sortable thead button").first.click()
        assert seen.page.locator("#status").text_content().startswith("Sorted by ")


@pytest.mark.parametrize(
    ("which", "fail_on", "status"),
    [
        ("same", "change", 0),
        ("moved", "conclusion", 0),
        ("moved", "change", 1),
        ("other", "nothing", 0),
        ("other", "conclusion", 1),
        ("other", "change", 1),
    ],
)
def test_the_exit_status_says_what_was_asked(
    tmp_path: Path, base: Made, other: Made, which: str, fail_on: str, status: int
) -> None:
    second = {"same": base, "other": other}.get(which) or made_up(ate=0.387)
    paths = [run_folder(tmp_path / "a", base), run_folder(tmp_path / "b", second)]
    options = [
        "--a",
        str(paths[0]),
        "--b",
        str(paths[1]),
        "--page",
        str(tmp_path / "c.html"),
        "--fail-on",
        fail_on,
    ]
    if status:
        with pytest.raises(SystemExit) as ended:
            script.main(options)
        assert ended.value.code == status
    else:
        assert script.main(options) == 0
    assert (tmp_path / "c.html").is_file()


def test_what_cannot_be_compared_has_status_two(tmp_path: Path, base: Made, capsys) -> None:
    run_folder(tmp_path / "a", base)
    options = ["--a", str(tmp_path / "a"), "--b", str(tmp_path / "none"), "--page", str(tmp_path / "c.html")]
    assert script.main(options) == 2
    assert "nothing of that name" in capsys.readouterr().err
    assert not (tmp_path / "c.html").exists()
