"""The report opens in a real browser without a network and shows its story."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from needs import program
from small_project import Project

pytestmark = pytest.mark.xdist_group("workflow")

#: Without a screen, without a sandbox (tests may run as root), and without anything that calls home.
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
#: Every name fails to resolve, so that a page that asks for anything outside shows an error in the log.
OFFLINE = ["--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--v=0"]


@pytest.fixture
def chromium() -> str:
    """The browser; in continuous integration its absence is a failure, elsewhere the test is left out by name."""
    return program("chromium")


def browse(chromium: str, page: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [chromium, *OPTIONS, *OFFLINE, f"--user-data-dir={folder / 'profile'}", *options, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def test_the_page_opens_offline_and_tells_the_story(finished: Project, chromium: str, tmp_path: Path) -> None:
    page = finished.folder / "results" / "small" / "report.html"
    done = browse(chromium, page, tmp_path, "--dump-dom")
    for heading in ("A small study", "The question", "Who was studied", "What is missing", "For whom?"):
        assert heading in done.stdout, heading
    assert "CONSOLE" not in done.stderr, done.stderr
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', done.stdout)


@pytest.mark.parametrize("width", [1100, 390])
def test_the_page_has_a_picture_at_desk_and_phone_width(
    finished: Project, chromium: str, tmp_path: Path, width: int
) -> None:
    page, picture = finished.folder / "results" / "small" / "report.html", tmp_path / "page.png"
    browse(chromium, page, tmp_path, f"--screenshot={picture}", f"--window-size={width},2000")
    assert picture.stat().st_size > 30_000  # bytes; an empty page of this size compresses to a few thousand
