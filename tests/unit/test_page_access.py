"""The page for everybody: axe-core, keyboard, screen reader, telephone, dark screens."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from browser import DESK, PHONE, opened, violations

pytestmark = pytest.mark.xdist_group("browser")

#: Least contrasts: of text, and of lines and areas that carry a meaning (WCAG 2.2, 1.4.3 and 1.4.11).
TEXT, MARK = 4.5, 3.0
#: Least opacity of a mark that carries a meaning; what is fainter (grids, bands) only accompanies one.
FIRM = 0.6


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        ("whole", DESK, "light"),
        ("whole", DESK, "dark"),
        ("whole", PHONE, "light"),
        ("whole", PHONE, "dark"),
        ("bins", DESK, "light"),
        ("hostile", PHONE, "dark"),
    ],
)
def test_axe_finds_nothing_serious(
    browser: Any, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    with opened(browser, pages[name], width, scheme) as seen:
        assert violations(seen) == []
        seen.unfold()
        assert violations(seen) == []


def test_axe_would_find_what_is_wrong(browser: Any, pages: dict[str, Path], tmp_path: Path) -> None:
    html = pages["whole"].read_text(encoding="utf-8").replace(' lang="en-GB"', "")
    planted = '<p style="color:#bbb;background:#fff">faint</p><img><button></button></main>'
    file = tmp_path / "wrong.html"
    file.write_text(html.replace("</main>", planted), encoding="utf-8")
    with opened(browser, file) as seen:
        found = {one.split(":")[0] for one in violations(seen)}
    assert {"html-has-lang", "color-contrast", "image-alt", "button-name"} <= found


@pytest.mark.parametrize("name", ["whole", "bins", "hostile"])
@pytest.mark.parametrize("width", [320, PHONE, DESK])
def test_only_tables_and_figures_scroll_sideways(
    browser: Any, pages: dict[str, Path], name: str, width: int
) -> None:
    with opened(browser, pages[name], width) as seen:
        seen.unfold()
        across = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        wide, window = seen.page.evaluate(across)
        assert wide <= window
        unreachable = """() => [...document.querySelectorAll('main *')].filter(one => {
            const style = getComputedStyle(one);
            return one.scrollWidth > one.clientWidth + 1 && ['auto', 'scroll'].includes(style.overflowX)
                && !(one.tabIndex === 0 && one.getAttribute('aria-label'));
        }).map(one => one.outerHTML.slice(0, 100))"""
        assert seen.page.evaluate(unreachable) == []


def test_a_region_is_a_stop_of_the_keyboard_only_where_it_scrolls(
    browser: Any, pages: dict[str, Path]
) -> None:
    stops = """() => [...document.querySelectorAll('.scroll, .drawing')]
        .filter(one => one.checkVisibility({ contentVisibilityAuto: true }))
        .map(one => [one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight, one.tabIndex === 0])"""
    both = set()
    for width in (PHONE, DESK):
        with opened(browser, pages["whole"], width) as seen:
            seen.page.wait_for_timeout(300)  # milliseconds: regions are measured after the page is laid out
            found = seen.page.evaluate(stops)
        assert all(scrolls == stop for scrolls, stop in found)
        both |= {stop for _, stop in found}
    assert both == {True, False}


def test_landmarks_headings_and_language(browser: Any, pages: dict[str, Path]) -> None:
    with opened(browser, pages["whole"]) as seen:
        page = seen.page
        assert page.evaluate("document.documentElement.lang") == "en-GB"
        for role in ("banner", "main", "contentinfo", "navigation"):
            assert page.get_by_role(role).count() == 1, role
        levels = [
            int(tag[1])
            for tag in page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => h.tagName)")
        ]
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        contents = page.get_by_role("navigation", name="Contents").get_by_role("link")
        titles = page.locator("section > h2").all_text_contents()
        assert contents.all_text_contents() == titles
        assert len(titles) > 10


def test_every_figure_has_a_caption_and_says_its_message(browser: Any, pages: dict[str, Path]) -> None:
    told = """() => [...document.querySelectorAll('figure')].map(figure => {
        const svg = figure.querySelector('svg');
        const ids = svg.getAttribute('aria-labelledby').split(' ');
        return [figure.querySelector('figcaption').textContent, svg.getAttribute('role'),
                ...ids.map(id => document.getElementById(id).textContent)];
    })"""
    for name in ("whole", "bins"):
        with opened(browser, pages[name]) as seen:
            figures = seen.page.evaluate(told)
        assert len(figures) > 15
        for caption, role, title, description in figures:
            assert role == "img"
            assert title
            assert len(caption) > 40
            assert any(letter.isdigit() for letter in description), f"{title}: no number in {description!r}"
            assert description != title


@pytest.mark.parametrize("name", ["whole", "bins"])
def test_no_word_of_a_figure_is_cut_off(browser: Any, pages: dict[str, Path], name: str) -> None:
    """A drawing scrolls in its own region, which shows its padding and nothing beyond."""
    cut = """() => [...document.querySelectorAll('.drawing')].flatMap(drawing => {
        const edge = drawing.getBoundingClientRect();
        return [...drawing.querySelectorAll('text')].filter(text => {
            const box = text.getBoundingClientRect();
            return box.left < edge.left || box.right > edge.right;
        }).map(text => `${drawing.getAttribute('aria-label')}: ${text.textContent}`);
    })"""
    with opened(browser, pages[name]) as seen:
        seen.unfold()
        assert seen.page.locator(".drawing text").count() > 200
        assert seen.page.evaluate(cut) == []


def test_every_table_has_a_caption_and_heads_with_scope(browser: Any, pages: dict[str, Path]) -> None:
    wrong = """() => [...document.querySelectorAll('table')].filter(table => {
        const region = table.closest('[role=region]');
        const heads = [...table.querySelectorAll('th')];
        return !table.caption?.textContent.trim() || region?.getAttribute('aria-label') !== table.caption.textContent
            || !heads.every(head => head.scope) || ![...table.tBodies].every(body => body.rows.length);
    }).map(table => table.id)"""
    for name in ("whole", "hostile"):
        with opened(browser, pages[name]) as seen:
            assert seen.page.locator("table").count() > 20
            assert seen.page.evaluate(wrong) == []


def test_the_keyboard_skips_to_the_findings_and_every_stop_is_seen(
    browser: Any, pages: dict[str, Path]
) -> None:
    active = """() => { const one = document.activeElement; const box = one.getBoundingClientRect();
        const style = getComputedStyle(one);
        return [one.textContent.trim().slice(0, 40), box.left >= 0 && box.width > 0,
                style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1, one.id || one.tagName]; }"""
    with opened(browser, pages["whole"]) as seen:
        keyboard = seen.page.keyboard
        keyboard.press("Tab")
        text, inside, _, _ = seen.page.evaluate(active)
        assert text == "To the findings"
        assert inside
        keyboard.press("Enter")
        assert seen.page.evaluate(active)[3] == "answers"
        stops = []
        for _ in range(60):
            keyboard.press("Tab")
            text, inside, outlined, kind = seen.page.evaluate(active)
            assert inside, text
            assert outlined, text
            stops.append(kind)
        assert {"A", "BUTTON", "SUMMARY"} <= set(stops)


COLOURS = """() => {
    const filter = getComputedStyle(document.querySelector('figure svg')).filter;
    const brighter = filter === 'none' ? 1 : Number(filter.match(/brightness\\(([\\d.]+)\\)/)[1]);
    const parts = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
    const found = [];
    const add = (kind, colour, opacity) => {
        const [r, g, b, a = 1] = parts(colour);
        if (r === undefined || a * opacity < FIRM) return;
        found.push([kind, ...[r, g, b].map(one => Math.min(255, brighter * one))]);
    };
    for (const one of document.querySelectorAll('figure svg :is(text, path, line, rect, use, circle)')) {
        const style = getComputedStyle(one);
        if (one.closest('defs, clipPath')) continue;
        const kind = one.tagName === 'text' ? 'text' : 'mark';
        if (style.fill !== 'none') add(kind, style.fill, Number(style.fillOpacity) * Number(style.opacity));
        if (style.stroke !== 'none') add('mark', style.stroke, Number(style.strokeOpacity) * Number(style.opacity));
    }
    const paper = parts(getComputedStyle(document.body).backgroundColor).slice(0, 3);
    const unique = new Map(found.map(one => [JSON.stringify(one), one]));
    return [paper, [...unique.values()]];
}""".replace("FIRM", str(FIRM))


def luminance(colour: list[float]) -> float:
    parts = [value / 255 for value in colour]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: list[float], other: list[float]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_can_be_seen_on_light_and_dark_paper(
    browser: Any, pages: dict[str, Path], scheme: str
) -> None:
    assert contrast([0, 0, 0], [255, 255, 255]) == pytest.approx(21)
    with opened(browser, pages["whole"], scheme=scheme) as seen:
        seen.unfold()
        paper, colours = seen.page.evaluate(COLOURS)
    assert (luminance(paper) > 0.5) == (scheme == "light")
    assert {kind for kind, *_ in colours} == {"text", "mark"}
    faint = [
        (kind, colour)
        for kind, *colour in colours
        if contrast(colour, paper) < (TEXT if kind == "text" else MARK)
    ]
    assert faint == []
