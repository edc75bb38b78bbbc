"""hetflow as a module of another workflow: what it is handed, and where that workflow puts its files.

A module has no say in the importing workflow's shell, in its handlers (``onstart:``), or in where paths begin; what
hetflow needs of these is arranged here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import hetflow
from hetflow.disk import write_text
from hetflow.errors import Refused, refuse
from hetflow.files import canonical_json, plain_json
from hetflow.run import FROZEN, Start
from hetflow.study.chosen import KEY, REQUIRED, Given, chosen, is_whole
from hetflow.study.load import read_yaml

_EXAMPLE = f'write `config: {{"{KEY}": "config/mine.yaml"}}`; see docs/module.md'


def is_imported(workflow: Any) -> bool:
    """Whether the Snakefile is read as a module of another one."""
    return not workflow.modifier.is_main_snakefile()


def _names(workflow: Any) -> list[str]:
    """The name of the module that is read, after those of the modules that it is imported through."""
    names, modifier = [], workflow.modifier
    while modifier is not None and not modifier.is_main_snakefile():
        names.append(str(modifier.namespace))
        modifier = modifier.parent_modifier
    return names[::-1]


def frozen_name(workflow: Any) -> str:
    """Environment variable that tells a job where to read what the run was laid out from: one a module."""
    return "_".join([FROZEN, *_names(workflow)])


def refuse_another_version(folder: Path) -> None:
    """Refuse a workflow that imports hetflow twice, from two places: Python holds one library of a name.

    Parameters
    ----------
    folder : Path
        The folder ``workflow`` of the Snakefile that is read.
    """
    loaded = Path(str(hetflow.__file__)).resolve().parents[1]
    if loaded != folder.resolve():
        refuse(
            "modules of hetflow",
            "one version of hetflow in a workflow, from one place",
            f"{folder}, and {loaded} before it",
            "give every module of hetflow the same `snakefile:`",
        )


def handed_over(config: Any, workflow: Any, project: Path) -> Given:
    """The study that an importing workflow gives its module after ``config:``.

    Parameters
    ----------
    config : mapping
        A study; or `study_file`, and keys that change the study that it names. `new_data` names patients to score.
    workflow : snakemake.workflow.Workflow
        Reads the module.
    project : Path
        hetflow's own folder.

    Raises
    ------
    Refused
        If there is no study, or one that Snakemake made by laying a second study file over a first one.
    """
    source = f"the config of module {'.'.join(_names(workflow))}"
    if not isinstance(config, Mapping) or not config:
        refuse(source, f"a study, or {KEY}", "none", _EXAMPLE)
    _refuse_merged(config, workflow, source)
    values = plain_json(dict(config))
    new_data = values.pop("new_data", None)
    if KEY not in values and not REQUIRED & values.keys():
        found = ", ".join(map(str, values)) or "new_data"
        refuse(source, f"a study, or {KEY}", f"the keys {found}", _EXAMPLE)
    return replace(chosen(values, source, Path("config.yaml"), project), new_data=new_data)


def _refuse_merged(config: Any, workflow: Any, source: str) -> None:
    """Refuse two whole studies of which Snakemake made one: the importing workflow's and the command line's."""
    settings = workflow.config_settings
    first = workflow.modifier_stack[0].globals.get("config")
    if config is not first or settings.replace_workflow_config or not is_whole(settings.overwrite_config):
        return
    named = {Path(path).resolve() for path in settings.configfiles}
    for path in (Path(path) for path in workflow.configfiles):
        if path.resolve() not in named and _holds_a_study(path):
            refuse(
                source,
                "one study",
                f"{path}, and another study laid over it by --configfile",
                f"add --replace-workflow-config, or let {path} hold no more than `{KEY}: ...`",
            )


def _holds_a_study(path: Path) -> bool:
    try:
        return is_whole(read_yaml(path))
    except Refused:  # no study that hetflow would take; the importing workflow's own affair
        return False


def placed(begun: Start, workflow: Any, local: Callable[[str], str]) -> Start:
    """A run that knows where its files lie.

    Parameters
    ----------
    begun : Start
        A run laid out.
    workflow : snakemake.workflow.Workflow
        Holds the path variable ``results``, which an importing workflow may have set, and the module's prefix.
    local : callable
        Snakemake's mark for files whose paths a prefix leaves alone: raw data are not below it.

    Raises
    ------
    Refused
        If the module is imported with ``replace_prefix``, which reaches some paths only.
    """
    modifier = workflow.modifier.path_modifier
    outer = modifier
    while outer is not None:
        if outer.modifies_prefixes:
            refuse(
                f"module {'.'.join(_names(workflow))}",
                "`prefix:`, or `pathvars:` with results",
                "replace_prefix",
                'write `prefix: "study"`, or `pathvars: results="study/results"`',
            )
        outer = outer.inner_modifier
    prefix = str(modifier.replace_prefix("<results>")).removesuffix("<results>")
    found = replace(begun, results=workflow.pathvars.apply("<results>"), imported=is_imported(workflow))
    if not prefix:
        return found
    new = None if begun.new_data is None else local(begun.new_data)
    facts = begun.facts | {"new_data": new}
    return replace(found, prefix=prefix, data_file=local(begun.data_file), facts=facts)


def freeze(begun: Start, workflow: Any) -> None:
    """Write down what an imported run was laid out from, for jobs that start later: `Start.begin` cannot, since
    Snakemake does not call a module's ``onstart:``. The name of the file tells its content, so that runs side by side
    do not disturb each other.
    """
    text = canonical_json(plain_json(begun.facts))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    frozen = Path(".snakemake").absolute() / "hetflow" / f"run-{digest}.json"
    if not frozen.is_file():
        write_text(text, frozen)
    os.environ[frozen_name(workflow)] = str(frozen)
