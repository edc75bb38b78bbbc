"""The small study's analysis plan, frozen in this process as `snakemake plan` does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import plan as plan_script
import yaml
from hetflow.disk import write_text
from hetflow.prespecified.content import content
from hetflow.run import Start
from hetflow.start import prepare
from in_process import ROOT, inside
from small_project import STUDY, small_data

AMENDED = {"date": "2026-12-01", "reason": "More trees were affordable."}
ANALYSES = {
    "primary": {"label": "Primary"},
    "complete_variables": {
        "label": "Complete variables",
        "missingness": {"strategy": "complete_variables"},
    },
}


def study(**changed: Any) -> dict[str, Any]:
    """The small study; `changed` are laid over its sections, one level deep."""
    values = yaml.safe_load(STUDY)
    for section, change in changed.items():
        values[section] = {**values.get(section, {}), **change} if isinstance(change, dict) else change
    return values


def lay_out(folder: Path, values: dict[str, Any] | None = None) -> Start:
    """The study file and its data in a folder, and the run laid out as `snakemake plan` does."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "small.csv"
    if not data.exists():
        small_data().to_csv(data, index=False)
    write_text(yaml.safe_dump(values or study(), sort_keys=False), folder / "small.yaml")
    return prepare([Path("small.yaml")], {}, ROOT / "workflow", "python", planning=True)


def freeze(folder: Path, values: dict[str, Any] | None = None) -> int:
    """What `snakemake plan` does, in this process: the script's exit status."""
    with inside(folder):
        begun = lay_out(folder, values)
        named = {stage: folder / f"{stage}.json" for stage in ("cohort", "planned")}
        for stage, path in named.items():
            path.write_text(begun.study_settings(stage) + "\n", encoding="utf-8")
        words = ["--data", begun.data_file, "--results", begun.file(""), "--folder", begun.plan_folder]
        return plan_script.main([*words, *(w for s, p in named.items() for w in (f"--{s}", str(p)))])


def planned(folder: Path, values: dict[str, Any] | None = None, header: list[str] | None = None) -> dict:
    """The content of the plan of a study."""
    with inside(folder):
        begun = lay_out(folder, values)
        cohort, own = (begun.plan.study_slice(stage) for stage in ("cohort", "planned"))
        columns = header or list(small_data(4).columns)
        return content(json.loads(json.dumps(cohort)), json.loads(json.dumps(own)), columns)


def files(folder: Path) -> dict[str, bytes]:
    """The frozen plan's files by name."""
    return {path.name: path.read_bytes() for path in sorted((folder / "small-plan").glob("*"))}
