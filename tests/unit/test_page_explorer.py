"""Effects are explored by covariate, from the aggregates that the page shows anyway."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser import opened
from hetflow.report.explorer import POINTS, with_explorer
from hetflow.report.page import build_report
from report_fixture import report_inputs
from report_fixture_modifiers import SECRET, displays
from report_fixture_whole import whole_inputs

pytestmark = pytest.mark.xdist_group("browser")

VISIBLE = """() => [...document.querySelectorAll('.explorer details')]
    .filter(view => view.getClientRects().length && view.open).map(view => view.id)"""


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("whole", ["Age at enrolment", "Tobacco use", "Age at enrolment and Tobacco use"]),
        ("bins", ["Clinic", "Age", "Mean probing depth at baseline", "Tobacco use"]),
    ],
)
def test_a_choice_shows_one_display_with_its_numbers(
    browser: Any, pages: dict[str, Path], name: str, labels: list[str]
) -> None:
    with opened(browser, pages[name]) as seen:
        page = seen.page
        assert page.locator(".explorer option").all_text_contents() == labels
        for label in labels:
            page.get_by_label("Show the effect by").select_option(label=label)
            shown = page.evaluate(VISIBLE)
            assert len(shown) == 1
            view = page.locator(f"#{shown[0]}")
            assert view.locator("figcaption b").text_content() == f"{label}."
            assert view.locator("svg").is_visible()
            assert view.locator("tbody tr").count() >= 2
            assert page.locator("#status").text_content() == f"Shown: {label}."


def test_the_keyboard_chooses_and_a_link_leads_to_a_display(browser: Any, pages: dict[str, Path]) -> None:
    with opened(browser, pages["whole"]) as seen:
        choice = seen.page.get_by_label("Show the effect by")
        choice.focus()
        seen.page.keyboard.press("ArrowDown")
        assert seen.page.evaluate(VISIBLE) == ["explore-one-2"]
        seen.page.evaluate("location.hash = '#explore-two-1'")
        seen.page.wait_for_function("document.querySelector('#explore-two-1').open")
        assert seen.page.evaluate(VISIBLE) == ["explore-two-1"]
        assert choice.input_value() == "explore-two-1"


def _view(html: str, name: str) -> str:
    start = html.index(f'<details id="explore-{name}">')
    return html[start : html.index("</details>", start)].replace("\u00a0", " ").replace("\u2212", "-")


def test_a_display_holds_the_numbers_of_its_aggregates_and_small_groups_are_not_among_them() -> None:
    report = build_report(whole_inputs())
    rows = displays()
    ages = _view(report.html, "one-1")
    first = rows.iloc[0]
    assert f"{first['estimate']:.2f} ({first['lower']:.2f} to {first['upper']:.2f})" in ages
    assert f"{first['uniform_lower']:.2f} to {first['uniform_upper']:.2f}" in ages
    assert (
        ages.count('<tr><th class="number"') == min(POINTS, 9) + 1
    )  # the curve, and those it does not apply to
    assert (
        "The effect is lowest at 20.0 years: 0.50 mm (0.40 to 0.60), and highest at 40.0 years: 0.70 mm"
        in ages
    )
    assert ">60<" in ages  # 61 participants near, rounded down
    use = _view(report.html, "one-2")
    assert "lowest in the group No: 0.20 mm (0.10 to 0.30), and highest in the group Yes: 0.50 mm" in use
    assert "lies in 0 of the 2 intervals" in use
    assert ">400<" in use
    cells = _view(report.html, "two-1")
    assert "lowest where the two are ≤ 30 and Yes: -0.20 mm" in cells
    assert "highest where the two are &gt; 30 and No: 0.30 mm" in cells
    assert SECRET not in report.html


def test_bins_are_told_as_bins() -> None:
    report = build_report(whole_inputs(smooth=False))
    clinic = _view(report.html, "one-1")
    assert (
        len(re.findall(r'<tr><th class="text" scope="row">', clinic)) == 2
    )  # the third has seven participants
    assert "KY" not in clinic
    assert "band of the whole curve" not in clinic


def test_what_is_withheld_or_not_there_cannot_be_explored() -> None:
    withheld = replace(whole_inputs(), withheld=frozenset({"displays", "modifier_cells"}))
    assert "explore-" not in build_report(withheld).html.split("<body>")[1].split("<script>")[0]
    assert with_explorer(
        [{"id": "whom", "title": "", "parts": [("figure", "displays")]}], {}, None, None
    ) == [  # type: ignore[arg-type]
        {"id": "whom", "title": "", "parts": [("figure", "displays")]}
    ]
    pairs_only = replace(whole_inputs(), withheld=frozenset({"displays"}))
    html = build_report(pairs_only).html
    assert 'id="explore-two-1"' in html
    assert 'id="explore-one-1"' not in html
    assert 'id="explore-one-1"' in build_report(report_inputs()).html
