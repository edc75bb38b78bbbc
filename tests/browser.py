"""The page in a real browser: the system's Chromium, without a network, driven through Playwright.

A test that needs it fails in continuous integration where the browser or the driver is missing, and is left out by name
elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from needs import package, program

#: Without a sandbox (tests may run as root), and without anything that calls home.
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
PHONE, DESK = 360, 1280  # pixels
GRAVE = {"serious", "critical"}  # impacts of axe-core
UNFOLD = "document.querySelectorAll('details').forEach(folded => { folded.open = true; })"


@dataclass
class Opened:
    """A page in the browser, and what happened while it was open."""

    page: Any
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def unfold(self) -> None:
        """Open all that is folded, displays that are not chosen included."""
        self.page.evaluate(
            "document.querySelectorAll('.explorer').forEach(one => one.classList.remove('live'))"
        )
        self.page.evaluate(UNFOLD)

    def session(self) -> Any:
        """Chromium's DevTools protocol for this page."""
        return self.page.context.new_cdp_session(self.page)


@contextmanager
def chromium() -> Iterator[Any]:
    """The running browser."""
    path = program("chromium")
    with package("playwright.sync_api").sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Any, file: Path, width: int = DESK, scheme: str = "light", script: bool = True
) -> Iterator[Opened]:
    """A file in a new window.

    Parameters
    ----------
    browser : playwright Browser
        Of `chromium`.
    file : Path
    width : int
        Of the window, in pixels.
    scheme : {"light", "dark"}
        What the reader prefers.
    script : bool
        Whether the page's script may run.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
    )
    context.set_offline(True)
    page = context.new_page()
    seen = Opened(page)
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda message: seen.said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.said.append(f"error: {error}"))
    try:
        page.goto(file.as_uri())
        yield seen
    finally:
        context.close()


def violations(seen: Opened) -> list[str]:
    """What axe-core finds that is serious or critical: rule and first place."""
    axe = package("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(seen.page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in GRAVE]
