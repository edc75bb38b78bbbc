"""The path of the real command in one process, and what must hold of all that is said and kept."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import SimpleNamespace

import check as check_script
from hetflow import start as starting
from small_project import ROOT

LONGEST = 50_000  # characters of all that is said, whatever the input


def run(folder: Path) -> int:
    """What `snakemake check` does, in this process: its exit status, or that of the script which refuses."""
    settings = SimpleNamespace(configfiles=[folder / "study.yaml"], config={})
    paths = SimpleNamespace(modifies_prefixes=False, inner_modifier=None, replace_prefix=str)
    modifier = SimpleNamespace(is_main_snakefile=lambda: True, modify_rulename=str, path_modifier=paths)
    workflow = SimpleNamespace(
        config_settings=settings,
        deployment_settings=None,
        dryrun=False,
        is_main_process=True,
        modifier=modifier,
    )
    try:
        begun = starting.start(workflow, ROOT / "workflow", {}, str)
        workflow.pathvars = SimpleNamespace(apply=lambda path: begun.file(""))
        begun = starting.settle(begun, workflow, str)
        begun_settings = [begun.study_settings(stage) for stage in ("cohort", "feasible", "report", "guards")]
        for analysis in begun.plan.analyses:
            for stage in ("deployment", "inference", "nuisance", "forest", "scores", "estimates"):
                begun.analysis_settings(analysis, stage)
    except SystemExit as ended:
        return int(ended.code or 0)
    options = ["--data", begun.data_file, "--settings-text", begun_settings[0], "--needs", begun_settings[1]]
    return check_script.main(
        [*options, "--costs", begun.costs(), "--plan", begun.plan_state(), "--log", "check.log"]
    )


def kept(folder: Path) -> dict[str, str]:
    """All that lies in a folder, by content; links by where they lead."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_file() and name != "check.log":
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def plainly(said: str, words: str) -> None:
    """Said in the four parts of a refusal, without a trace of the code, an escape sequence, or a page of text."""
    assert words in said, said[:3000]
    for part in ("Refused. ", "expected:", "found:", "what to do:"):
        assert part in said
    for trace in ("Traceback", 'File "', "hetflow failed", "The system said"):
        assert trace not in said
    assert all(sign.isprintable() or sign == "\n" for sign in said)
    assert len(said) < LONGEST
