"""The page that compares two runs: whether a conclusion changed, what differs, what explains it, and all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from hetflow import __version__
from hetflow.compare import tables
from hetflow.compare.compared import Comparison
from hetflow.compare.explain import causes, explanations, headline
from hetflow.compare.read import Run
from hetflow.report import formats as fmt
from hetflow.report.style import plain
from hetflow.report.tables import Table
from hetflow.report.templating import environment, style_and_script

_TEMPLATES = Path(__file__).parent / "templates"
_LARGEST = 12
_KIND = {
    "results folder": "a run's folder",
    "kept copy": "a kept copy",
    "crate": "a crate, in its public form",
}
Part = tuple[str, Any]


def comparison_page(found: Comparison) -> str:
    """The page as HTML that needs nothing else; the same comparison gives the same bytes."""
    sections = [section for section in _sections(found) if section["parts"]]
    more = (_TEMPLATES / "compare.css").read_text(encoding="utf-8")
    page = (
        environment(_TEMPLATES)
        .get_template("compare.html.j2")
        .render(
            **style_and_script(),
            more_css=Markup(more),  # noqa: S704 - a file of this package
            software=__version__,
            title=str(found.b.report["title"]),
            runs=[("A", _named(found.a)), ("B", _named(found.b))],
            answers=[_concluded(found), _differs(found)],
            notices=_notices(found),
            sections=sections,
            footer=f"Made by hetflow {__version__}. Differences are B minus A.",
        )
    )
    return plain(page)


def _named(run: Run) -> str:
    return f"{run.where} ({_KIND[run.kind]})"


def conclusion_headline(found: Comparison) -> str:
    """Whether any conclusion changed, in a few words."""
    questions, tests = len(found.changed_conclusions), len(found.changed_decisions)
    parts = [
        f"{fmt.count(number)} {noun if number == 1 else f'{noun}s'} changed"
        for number, noun in ((questions, "conclusion"), (tests, "decision"))
        if number
    ]
    if not parts:
        return "No conclusion changed"
    return f"{parts[0]}, and {parts[1].removesuffix(' changed')} of a test" if len(parts) == 2 else parts[0]


def _concluded(found: Comparison) -> dict[str, Any]:
    texts = [f"{one.asked} A: {one.a}. B: {one.b}." for one in found.changed_conclusions]
    if found.changed_decisions:
        names = "; ".join(one.name for one in found.changed_decisions)
        texts.append(f"Tests of heterogeneity decided otherwise at 5\u202f%: {names}.")
    if not texts:
        made = [one for one in found.decisions if one.in_family and one.in_both]
        texts.append(
            f"Both runs give the same answers and grades to {fmt.count(len(found.conclusions))} questions, and "
            f"{fmt.count(len(made))} global tests of heterogeneity come to the same decisions at 5\u202f%."
        )
    if not found.number_changed:
        texts.append("No number of the tables changed by more than rounding.")
    return {"ask": "Did a conclusion change?", "headline": conclusion_headline(found), "texts": texts}


def _differs(found: Comparison) -> dict[str, Any]:
    return {"ask": "What differs?", "headline": headline(found), "texts": explanations(found)}


_TEAM = "This page is for the study team"


def _notices(found: Comparison) -> list[str]:
    """What makes the two runs less than one study seen twice."""
    said = []
    if not (found.a.public and found.b.public):
        said.append(f"{_TEAM}: it shows a run in the form that has not gone through disclosure control.")
    elif not found.data.same_file:
        said.append(f"{_TEAM}: what differs between two data files may tell of the few units between them.")
    reports = [run.report for run in (found.a, found.b)]
    for key, what in (("study", "study"), ("outcome", "primary outcome")):
        was, now = (str(one.get(key, "")) for one in reports)
        if was != now:
            said.append(f"The runs do not have the same {what}: A has {was}, B has {now}.")
    treatments = [one.get("treatment") for one in reports]
    if treatments[0] != treatments[1]:
        said.append("The runs do not name the treatments alike: see the settings `treatment`.")
    one_only = [one.name for one in found.decisions if one.in_family and not one.in_both]
    if one_only:
        said.append(f"Global tests made in one of the runs only: {'; '.join(one_only)}.")
    return said


def _sections(found: Comparison) -> list[dict[str, Any]]:
    told = {
        "conclusions": ("Conclusions", _conclusions(found)),
        "inputs": ("Settings, data, code and versions", _inputs(found)),
        "files": ("Where the runs part", [("table", tables.stages_table(found.stages))]),
        "estimates": ("Estimates", _estimates(found)),
        "figures": ("Figures", _figures(found)),
        "tables": ("Other tables", _tables(found)),
        "same": ("What is the same", [("text", _same(found))]),
    }
    return [{"id": name, "title": title, "parts": parts} for name, (title, parts) in told.items()]


def _conclusions(found: Comparison) -> list[Part]:
    parts: list[Part] = [("table", tables.conclusions_table(found.conclusions))]
    family = [one for one in found.decisions if one.in_family]
    others = [one for one in found.decisions if not one.in_family and one.changed]
    if family:
        parts.append(("table", tables.decisions_table(family)))
    if others:
        parts.append(("table", tables.other_tests_table(others)))
    return parts


def _inputs(found: Comparison) -> list[Part]:
    """What the runs were made from: a table where something differs, and a sentence where nothing does."""
    data = found.data
    caption = "The raw file is the same" if data.same_file else "The raw file differs"
    made: list[Table] = [tables.values_table("data", caption, "Data", data.facts)]
    if found.settings:
        made.insert(0, tables.settings_table(found.settings))
    if data.flow:
        made.append(tables.values_table("flow", "Participant flow: steps that differ", "Step", data.flow))
    if data.missing:
        note = "Of all · treated · control · not applicable, as the reports print them."
        made.append(
            tables.values_table("missing", "Missing values that differ", "Variable", data.missing, note)
        )
    if found.versions:
        made.append(tables.values_table("versions", "Versions that differ", "Package", found.versions))
    if found.code:
        note = (
            "Fingerprints of a script with all that it imports, and of the locked versions of those packages."
        )
        caption = f"Scripts whose code differs ({len(found.code)})"
        made.append(tables.values_table("code", caption, "Script", found.code, note, True))
    same = [name for name, differs in (("settings", found.settings), ("code", found.code), ("versions", found.versions))
            if not differs]  # fmt: skip
    said = [("text", f"The same in both: {', '.join(same)}.")] if same else []
    return [*said, *(("table", one) for one in made)]


def _estimates(found: Comparison) -> list[Part]:
    """The largest differences first, then every analysis' own, folded."""
    moved = tables.moved(found.estimates)
    if not moved:
        return [("text", "All estimates agree.")]
    sized = sorted(
        (one for one in moved if one.in_errors == one.in_errors), key=lambda one: -abs(one.in_errors)
    )
    parts: list[Part] = []
    if sized:
        caption = "The largest differences, in standard errors"
        largest = tables.estimates_table("largest", caption, sized[:_LARGEST], False, True)
        parts.append(("table", largest))
    for place, name in enumerate(dict.fromkeys(one.analysis for one in moved)):
        own = [one for one in moved if one.analysis == name]
        caption = f"Estimates of {name} that differ ({len(own)})"
        parts.append(("table", tables.estimates_table(f"estimates_{place}", caption, own, True)))
    return parts


