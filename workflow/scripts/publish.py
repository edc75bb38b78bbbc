"""Publish a finished study: its public form, described as an RO-Crate, and the same as a zip."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from _command import Command
from hetflow import __version__
from hetflow.cohort.readers import read_raw
from hetflow.disk import write_bytes
from hetflow.errors import refuse_all
from hetflow.files import canonical_json, read_json
from hetflow.publish.archive import sums, write_folder, zipped
from hetflow.publish.content import (
    Files,
    manifest_file,
    plan_files,
    refuse_what_is_not_allowed,
    report_files,
    settings_files,
    source_files,
)
from hetflow.publish.crate import Described, crate
from hetflow.publish.datacite import datacite, readme
from hetflow.publish.gate import refuse_exports, refuse_undeclared
from hetflow.publish.jobs import Job, jobs_behind, jobs_table, read_records, refuse_stale
from hetflow.publish.last_look import refuse_named, refuse_units
from hetflow.publish.log import Log
from hetflow.publish.public import public_inputs
from hetflow.publish.residual import complete_cases, disclosure, named_in_settings, to_review
from hetflow.report.export import csv_text
from hetflow.report.page import build_report
from hetflow.sources import packages_of
from hetflow.study.blinding import never_blinded
from page import inputs as read_inputs

COMMAND = (
    Command(__doc__)
    .reads("results", "settings", "publish", "cohort", "manifest", "lock", "data", "records")
    .reads("plan", several=True, required=False)
    .writes("crate", "archive")
)
#: What is made of words of the study file that stand on no page.
_TYPED = ("README.md", "datacite.json")
_UNITS = ("scores/*.parquet", "cate/*.parquet", "nuisance/*.parquet", "outcome_draws/*.parquet")


def work(arguments: Namespace) -> None:
    """Make the public form, look at it a last time, describe it, write it, and say what was done."""
    settings, publish = read_json(arguments.settings, "settings"), read_json(arguments.publish, "settings")
    refuse_all([*never_blinded(settings.get("blinded"), ["publish"])])
    manifest = read_json(arguments.manifest, "facts")
    log = Log()
    jobs = _jobs(arguments)
    refuse_stale(jobs, manifest["code"])
    files = _public(arguments, manifest, publish, log)
    described = _described(settings, publish, manifest, jobs, log)
    refuse_named({name: described[name] for name in _TYPED}, _identifiers(arguments), _unit(arguments))
    files |= described
    given = Described(settings, publish, manifest, jobs, str(arguments.data), files, _uses(jobs))
    files["SHA256SUMS"] = sums(files)
    files["ro-crate-metadata.json"] = f"{canonical_json(crate(given))}\n".encode()
    refuse_what_is_not_allowed(files)
    write_folder(files, arguments.crate.parent)
    write_bytes(zipped(files), arguments.archive)
    _tell(arguments, settings, publish, log)


def _jobs(arguments: Namespace) -> list[Job]:
    targets = [
        str(arguments.manifest),
        *(str(arguments.results / name) for name in ("report.html", "tables")),
    ]
    records = read_records(arguments.records)
    return jobs_behind(targets, records, str(arguments.results), str(arguments.data))


def _public(arguments: Namespace, manifest: dict[str, Any], publish: dict[str, Any], log: Log) -> Files:
    """Every file made from the study, as everybody may see it; refused if units can be found in one."""
    team = read_inputs(arguments.results, arguments.settings, arguments.lock)
    refuse_undeclared(team)
    public, rare = public_inputs(team, publish["threshold"], log, publish["trees"])
    trees = set() if publish["trees"] else _trees(arguments.results)
    report = build_report(replace(public, withheld=public.withheld | trees))
    refuse_exports(report.tables, publish["threshold"])
    log.review += to_review(public.estimates, publish["threshold"], float(team.cohort["units"]))
    log.review += complete_cases(team.settings["methods"], public.covered or {})
    files = report_files(report)
    settings = settings_files(manifest["settings"], log) | plan_files(arguments.plan or [], team.plan)
    refuse_units(files, _identifiers(arguments), rare, _units(arguments.results))
    refuse_named(settings, _identifiers(arguments), _unit(arguments))
    withheld = [name for name in manifest["artefacts"] if name.endswith((".parquet", ".npz"))]
    log.add("artefacts of the run", "unit-level", len(withheld))
    log.review += named_in_settings(settings, rare)
    return files | settings | manifest_file(manifest) | _sources()


def _trees(results: Path) -> set[str]:
    """Figures and tables of decision trees."""
    named = {path.stem for folder in ("figures", "tables") for path in (results / folder).glob("*")}
    return {name for name in named if {"tree", "trees"} & set(name.split("_"))}


def _unit(arguments: Namespace) -> str:
    """Name of the identifiers' column."""
    return str(read_json(arguments.cohort, "settings")["data"]["unit"])


def _identifiers(arguments: Namespace) -> list[str]:
    data = read_json(arguments.cohort, "settings")["data"]
    raw = read_raw(arguments.data, data)
    found = raw[data["unit"]].astype(str).str.strip() if data["unit"] in raw else pd.Series(dtype=str)
    return sorted({*found, *found.str.removesuffix(".0")})


def _units(results: Path) -> list[pd.DataFrame]:
    """Every table with one row a unit that holds numbers of its own."""
    paths = [path for pattern in _UNITS for path in sorted(results.glob(f"*/{pattern}"))]
    return [
        pd.read_parquet(path) for path in [results / "cohort.parquet", results / "outcomes.parquet", *paths]
    ]


def _uses(jobs: list[Job]) -> dict[str, list[str]]:
    """Packages that the jobs' scripts use."""
    scripts = Path(__file__).resolve().parent
    names = sorted({job.script for job in jobs if job.script})
    return {name: packages_of(scripts / f"{name}.py", scripts.parent / "hetflow") for name in names}


def _sources() -> Files:
    return source_files(Path(__file__).resolve().parents[1])


def _described(
    settings: dict[str, Any], publish: dict[str, Any], manifest: dict[str, Any], jobs: list[Job], log: Log
) -> Files:
    """What says what this is, what was suppressed, and when the jobs ran."""
    ended = datetime.fromtimestamp(max(job.ended for job in jobs), tz=UTC)
    cited = datacite(settings, publish, ended.year, __version__)
    return {
        "datacite.json": f"{canonical_json(cited)}\n".encode(),
        "disclosure.json": f"{canonical_json(disclosure(publish['threshold'], log))}\n".encode(),
        "disclosure.csv": csv_text(log.table()).encode(),
        "jobs.csv": csv_text(jobs_table(jobs)).encode(),
        "README.md": readme(settings, publish["threshold"], log.totals()).encode(),
    }


def _tell(arguments: Namespace, settings: dict[str, Any], publish: dict[str, Any], log: Log) -> None:
    """Where it is, what was suppressed, and what the study file does not say."""
    lines = [
        f"\nThe crate: {arguments.crate.parent.resolve()}",
        f"The same as a zip: {arguments.archive.resolve()}",
    ]
    lines.append(f"Suppressed (counts below {publish['threshold']}; disclosure.csv says where and why):")
    lines += [f"  {rule}: {number}" for rule, number in log.totals().items()]
    lines += [f"Look at: {one}" for one in log.review]
    missing = [key for key in ("authors", "licence", "citation") if not settings["report"][key]]
    if missing:
        lines.append(f"The study file does not say: {', '.join(f'report.{key}' for key in missing)}")
    print("\n".join(lines))


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
