"""The page that compares two runs: nothing in it runs or fetches, and it is whole and readable."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from browser import DESK, PHONE, opened, violations
from compared_runs import SEEDED, Made, compared, run_folder
from hetflow.compare.compared import compare
from hetflow.compare.figures import picture, unsafe
from hetflow.compare.page import comparison_page
from hetflow.compare.read import read_run
from hetflow.report.page import build_report
from hostile_report import HOSTILE, hostile_inputs
from html_page import HtmlPage

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
