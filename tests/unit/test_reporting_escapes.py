"""What a user typed is text in every file of reporting/, whatever it looks like."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hetflow.report.page import build_report
from hetflow.report.reporting.bibliography import cited
from hetflow.report.reporting.escapes import first_in_line, latex, markdown
from hostile_report import HOSTILE, hostile_inputs
from needs import package
from report_fixture import report_inputs


def _rendered(text: str) -> tuple[set[str], str]:
    """Tags and visible text of Markdown."""
    renderer = package("markdown_it").MarkdownIt("commonmark", {"html": True}).enable("table")
    html = renderer.render(text)
    tags: set[str] = set()
    words: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.add(tag)

        def handle_data(self, data: str) -> None:
            words.append(data)

    Reader().feed(html)
    return tags, "".join(words)


NASTY = (
    "# heading\n- item | [link](javascript:x) ![i](y) <b>bold</b> *a* _b_ `c` $d$ ~~e~~ [@rubin1987] {#id} "
    "&amp; \\ ^f^ 1. 'q' \"r\" @work"
)


def test_what_a_user_typed_is_text_in_markdown() -> None:
    tags, words = _rendered(first_in_line(markdown(NASTY)))
    assert tags == {"p"}
    assert words.strip() == NASTY.replace("\n", " ")
    for start in ("1. one", "12) two", "> three", "=== four", "--- five", "+ six", ": seven"):
        assert _rendered(first_in_line(markdown(start))) == ({"p"}, f"{start}\n")


@pytest.mark.parametrize("word", [HOSTILE, NASTY, "=1+1", "| a | b |"])
def test_a_hostile_study_makes_plain_files(word: str) -> None:
    files = build_report(hostile_inputs(word)).reporting
    for name in ("methods.md", "results.md", "checklists.md"):
        tags, words = _rendered(files[name])
        allowed = {"h1", "h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "a"}
        assert tags <= allowed - (set() if name == "checklists.md" else {"a", "table"}), name
        assert word.replace("\x00", "\ufffd").replace("\n", " ").strip() in words
    assert cited(files["methods.md"]) == re.findall(
        r"^@\w+\{([a-z0-9]+),$", files["references.bib"], re.MULTILINE
    )
    for name, text in files.items():
        assert "\x00" not in text
        if name.endswith(".csv"):
            cells = re.findall(r'(?:^|,)"?([^",\n]*)', text, re.MULTILINE)
            assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


def test_what_a_user_typed_is_text_in_bibtex() -> None:
    typed = '50 % of {A & B} \\input{/etc/passwd} $x_1^2$ #1 ~ "q"\n@misc{evil, title={x}}'
    settings = {
        **report_inputs().settings,
        "report": {**report_inputs().settings["report"], "citation": typed},
    }
    bib = build_report(replace(report_inputs(), settings=settings)).reporting["references.bib"]
    entry = bib[bib.index("@misc{studydata") :].split("\n\n")[0]
    assert len(re.findall(r"^@", entry, re.MULTILINE)) == 1
    assert "\\input" not in entry
    assert "@misc{evil" not in entry
    known = r"\\(?:textbackslash|textasciitilde|textasciicircum)\{\}|\\[{}%&$#_]|\{\\char64\}"
    bare_signs = re.sub(known, "", latex(typed))
    assert not set(bare_signs) & set('\\{}%&$#_~^"@')
