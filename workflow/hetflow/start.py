"""What the workflow does when it starts: read and check the study, look at the data file's header, lay out the run.

Nothing is computed. Every mistake of the study file is refused here, before the first job.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hetflow.cohort.readers import DataShape, data_shape, read_header
from hetflow.environment import need
from hetflow.errors import Refused, refuse_all, stop
from hetflow.imported import freeze, frozen_name, handed_over, is_imported, placed, refuse_another_version
from hetflow.places import find_data, unwritable
from hetflow.plan import make_plan
from hetflow.prespecified.store import read_plan
from hetflow.run import Start
from hetflow.site import Site, deployed_by, read_site
from hetflow.size import settings_fit, too_large
from hetflow.start_checks import count_covariates, dictionary_problems, too_few_trees, unpredictable
from hetflow.study.blinding import NEVER, folder_problems, never_blinded
from hetflow.study.chosen import KEY as STUDY_FILE
from hetflow.study.chosen import Given, chosen
from hetflow.study.load import merge, read_yaml, study_problems, validated
from hetflow.study.plan import plan_folder

DEFAULT_STUDY = "config/config.yaml"


def start(workflow: Any, folder: Path, config: Any, temp: Callable[[str], str]) -> Start:
    """Read the study that the command line names, or the default one, and lay out its run.

    Imported as a module, read the study that the importing workflow hands over instead.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        Knows the configuration files and values of the command line. The default study is read only when the command
        line names no file, so that it never leaks into another study.
    folder : Path
        The folder ``workflow`` of the project.
    config : dict
        What the importing workflow says after ``config:``; not read otherwise, since Snakemake has merged files in it.
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
        refuse_another_version(folder)
        site = read_site(folder.parent, deployed)
        python = site.command(deployed)
        frozen = os.environ.get(frozen_name(workflow))
        if not workflow.is_main_process and frozen and Path(frozen).is_file():
            return thawed(json.loads(Path(frozen).read_text(encoding="utf-8")), folder, python, temp, site)
        planning = workflow.modifier.modify_rulename("plan") in sys.argv[1:]
        if is_imported(workflow):
            given = handed_over(config, workflow, folder.parent)
            return lay_out(given, folder, python, temp, site, planning)
        named = [Path(path) for path in workflow.config_settings.configfiles]
        given = read_studies(named, dict(workflow.config_settings.config), folder.parent)
        return lay_out(given, folder, python, temp, site, planning)
    except Refused as refused:
        stop(refused)


def settle(begun: Start, workflow: Any, local: Callable[[str], str]) -> Start:
    """Find out where the run's files lie, and whether they can: the last look before the first job.

    Parameters
    ----------
    begun : Start
        From `start`.
    workflow : snakemake.workflow.Workflow
        With its path variables.
    local : callable
        Snakemake's mark for files whose paths a module's prefix leaves alone.

    Raises
    ------
    SystemExit
        If the run may not write where it must, or cannot do what is asked of it.
    """
    try:
        begun = placed(begun, workflow, local)
        refuse_all([*folder_problems(begun.plan.study, begun.results)])
        if workflow.is_main_process and not workflow.dryrun:
            refuse_all(unwritable([str(begun.place("")), ".snakemake"]))
            if begun.imported:
                freeze(begun, workflow)
        if workflow.is_main_process:
            refuse_all([*never_blinded(begun.plan.study.blinded, _asked(workflow))])
        if workflow.is_main_process and workflow.modifier.modify_rulename("predict") in sys.argv:
            facts = begun.place("cohort.json")
            refuse_all(unpredictable(begun.plan, begun.new_data, begun.data_file, facts))
        return begun
    except Refused as refused:
        stop(refused)


def _asked(workflow: Any) -> list[str]:
    """Targets of the command line that no blinded run may make, whatever an importing workflow calls them."""
    return [name for name in NEVER if workflow.modifier.modify_rulename(name) in sys.argv[1:]]


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
    return lay_out(read_studies(named, overrides, folder.parent), folder, python, temp, site, planning)


def read_studies(named: list[Path], overrides: dict[str, Any], project: Path) -> Given:
    """The study files of a command line, or the default one, and the values that override them."""
    paths = named or [project / DEFAULT_STUDY]
    values: dict[str, Any] = {}
    for path in paths:
        values = merge(values, read_yaml(path))
    overrides = dict(overrides)
    new_data = overrides.pop("new_data", None)
    if not named and STUDY_FILE in overrides:
        values = {STUDY_FILE: overrides.pop(STUDY_FILE)}
    found = chosen(values, " + ".join(_shown(path) for path in paths), paths[0], project)
    return replace(found, values=merge(found.values, overrides), new_data=new_data, config=overrides)


def lay_out(
    given: Given,
    folder: Path,
    python: str,
    temp: Callable[[str], str] = str,
    site: Site | None = None,
    planning: bool = False,
) -> Start:
    """Check a study against its data file's columns, and lay out its run."""
    values, source = given.values, given.source
    study = validated(values, source)
    try:
        data_file = find_data(study.data.file, folder.parent, source)
        data = study.data.model_dump()
        shape = DataShape(read_header(data_file, data), 1) if planning else data_shape(data_file, data)
    except Refused as unread:
        raise Refused([*study_problems(study, source), *unread.problems]) from None
    problems = [*study_problems(study, source, shape.header)]
    refuse_all([*problems, *dictionary_problems(study, source, shape.header)])
    size = {"rows": shape.rows, "covariates": count_covariates(study, shape.header)}
    new_data = given.new_data
    new_file = None if new_data is None else find_data(str(new_data), folder.parent, "--config new_data")
    facts = {"study": values, "source": source, "data_file": data_file, "new_data": new_file} | size
    frozen = plan_folder(study, given.file, source)
    read_plan(Path(frozen))
    facts |= {"plan_folder": frozen, "planning": planning, "config": given.config}
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
