"""The page needs nothing else: no request, no error, no script but its own, small and quick."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browser import opened

pytestmark = pytest.mark.xdist_group("browser")

MOST_BYTES = 5_000_000
#: Seconds of the browser's own time, of one processor: a page that takes two on an idle machine is too slow.
MOST_SECONDS = 2.0
NAMES = ["whole", "bins", "hostile"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_asked_for_and_nothing_goes_wrong(browser: Any, pages: dict[str, Path], name: str) -> None:
    with opened(browser, pages[name]) as seen:
        seen.unfold()
        assert seen.page.title()
        assert seen.requests == [pages[name].as_uri()]
        assert seen.said == []


def test_a_picture_from_elsewhere_and_a_script_of_another_would_be_stopped_and_seen(
    browser: Any, pages: dict[str, Path], tmp_path: Path
) -> None:
    """What the tests above look for would be found."""
    planted = "<img src='https://example.org/a.png' alt=''><script>window.planted = true;</script></main>"
    file = tmp_path / "planted.html"
    file.write_text(pages["whole"].read_text(encoding="utf-8").replace("</main>", planted), encoding="utf-8")
    with opened(browser, file) as seen:
        refused = [text for text in seen.said if "Content Security Policy" in text]
        assert len(refused) == 2, seen.said
        assert seen.page.evaluate("window.planted === undefined")


def test_a_request_would_be_seen(browser: Any, pages: dict[str, Path], tmp_path: Path) -> None:
    html = pages["whole"].read_text(encoding="utf-8").replace("default-src 'none'", "default-src *")
    file = tmp_path / "open.html"
    file.write_text(
        html.replace("</main>", "<img src='https://example.org/a.png' alt=''></main>"), encoding="utf-8"
    )
    with opened(browser, file) as seen:
        assert "https://example.org/a.png" in seen.requests


@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_small_and_opens_quickly(browser: Any, pages: dict[str, Path], name: str) -> None:
    assert pages[name].stat().st_size < MOST_BYTES
    with opened(browser, pages["bins"]) as seen:  # a window that is warm
        session = seen.session()
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        seen.page.goto(pages[name].as_uri())
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        assert seen.page.evaluate("document.readyState") == "complete"
    assert 0 < metrics["LayoutDuration"] < metrics["TaskDuration"] < MOST_SECONDS, metrics