def _figures(found: Comparison) -> list[Part]:
    return [("figures", found.pictures)] if found.pictures else [("text", "All figures are the same.")]


def _tables(found: Comparison) -> list[Part]:
    differ = [one for one in found.tables if not one.same]
    return (
        [("table", tables.tables_table(differ))] if differ else [("text", "All other tables are the same.")]
    )


def _same(found: Comparison) -> str:
    files = sum(stage.same for stage in found.stages)
    estimates = len(found.estimates) - len(tables.moved(found.estimates))
    same = sum(one.same for one in found.tables)
    settings = sum(found.a.settings.get(name) == value for name, value in found.b.settings.items())
    return (
        f"{fmt.count(files)} files of the runs, byte for byte; {fmt.count(settings)} of "
        f"{fmt.count(len({*found.a.settings, *found.b.settings}))} settings files; {fmt.count(estimates)} of "
        f"{fmt.count(len(found.estimates))} estimates, to rounding; {fmt.count(same)} of "
        f"{fmt.count(len(found.tables))} other tables; {fmt.count(found.same_figures)} of "
        f"{fmt.count(found.same_figures + len(found.pictures))} figures."
    )


def summary(found: Comparison) -> str:
    """For the terminal: conclusions, what differs, and why."""
    lines = [conclusion_headline(found)]
    lines += [f"  {text}" for text in _concluded(found)["texts"]]
    lines.append(f"Differs: {listed_causes(found)}")
    lines += [f"  {text}" for text in explanations(found)]
    return "\n".join(lines)


def listed_causes(found: Comparison) -> str:
    """Seed, settings, data, code or versions, as far as they differ."""
    return ", ".join(causes(found)) or "nothing that the runs were made from"
