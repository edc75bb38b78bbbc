"""Tables of the page sort by click and by keyboard, numbers as numbers; without a script all is there."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import pytest
from browser import opened

pytestmark = pytest.mark.xdist_group("browser")

NARROW = "\u202f"
#: In ascending order; the last three have no number.
NUMBERS = [
    "\u22123.5 (\u22124.0 to \u22123.0)",
    "\u22120.2",
    "< 0.001",
    "0.012",
    "0.39 (0.30 to 0.48)",
    "0.39 (0.34 to 0.44)",
    "+2",
    f"5.0{NARROW}%",
    "<10",
    "10",
    f"12 (40{NARROW}%)",
    f"1{NARROW}234",
    f"12{NARROW}345{NARROW}678",
    "\u2013",
    "",
    "not shown",
]
#: As they stand in the page: neither ascending nor descending.
SHUFFLED = [NUMBERS[place] for place in (13, 8, 2, 12, 0, 15, 5, 3, 10, 7, 14, 1, 11, 4, 6, 9)]
ROWS = (
    "() => [...document.querySelectorAll('#planted tbody tr')].map(row => [...row.cells].pop().textContent)"
)


def plant(page: Path, body: str, folder: Path) -> Path:
    """The page with one more table."""
    table = (
        '<div class="scroll"><table class="sortable" id="planted"><thead><tr><th scope="col" class="text">Name</th>'
        f'<th scope="col">Value</th></tr></thead><tbody>{body}</tbody></table></div></main>'
    )
    file = folder / "planted.html"
    file.write_text(page.read_text(encoding="utf-8").replace("</main>", table), encoding="utf-8")
    return file


def row(name: str, value: str, kind: str = "") -> str:
    return f'<tr class="{kind}"><th scope="row" class="text">{name}</th><td>{escape(value)}</td></tr>'


def test_numbers_sort_as_numbers_and_what_is_none_stays_last(
    browser: Any, pages: dict[str, Path], tmp_path: Path
) -> None:
    file = plant(pages["whole"], "".join(row("a", value) for value in SHUFFLED), tmp_path)
    missing = [value for value in SHUFFLED if value in NUMBERS[-3:]]  # a stable sort keeps their order
    with opened(browser, file) as seen:
        button = seen.page.locator("#planted thead button").nth(1)
        head = seen.page.locator("#planted thead th").nth(1)
        button.click()
        assert seen.page.evaluate(ROWS) == NUMBERS[:-3] + missing
        assert head.get_attribute("aria-sort") == "ascending"
        button.click()
        assert seen.page.evaluate(ROWS) == NUMBERS[-4::-1] + missing
        assert head.get_attribute("aria-sort") == "descending"
        button.click()
        assert seen.page.evaluate(ROWS) == SHUFFLED
        assert head.get_attribute("aria-sort") is None


def test_equal_rows_keep_their_order_and_words_sort_as_words(
    browser: Any, pages: dict[str, Path], tmp_path: Path
) -> None:
    body = "".join(
        row(name, value)
        for name, value in (("visit 10", "1"), ("Émile", "2"), ("visit 2", "1"), ("zeta", "2"))
    )
    names = "() => [...document.querySelectorAll('#planted tbody th')].map(cell => cell.textContent)"
    with opened(browser, plant(pages["whole"], body, tmp_path)) as seen:
        buttons = seen.page.locator("#planted thead button")
        buttons.nth(1).click()
        assert seen.page.evaluate(names) == ["visit 10", "visit 2", "Émile", "zeta"]
        buttons.nth(1).click()
        assert seen.page.evaluate(names) == ["Émile", "zeta", "visit 10", "visit 2"]
        buttons.nth(0).click()
        assert seen.page.evaluate(names) == ["Émile", "visit 2", "visit 10", "zeta"]


def test_groups_stay_together_and_differences_last(
    browser: Any, pages: dict[str, Path], tmp_path: Path
) -> None:
    heading = '<tr class="heading"><th colspan="2" scope="rowgroup">{}</th></tr>'
    first = (
        heading.format("A")
        + row("a1", "3", "inset")
        + row("a2", "1", "inset")
        + row("gap", "-9", "inset last")
    )
    nested = (
        heading.format("B")
        + row("b", "5")
        + row("b, low", "9", "inset")
        + row("c", "4")
        + row("c, low", "8", "inset")
    )
    file = plant(pages["whole"], f"{first}</tbody><tbody>{nested}", tmp_path)
    with opened(browser, file) as seen:
        seen.page.locator("#planted thead button").nth(1).click()
        assert seen.page.evaluate(ROWS) == ["A", "1", "3", "-9", "B", "4", "8", "5", "9"]
        seen.page.locator("#planted thead button").nth(1).click()
        assert seen.page.evaluate(ROWS) == ["A", "3", "1", "-9", "B", "5", "9", "4", "8"]


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_the_keyboard_sorts_and_it_is_said(
    browser: Any, pages: dict[str, Path], tmp_path: Path, key: str
) -> None:
    file = plant(pages["whole"], "".join(row("a", value) for value in SHUFFLED), tmp_path)
    with opened(browser, file) as seen:
        seen.page.locator("#planted thead button").nth(0).focus()
        seen.page.keyboard.press("Tab")
        seen.page.keyboard.press(key)
        assert seen.page.evaluate(ROWS)[0] == NUMBERS[0]
        assert seen.page.locator("#status").text_content() == "Sorted by Value, ascending."


@pytest.mark.parametrize("name", ["whole", "bins"])
def test_every_table_sorts_by_every_column_and_loses_no_row(
    browser: Any, pages: dict[str, Path], name: str
) -> None:
    """Of the page's own tables: rows are moved, within their groups, and come back."""
    wrong = """() => {
        const state = table => [...table.tBodies].map(body => [...body.rows].map(row => row.textContent));
        const sorted = states => JSON.stringify(states.map(rows => [...rows].sort()));
        const wrong = [];
        let moved = 0;
        for (const table of document.querySelectorAll('table.sortable')) {
            const before = state(table);
            for (const button of table.querySelectorAll('thead button')) {
                for (let click = 0; click < 3; click += 1) {
                    button.click();
                    const now = state(table);
                    moved += JSON.stringify(now) !== JSON.stringify(before);
                    const heads = [...table.querySelectorAll('.heading')].every(row => !row.previousElementSibling);
                    if (sorted(now) !== sorted(before) || !heads) wrong.push(table.id);
                }
                if (JSON.stringify(state(table)) !== JSON.stringify(before)) wrong.push(table.id);
            }
        }
        return [moved, wrong];
    }"""
    with opened(browser, pages[name]) as seen:
        moved, lost = seen.page.evaluate(wrong)
    assert lost == []
    assert moved > 50


def test_without_a_script_all_is_there_to_read(browser: Any, pages: dict[str, Path]) -> None:
    with opened(browser, pages["whole"], script=False) as seen:
        assert seen.page.locator("thead button").count() == 0
        assert not seen.page.locator(".chooser").is_visible()
        summaries = seen.page.locator(".explorer summary")
        assert summaries.count() == 3
        assert all(summary.is_visible() for summary in summaries.all())
        summaries.first.click()
        assert seen.page.locator(".explorer details[open] svg").is_visible()
        regions = seen.page.locator(".scroll")
        assert regions.count() == seen.page.locator('.scroll[tabindex="0"]').count()
