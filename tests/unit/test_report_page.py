"""The page: whole, safe, self-contained, the same every time, and without small counts."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
from hetflow.report import page as page_module
from hetflow.report.frames_structure import seriated
from hetflow.report.inputs import AnalysisInputs, Report
from hetflow.report.page import build_report
from hostile_report import HOSTILE, hostile_inputs
from html_page import HtmlPage as _Page
from report_fixture import cohort_frame, report_inputs
from report_fixture_whole import whole_inputs

MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report(report_inputs())


@pytest.fixture(scope="module")
def page(report: Report) -> _Page:
    return _Page(report.html)


def test_page_is_well_formed_with_unique_ids(page: _Page) -> None:
    assert not page.open
    assert len(page.ids) == len(set(page.ids))


def test_page_asks_for_nothing_outside(report: Report, page: _Page) -> None:
    assert all(reference.startswith("#") for reference in page.references)
    assert {reference[1:] for reference in page.references} <= set(page.ids)
    assert not {"link", "img", "iframe", "object", "base"} & set(page.tags)
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org/)", report.html)


def scripts(html: str) -> list[str]:
    return re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)


def test_the_page_runs_the_script_of_this_package_and_its_policy_allows_no_other(report: Report) -> None:
    own = (Path(page_module.__file__).parent / "templates" / "page.js").read_text(encoding="utf-8")
    assert scripts(report.html) == [own]
    digest = b64encode(sha256(own.encode()).digest()).decode()
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', report.html)
    assert policy == [
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    ]


def test_figures_are_numbered_in_the_order_of_the_page() -> None:
    html = build_report(whole_inputs()).html
    numbers = [int(number) for number in re.findall(r"<figcaption><b>Figure (\d+)\.", html)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == html.count('<figure id="figure-')


def test_the_whole_fixture_has_every_section() -> None:
    """A new section belongs in `report_fixture_whole`, so that the page is tested with it in a browser."""
    source = (Path(page_module.__file__).parent / "sections.py").read_text(encoding="utf-8")
    named = re.findall(r'section\(\s*"(\w+)"', source)
    assert len(named) > 12
    named.insert(-1, "reporting")  # made of the page itself, and put before its last section
    assert re.findall(r'<section id="(\w+)"', build_report(whole_inputs()).html) == named


def test_page_is_small(report: Report) -> None:
    assert len(report.html.encode()) < MOST_BYTES


def test_every_figure_is_in_the_page_with_title_and_description(report: Report, page: _Page) -> None:
    assert set(report.figures) == {
        *("flow", "missingness", "masks", "patterns", "comissing", "nesting", "dependence", "dropout"),
        *("overlap", "average", "toc", "groups", "displays", "analyses"),
    }
    for name, svg in report.figures.items():
        assert svg.startswith("<svg")
        assert svg.strip() in report.html
        assert f"figure-{name}" in page.ids
        assert {f"{name}-title", f"{name}-desc"} <= set(page.ids)


def test_a_figure_is_announced_by_the_title_of_its_caption() -> None:
    report = build_report(whole_inputs())
    for name, svg in report.figures.items():
        announced = re.findall(r"<title[^>]*>(.*?)</title>", svg)[0]
        place = report.html.index(f'<figure id="figure-{name}"')
        caption = report.html[report.html.index("<figcaption>", place) :]
        assert re.match(r"<figcaption><b>Figure \d+\. (.*?)\.</b>", caption)[1] == announced


def test_same_inputs_same_bytes(report: Report) -> None:
    again = build_report(report_inputs())
    assert again.html == report.html
    assert again.figures == report.figures
    assert list(again.tables) == list(report.tables)
    for name, table in report.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name])


def test_sections_stand_in_the_order_of_the_story(report: Report) -> None:
    order = ["answers", "question", "participants", "missing", "overlap", "average", "heterogeneity", "whom",
             "analyses", "methods"]  # fmt: skip
    places = [report.html.index(f'id="{name}"') for name in order]
    assert places == sorted(places)


def test_numbers_of_the_first_screen_are_the_estimates(page: _Page) -> None:
    text = page.text.replace("\u00a0", " ").replace("\u202f", " ")
    assert (
        "0.39 mm higher with Periodontal treatment than with Delayed treatment "
        "(95 % CI 0.34 to 0.44; p < 0.001)" in text
    )
    assert "a gap in benefit of 0.55 mm (95 % CI 0.39 to 0.71)" in text
    assert "Strong evidence that the effect varies" in text


def test_lower_is_better_turns_benefit_round() -> None:
    inputs = report_inputs(better="lower", ate=-0.386, gap=-0.55)
    text = _Page(build_report(inputs).html).text.replace("\u00a0", " ").replace("\u202f", " ")
    assert "Better with Periodontal treatment, on average" in text
    assert "0.39 mm lower with Periodontal treatment" in text
    assert "a gap in benefit of 0.55 mm (95 % CI 0.39 to 0.71)" in text


def test_what_the_user_typed_is_only_ever_text() -> None:
    report = build_report(hostile_inputs(HOSTILE))
    page = _Page(report.html)
    assert page.tags.count("script") == 1
    assert scripts(report.html) == scripts(build_report(report_inputs()).html)
    assert len(page.ids) == len(set(page.ids))
    assert report.html.count("<script") == 1
    assert "\x00" not in report.html
    assert "{{7*7}}" in page.text
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", report.html, re.DOTALL)[0]
    for svg in report.figures.values():
        assert "<script" not in svg


def test_letters_of_any_script_do_not_disturb_the_figures() -> None:
    inputs = report_inputs(title="歯周病の治療")
    outcomes = {"pd_reduction": inputs.settings["outcomes"]["pd_reduction"] | {"unit": "ミリ"}}
    changed = replace(inputs, settings={**inputs.settings, "outcomes": outcomes})
    assert "ミリ" in build_report(changed).figures["average"]


def test_small_counts_do_not_leave(report: Report) -> None:
    frame, _ = cohort_frame()
    gaps = int(frame["Age"].isna().sum())
    assert 0 < gaps < 10
    missing = report.tables["missing"].set_index("variable")
    assert missing.loc["Age", "all"] == "<10"
    assert report.tables["flow"]["excluded"].tolist()[0] == "<10 left out"
    assert " to " in report.tables["flow"]["count"].tolist()[0]
    displays = report.tables["figure_displays"]
    assert (displays["n"] >= 10).all()
    assert "KY" not in set(displays["level"])
    assert (report.tables["figure_masks"]["units"] >= 10).all()


def test_tables_have_one_type_a_column(report: Report) -> None:
    for table in report.tables.values():
        for _, column in table.items():
            assert column.dtype != object or {type(item) for item in column.dropna()} <= {str}


def test_no_p_value_without_a_test(report: Report) -> None:
    """QINI, calibration and held-out groups bring none."""
    for name in ("QINI, out of bag", "Calibration: mean", "4 (greatest predicted benefit)"):
        row = re.search(rf"<tr[^>]*><th[^>]*>{re.escape(name)}</th>(.*?)</tr>", report.html, re.DOTALL)
        assert row is not None
        assert re.findall(r"<td[^>]*>(.*?)</td>", row[1])[-1] == ""


def test_observational_study_shows_overlap_and_its_assumption() -> None:
    report = build_report(report_inputs(kind="observational", autoc_p=float("nan"), rate_p=float("nan")))
    assert "Treatment was not randomised" in report.html
    assert "Not tested" in report.html
    assert "Probability of treatment" in report.figures["overlap"]


def test_binary_outcomes_are_told_in_percentage_points() -> None:
    inputs = report_inputs(ate=0.05)
    outcomes = {"pd_reduction": inputs.settings["outcomes"]["pd_reduction"] | {"kind": "binary", "unit": ""}}
    text = _Page(build_report(replace(inputs, settings={**inputs.settings, "outcomes": outcomes})).html).text
    assert "5 percentage points (" in text.replace("\u00a0", " ") or "5.0 percentage points" in text.replace(
        "\u00a0", " "
    )


def test_a_bare_study_still_makes_a_page() -> None:
    """One analysis, nothing missing, no curves, displays, groups or projection."""
    inputs = report_inputs()
    nothing = pd.DataFrame()
    table = inputs.estimates
    table = table[(table["analysis"] == "primary") & table["estimand"].isin(["ATE"])].reset_index(drop=True)
    bare = replace(
        inputs,
        variables=nothing, masks=nothing, patterns=nothing, missingness={"missing_cells": 0}, estimates=table,
        structure={}, structure_tables={}, mechanism={}, mechanism_tables={},
        analyses={"primary": AnalysisInputs()},
    )  # fmt: skip
    report = build_report(bare)
    assert set(report.figures) == {"flow", "average"}
    assert "No covariate value is missing" in report.html
    assert not _Page(report.html).open


def test_structure_shows_what_is_common_enough_and_no_more(report: Report, page: _Page) -> None:
    edges, nested, design = (report.tables[name] for name in ("figure_comissing", "figure_nesting", "design"))
    assert len(edges) == 2  # without the pair of three participants, and the one that goes apart
    assert len(nested) == 2  # four participants are too few for a node
    assert design["variables"].tolist() == ["BL.Cig.Day", "BMI", "CRP1, OPG1"]
    assert design["recorded"].tolist() == ["<10", "0", "0"]
    assert design["condition"].tolist() == ["Use.Tob == 'No'", "not (Age > 20)", "Clinic == 'KY'"]
    for said in (
        "structure index",
        "3 never and 1 in fewer than 30",
        "<10 recorded where Use.Tob == 'Yes' is false",
    ):
        assert said in page.text
    assert "too small whatever the structure" in page.text
    assert re.search(r"under 5(\.0)?\s%\s\(KY\) to 25\s%\s\(NY\)", page.text)


def test_page_says_on_what_missing_values_depend(report: Report, page: _Page) -> None:
    assert {"dependence", "dropout"} <= set(report.figures)
    for said in (
        "cannot be told from data",
        "Contradiction: the dictionary says",
        "+6.0 percentage points",
        "Little's test of the means, p = 0.20",
        "one within another",
    ):
        assert said in page.text.replace("\u00a0", " ").replace("\u202f", " ")
    dropout = report.tables["figure_dropout"]
    assert (
        len(dropout[dropout["arm"] == "Periodontal treatment"]) == 2
    )  # 4 lost by visit 2 are too few to be shown


def test_without_the_structure_stage_the_page_leaves_it_out() -> None:
    bare = build_report(
        replace(report_inputs(), structure={}, structure_tables={}, mechanism={}, mechanism_tables={})
    )
    assert not {"comissing", "nesting", "dependence", "dropout"} & set(bare.figures)
    assert "structure index" not in bare.html


def test_masks_that_go_together_stand_side_by_side() -> None:
    masks = pd.DataFrame({"mask": ["a", "b", "c", "d"], "label": ["a", "b", "c", "d"]})
    cells = [(1, 0, 1, 0, 50), (0, 1, 0, 1, 40), (1, 0, 0, 0, 5), (0, 0, 0, 0, 80)]
    patterns = pd.DataFrame(cells, columns=["a", "b", "c", "d", "units"]).assign(label="pattern")
    bands, order = seriated(patterns, masks)
    names = order["mask"].tolist()
    assert abs(names.index("a") - names.index("c")) == 1
    assert abs(names.index("b") - names.index("d")) == 1
    assert sorted(bands["units"]) == sorted(patterns["units"])
