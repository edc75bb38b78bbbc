"""What the workflow does when it starts: read and check the study, look at the data file's header, lay out the run.

Nothing is computed. Every mistake of the study file is refused here, before the first job.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hetflow.cohort.readers import DataShape, data_shape, read_header
from hetflow.environment import need
from hetflow.errors import Refused, refuse_all, stop
from hetflow.places import find_data, unwritable
from hetflow.plan import make_plan
from hetflow.prespecified.store import read_plan
from hetflow.run import FROZEN, Start
from hetflow.site import Site, deployed_by, read_site
from hetflow.size import settings_fit, too_large
from hetflow.start_checks import count_covariates, dictionary_problems, too_few_trees, unpredictable
from hetflow.study.load import merge, read_yaml, study_problems, validated
from hetflow.study.plan import plan_folder

DEFAULT_STUDY = "config/opt.yaml"


def start(workflow: Any, folder: Path, temp: Callable[[str], str]) -> Start:
    """Read the study that the command line names, or the default one, and lay out its run.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        Knows the configuration files and values of the command line. The default study is read only when the command
        line names no file, so that it never leaks into another study.
    folder : Path
        The folder ``workflow`` of the project.
    temp : callable
        Snakemake's mark for temporary files.

    Raises
    ------
    SystemExit
        If the study is refused; all that was found wrong goes to the terminal, without the places in the code that a
        WorkflowError would print.
    """
    # On a full disk, no traceback for every line that Snakemake's log cannot take.
    logging.raiseExceptions = False
    deployed = deployed_by(workflow)
    if not deployed:
        need()
    try:
        site = read_site(folder.parent, deployed)
        python = site.command(deployed)
        if not workflow.is_main_process and (frozen := os.environ.get(FROZEN)) and Path(frozen).is_file():
            return thawed(json.loads(Path(frozen).read_text(encoding="utf-8")), folder, python, temp, site)
        named = [Path(path) for path in workflow.config_settings.configfiles]
        overrides = dict(workflow.config_settings.config)
        begun = prepare(named, overrides, folder, python, temp, site, planning="plan" in sys.argv[1:])
        if not workflow.dryrun:
            refuse_all(unwritable([begun.file(""), ".snakemake"]))
        if "predict" in sys.argv:
            facts = Path(begun.file("cohort.json"))
            refuse_all(unpredictable(begun.plan, begun.new_data, begun.data_file, facts))
        return begun
    except Refused as refused:
        stop(refused)


def prepare(
    named: list[Path],
    overrides: dict[str, Any],
    folder: Path,
    python: str,
    temp: Callable[[str], str] = str,
    site: Site | None = None,
    planning: bool = False,
) -> Start:
    """`start` without Snakemake: study files, values that override them, and the folder ``workflow``.

    With `planning`, no row of the data file is read, not even to count them.
    """
    paths = named or [folder.parent / DEFAULT_STUDY]
    values: dict[str, Any] = {}
    for path in paths:
        values = merge(values, read_yaml(path))
    overrides = dict(overrides)
    new_data = overrides.pop("new_data", None)
    values = merge(values, overrides)
    source = " + ".join(_shown(path) for path in paths)
    study = validated(values, source)
    try:
        data_file = find_data(study.data.file, folder.parent, source)
        data = study.data.model_dump()
        shape = DataShape(read_header(data_file, data), 1) if planning else data_shape(data_file, data)
    except Refused as unread:
        raise Refused([*study_problems(study, source), *unread.problems]) from None
    problems = [*study_problems(study, source, shape.header)]
    refuse_all([*problems, *dictionary_problems(study, source, shape.header)])
    size = {"rows": shape.rows, "covariates": count_covariates(study.dictionary, shape.header)}
    new_file = None if new_data is None else find_data(str(new_data), folder.parent, "--config new_data")
    facts = {"study": values, "source": source, "data_file": data_file, "new_data": new_file} | size
    frozen = plan_folder(study, paths[0], source)
    read_plan(Path(frozen))
    facts |= {"plan_folder": frozen, "planning": planning}
    begun = thawed(facts, folder, python, temp, site)
    refuse_all([*too_few_trees(begun.plan, source), *too_large(begun.plan, source)])
    settings_fit(begun.plan)
    return begun


def thawed(
    facts: dict[str, Any], folder: Path, python: str, temp: Callable[[str], str], site: Site | None
) -> Start:
    """A run from what its main process knew when it began (`Start.facts`).

    Jobs of a cluster read the workflow again when they start, hours later perhaps; a study or data file that was edited
    in the meantime must not reach them.
    """
    study = validated(facts["study"], facts["source"])
    plan = make_plan(study, rows=facts["rows"], covariates=facts["covariates"])
    return Start(plan, facts["data_file"], folder, python, site or Site(), temp, facts)


def _shown(path: Path) -> str:
    """A path as the user would write it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
