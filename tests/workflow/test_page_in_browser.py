"""The report of a real run opens in a browser without a network, tells its story and holds what it promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browser import DESK, PHONE, opened, violations
from small_project import Project

pytestmark = pytest.mark.xdist_group("workflow")

MOST_SECONDS = 2.0  # of one processor


def test_the_page_opens_offline_and_tells_the_story(finished: Project, browser: Any, tmp_path: Path) -> None:
    file = finished.folder / "results" / "small" / "report.html"
    for width, scheme in ((DESK, "light"), (PHONE, "dark")):
        with opened(browser, file, width, scheme) as seen:
            text = seen.page.locator("body").inner_text()
            for heading in (
                "A small study",
                "The question",
                "Who was studied",
                "What is missing",
                "For whom?",
            ):
                assert heading in text, heading
            session = seen.session()
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            seen.page.reload()
            took = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
            assert took["TaskDuration"] < MOST_SECONDS
            seen.unfold()
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
            assert violations(seen) == []
            picture = tmp_path / f"{width}.png"
            seen.page.screenshot(path=picture)
            assert picture.stat().st_size > 20_000  # bytes; an empty page compresses to a few thousand
            assert set(seen.requests) == {file.as_uri()}
            assert seen.said == []
