"""Pictures of a finished report's parts for the README, taken by Chromium: small, in light colours, without a path.

Pillow, which matplotlib brings along, cuts and compresses them.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from _command import Command
from hetflow.disk import write_bytes
from hetflow.errors import refuse
from PIL import Image, ImageChops

COMMAND = Command(__doc__).reads("results").takes("gallery", type=Path, help="folder of the pictures")
PICTURES: dict[str, tuple[str, ...]] = {
    "first": (),
    "missing": ("figure-missingness", "figure-comissing"),
    "sensitivity": ("figure-sensitivity",),
    "ranking": ("figure-toc",),
    "groups": ("figure-groups",),
    "modifiers": ("figure-importance",),
    "explore": ("explore-effects",),
    "policy": ("figure-policy",),
    "stability": ("figure-stability",),
}
"""Name of the picture, and the anchors of the page that it shows; none is the page's first screen."""
WIDTH, FIRST_HEIGHT, LONGEST = 1085, 1250, 9000  # pixels of a window
MARGIN = 16  # pixels around what is shown
MOST_BYTES = 200_000
COLOURS = (128, 64, 32)  # fewer where a picture is too large
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--force-device-scale-factor=1"),
    "--blink-settings=preferredColorScheme=1",  # light, whatever the machine prefers
)


def work(arguments: Namespace) -> None:
    """Take every picture, or none."""
    page = arguments.results / "report.html"
    if not page.is_file():
        refuse(str(page), "a finished report", "none", "run the study first: make study")
    text = page.read_text(encoding="utf-8")
    refuse_places(text, arguments.results)
    browser = _browser()
    with tempfile.TemporaryDirectory() as folder:
        pictures = {name: picture(text, anchors, browser, Path(folder)) for name, anchors in PICTURES.items()}
    for name, content in pictures.items():
        write_bytes(content, arguments.gallery / f"{name}.png")
        print(f"{arguments.gallery / name}.png: {len(content) / 1000:.0f} kB")


def refuse_places(text: str, results: Path) -> None:
    """Refuse a page that names a place of this machine."""
    places = {str(results.resolve().parent), str(Path.cwd()), str(Path.home())} - {"/"}
    found = sorted(place for place in places if re.search(rf"{re.escape(place)}(?![\w-])", text))
    if found:
        refuse(
            "report.html", "a page without paths of this machine", found[0], "run the study from its folder"
        )


def _browser() -> str:
    """The browser's command: of the variable CHROMIUM, or what Debian calls it."""
    named = os.environ.get("CHROMIUM", "chromium")
    found = shutil.which(named)
    if found is None:
        refuse(
            "CHROMIUM", "a browser", f"no program {named}", "install chromium, or name it: CHROMIUM=chrome"
        )
    return found


def picture(text: str, anchors: Sequence[str], browser: str, folder: Path) -> bytes:
    """One picture as PNG.

    Parameters
    ----------
    text : str
        The page.
    anchors : sequence of str
        Elements to show, everything else being hidden; the first screen if there are none.
    browser : str
        Chromium's command.
    folder : Path
        For the page as it is shown, and the browser's profile.

    Raises
    ------
    Refused
        If the page has no such anchor, or the picture stays too large.
    """
    for anchor in anchors:
        if f'id="{anchor}"' not in text:
            refuse(
                "report.html",
                f"an element {anchor}",
                "none",
                "name another one in workflow/scripts/gallery.py",
            )
    page, taken = folder / "page.html", folder / "taken.png"
    page.write_text(only(text, anchors), encoding="utf-8")
    size = f"--window-size={WIDTH},{LONGEST if anchors else FIRST_HEIGHT}"
    command = [browser, *OPTIONS, f"--user-data-dir={folder / 'profile'}", size, f"--screenshot={taken}"]
    subprocess.run([*command, page.as_uri()], check=True, capture_output=True, timeout=120)  # noqa: S603
    with Image.open(taken) as image:
        shown = trimmed(image.convert("RGB")) if anchors else image.convert("RGB")
    return small(shown, ", ".join(anchors) or "the first screen")


def only(text: str, anchors: Sequence[str]) -> str:
    """The page with these elements alone; what is folded is opened."""
    if not anchors:
        return text
    shown = f":is({','.join(f'#{anchor}' for anchor in anchors)})"
    hidden = f"body *:not({shown}):not({shown} *):not(:has({shown}))"
    style = f"<style>{hidden}{{display:none !important}}</style></head>"
    return re.sub(r"<details(?! open)", "<details open", text.replace("</head>", style, 1))


def trimmed(image: Image.Image) -> Image.Image:
    """The picture without its empty borders, and an even margin around it."""
    ground = Image.new("RGB", image.size, image.getpixel((0, 0)))
    box = ImageChops.difference(image, ground).getbbox()
    if box is None:
        refuse("report.html", "something to be seen", "an empty picture", "look at the page in a browser")
    left, top, right, bottom = box
    around = (left - MARGIN, top - MARGIN, right + MARGIN, bottom + MARGIN)
    framed = Image.new("RGB", (around[2] - around[0], around[3] - around[1]), image.getpixel((0, 0)))
    framed.paste(image.crop(box), (MARGIN, MARGIN))
    return framed


def small(image: Image.Image, what: str) -> bytes:
    """The picture as PNG with a palette, at most `MOST_BYTES` long."""
    content = b""
    for colours in COLOURS:
        stream = io.BytesIO()
        palette = image.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        palette.save(stream, "PNG", optimize=True)
        content = stream.getvalue()
        if len(content) <= MOST_BYTES:
            break
    else:
        refuse(
            what, f"a picture of at most {MOST_BYTES:,} bytes", f"{len(content):,}", "show less of the page"
        )
    return content


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
