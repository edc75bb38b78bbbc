"""The page on paper: nothing cut, nothing folded, black on white whatever the screen was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browser import opened
from needs import package

pytestmark = pytest.mark.xdist_group("browser")

#: Width and height in pixels of what an A4 sheet leaves between the margins of the style sheet (15 and 16 mm).
WIDE, HIGH = round(180 / 25.4 * 96), round(265 / 25.4 * 96)
A4 = (595.3, 841.9)  # points


def letters(text: str) -> str:
    """Text without blanks, which a PDF places as it likes."""
    return "".join(text.split()).replace("\u00ad", "").replace("\ufffe", "")


@pytest.fixture(scope="module")
def printed(browser: Any, pages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Each page as a PDF on A4, printed from a dark screen, with what the page holds."""
    pdf = package("pypdfium2")
    made = {}
    for name, page in pages.items():
        file = tmp_path_factory.mktemp("paper") / f"{name}.pdf"
        with opened(browser, page, scheme="dark") as seen:
            captions = seen.page.locator("caption").all_text_contents()
            figures = [text.split(".")[0] for text in seen.page.locator("figcaption b").all_text_contents()]
            folded = seen.page.locator("details:not([open])").count()
            seen.page.pdf(path=file, format="A4", prefer_css_page_size=True, print_background=True)
            assert seen.page.locator("details:not([open])").count() == folded
        made[name] = (pdf.PdfDocument(file), captions, figures)
    return made


@pytest.mark.parametrize("name", ["whole", "bins"])
def test_every_table_and_figure_is_printed_folded_or_not(printed: dict[str, Any], name: str) -> None:
    document, captions, figures = printed[name]
    text = letters("".join(page.get_textpage().get_text_range() for page in document))
    assert len(captions) > 20
    for one in [*captions, *figures]:
        assert letters(one) in text, one
    assert "Showtheeffectby" not in text


@pytest.mark.parametrize("name", ["whole", "bins", "hostile"])
def test_no_letter_lies_outside_the_sheet(printed: dict[str, Any], name: str) -> None:
    document, _, _ = printed[name]
    for page in document:
        width, height = page.get_size()
        assert (width, height) == pytest.approx(A4, abs=1)
        text = page.get_textpage()
        for place in range(0, text.count_chars(), 7):
            left, bottom, right, top = text.get_charbox(place)
            assert -1 <= left <= right <= width + 1
            assert -1 <= bottom <= top <= height + 1


@pytest.mark.parametrize("name", ["whole", "bins"])
def test_nothing_is_wider_or_higher_than_a_sheet(browser: Any, pages: dict[str, Path], name: str) -> None:
    """A wider page would be printed smaller."""
    with opened(browser, pages[name], width=WIDE) as seen:
        seen.unfold()
        seen.page.emulate_media(media="print")
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= WIDE
        high = "[...document.querySelectorAll('figure')].map(one => one.getBoundingClientRect().height)"
        assert max(seen.page.evaluate(high)) < HIGH
        split = "[...document.querySelectorAll('figure, tr')].map(one => getComputedStyle(one).breakInside)"
        assert set(seen.page.evaluate(split)) == {"avoid"}


def test_ink_is_black_on_white_after_a_dark_screen(
    browser: Any, pages: dict[str, Path], printed: dict[str, Any]
) -> None:
    with opened(browser, pages["whole"], scheme="dark") as seen:
        seen.page.emulate_media(media="print", color_scheme="dark")
        style = "(({ color, backgroundColor }) => [color, backgroundColor])(getComputedStyle(document.body))"
        assert seen.page.evaluate(style) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
        assert seen.page.evaluate("getComputedStyle(document.querySelector('figure svg')).filter") == "none"
        assert not seen.page.locator("nav").is_visible()
        assert not seen.page.locator(".chooser").is_visible()
    first = printed["whole"][0][0].render(scale=0.5).to_pil().convert("L")
    shades = first.histogram()
    assert shades[255] > 0.7 * sum(shades)
    assert sum(shades[:90]) > 0
