"""Write the report: one page, its figures as SVG, its tables as CSV and Parquet, and what a paper says of it."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from _command import Command
from hetflow.disk import write_text
from hetflow.files import read_json, read_table, write_table
from hetflow.report.export import csv_text
from hetflow.report.inputs import AnalysisInputs, AppraisalInputs, ReportInputs
from hetflow.report.page import build_report
from hetflow.sources import locked_versions

DRAWN = ("nodes", "network", "nesting", "rules")
"""Tables of the structure of what is missing that the page shows."""
DEPENDENCE = ("labels", "dependence", "compared", "mcar", "dropout")
"""Tables of what missing values depend on that the page shows, or counts the tests of."""
COMMAND = (
    Command(__doc__).reads("results", "settings", "lock").writes("page", "figures", "tables", "reporting")
)


def work(arguments: Namespace) -> None:
    """Read everything that the page tells, build it, write it."""
    report = build_report(inputs(arguments.results, arguments.settings, arguments.lock))
    for name, svg in report.figures.items():
        write_text(svg, arguments.figures / f"{name}.svg")
    for name, table in report.tables.items():
        write_table(table, arguments.tables / f"{name}.parquet", "table")
        write_text(csv_text(table), arguments.tables / f"{name}.csv")
    for name, text in report.reporting.items():
        write_text(text, arguments.reporting / name)
    write_text(report.html, arguments.page)


def inputs(results: Path, settings_file: Path, lock: Path) -> ReportInputs:
    """The read artefacts of a study, and whether its plan was followed."""
    return replace(
        artefacts(results, settings_file, lock),
        plan=read_json(results / "plan" / "followed.json", "facts"),
        deviations=read_table(results / "plan" / "deviations.parquet", "table"),
    )


def artefacts(results: Path, settings_file: Path, lock: Path) -> ReportInputs:
    """The read artefacts of a study."""
    settings = read_json(settings_file, "settings")
    missingness = results / "missingness"
    return ReportInputs(
        settings=settings,
        cohort=read_json(results / "cohort.json", "cohort_facts"),
        flow=read_table(results / "flow.parquet", "table"),
        baseline=read_table(results / "baseline.parquet", "table"),
        variables=read_table(missingness / "variables.parquet", "table"),
        masks=read_table(missingness / "masks.parquet", "table"),
        patterns=read_table(missingness / "patterns.parquet", "table"),
        missingness=read_json(missingness / "summary.json", "facts"),
        estimates=read_table(results / "estimates.parquet", "estimates"),
        analyses={name: _analysis(results, name, settings) for name in settings["analyses"]},
        structure=read_json(missingness / "structure.json", "facts"),
        structure_tables={name: read_table(missingness / f"{name}.parquet", "table") for name in DRAWN},
        mechanism=read_json(missingness / "mechanism.json", "facts"),
        mechanism_tables={name: read_table(missingness / f"{name}.parquet", "table") for name in DEPENDENCE},
        versions=locked_versions(lock),
    )


def _analysis(results: Path, name: str, settings: dict[str, Any]) -> AnalysisInputs:
    owner = settings["owners"][name]
    quality = sorted((results / owner["nuisance"] / "nuisance").glob("*.json"))
    return AnalysisInputs(
        nuisance=read_json(quality[0], "facts"),
        guards=read_json(results / owner["deployment"] / "guards.json", "facts"),
        curves=read_table(results / name / "curves.parquet", "table"),
        displays=read_table(results / name / "displays.parquet", "table"),
        joint=read_table(results / name / "joint.parquet", "joint"),
        notices=tuple(read_json(results / name / "notices.json", "facts")["notices"]),
        appraisals={
            part: _appraisal(results / owner[part] / part, tables)
            for part, tables in settings["appraisals"].items()
            if part in owner
        },
        **(_sensitivity(results / name / "sensitivity") if name in settings["sensitive"] else {}),
    )


def _appraisal(folder: Path, names: list[str]) -> AppraisalInputs:
    tables = {name: read_table(folder / f"{name}.parquet", "table") for name in names}
    return AppraisalInputs(tables, read_json(folder / f"{folder.name}.json", "facts"))


def _sensitivity(folder: Path) -> dict[str, Any]:
    tables = {
        name: read_table(folder / f"{name}.parquet", "table") for name in ("shifts", "tipping", "plane")
    }
    return tables | {"sensitivity": read_json(folder / "sensitivity.json", "facts")}


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
