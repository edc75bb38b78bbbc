"""The README's pictures: made from anchors that the page has, small, and each described."""

from __future__ import annotations

import re
from pathlib import Path

import gallery
import numpy as np
import pytest
from hetflow.errors import Refused
from hetflow.report.page import build_report
from needs import program
from PIL import Image
from report_fixture_whole import whole_inputs

ROOT = Path(__file__).resolve().parents[2]
PAGE = """<html><head><style>body{background:#fff;margin:60px}</style></head><body><h1>Left out</h1>
<details><summary>Folded</summary><p id="red" style="background:#f00;width:300px;height:50px"></p></details>
<p id="blue" style="background:#00f;width:100px;height:50px"></p></body></html>"""


def test_the_readme_shows_every_picture_with_words_for_those_who_do_not_see_it() -> None:
    shown = {
        name: alt
        for alt, name in re.findall(
            r"!\[([^\]]*)\]\(docs/gallery/(\w+)\.png\)", (ROOT / "README.md").read_text()
        )
    }
    assert (
        set(shown) == set(gallery.PICTURES) == {path.stem for path in (ROOT / "docs" / "gallery").iterdir()}
    )
    assert all(len(alt) > 30 for alt in shown.values())


@pytest.mark.parametrize("name", gallery.PICTURES)
def test_pictures_are_small_and_not_empty(name: str) -> None:
    path = ROOT / "docs" / "gallery" / f"{name}.png"
    assert path.stat().st_size <= gallery.MOST_BYTES
    with Image.open(path) as image:
        assert 400 <= image.width <= gallery.WIDTH
        assert 250 <= image.height <= 1600
        grey = np.asarray(image.convert("L"))
    assert np.median(grey) > 230  # light colours
    assert grey.std() > 10  # and something on them


def test_the_page_has_the_anchors() -> None:
    text = build_report(whole_inputs()).html
    missing = [
        name for anchors in gallery.PICTURES.values() for name in anchors if f'id="{name}"' not in text
    ]
    assert missing == []


def test_one_part_is_taken_unfolded_and_without_the_rest(tmp_path: Path) -> None:
    browser = program("chromium")
    content = gallery.picture(PAGE, ("red",), browser, tmp_path)
    (tmp_path / "red.png").write_bytes(content)
    with Image.open(tmp_path / "red.png") as image:
        assert image.size == (300 + 2 * gallery.MARGIN, 50 + 2 * gallery.MARGIN)
        assert image.convert("RGB").getpixel((gallery.MARGIN + 5, gallery.MARGIN + 5)) == (255, 0, 0)
    with pytest.raises(Refused, match="green"):
        gallery.picture(PAGE, ("green",), browser, tmp_path)


def test_a_picture_that_cannot_be_made_small_is_refused() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (900, 900, 3), dtype=np.uint8)
    with pytest.raises(Refused, match="200,000"):
        gallery.small(Image.fromarray(noise), "noise")


def test_a_page_that_names_a_place_of_this_machine_is_refused(tmp_path: Path) -> None:
    results = tmp_path / "results" / "opt"
    results.mkdir(parents=True)
    gallery.refuse_places("<p>results/opt is no place</p>", results)
    with pytest.raises(Refused, match="without paths"):
        gallery.refuse_places(f"<p>made from {tmp_path}/results/data.csv</p>", results)


def test_without_a_report_or_a_browser_it_is_said_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["--results", str(tmp_path), "--gallery", str(tmp_path / "gallery")]
    assert gallery.main(options) == 2
    assert "make study" in capsys.readouterr().err
    (tmp_path / "report.html").write_text(PAGE)
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    assert gallery.main(options) == 2
    assert "no program no-such-browser" in capsys.readouterr().err
    assert not (tmp_path / "gallery").exists()
