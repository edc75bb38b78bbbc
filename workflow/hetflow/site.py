"""What a computing site provides: a container image, environment modules, and how its jobs call Python.

They stand in a file of their own (`config/site.yaml`), not in the study: the same study gives the same results with
any of them, and rules need no editing.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hetflow.errors import Problem, refuse_all
from hetflow.study.load import read_yaml

SITE_FILE = "config/site.yaml"
_KEYS = ("container", "modules", "python")
_APPTAINER, _MODULES = "apptainer", "env-modules"


@dataclass(frozen=True, slots=True)
class Site:
    """A site's software.

    Attributes
    ----------
    container : str or None
        Image of every rule under ``--sdm apptainer``: a file, or an address such as ``docker://...``.
    modules : tuple of str
        Environment modules loaded before every job under ``--sdm env-modules``.
    python : str
        How a job calls Python inside the image, the conda environment or with the modules loaded.
    """

    container: str | None = None
    modules: tuple[str, ...] = ()
    python: str = "python"

    def command(self, deployed: Collection[str]) -> str:
        """How a job calls Python, quoted for a shell.

        Parameters
        ----------
        deployed : collection of str
            What stands after ``--sdm``.

        Returns
        -------
        str
            The deployed environment's own Python if there is one, else the interpreter that runs Snakemake.
        """
        return shlex.quote(self.python if deployed else sys.executable)

    def missing(self, deployed: Collection[str], source: str) -> list[Problem]:
        """What the command line asks to be deployed and the site does not name."""
        wanted = {
            _APPTAINER: (self.container, "container", "the image of every rule", "container: hetflow.sif"),
            _MODULES: (self.modules, "modules", "the modules that hold Python", "modules: [python/3.11]"),
        }
        return [
            Problem(
                f"--sdm {method}",
                f"{what} under the key {key} of {source}",
                "none",
                f"write for example `{example}` in {source}; see docs/hpc.md",
            )
            for method, (value, key, what, example) in wanted.items()
            if method in deployed and not value
        ]


def deployed_by(workflow: Any) -> set[str]:
    """What stands after ``--sdm``, of a `snakemake.workflow.Workflow`: conda, apptainer, env-modules."""
    settings = workflow.deployment_settings
    return {method.item_to_choice() for method in settings.deployment_method} if settings else set()


def read_site(project: Path, deployed: Collection[str]) -> Site:
    """The site's file: of the folder in which Snakemake runs, else of the project; without one, the defaults.

    Parameters
    ----------
    project : Path
        The folder of the project.
    deployed : collection of str
        What stands after ``--sdm``.

    Raises
    ------
    Refused
        If the file is not what it should be, or does not name what is to be deployed.
    """
    places = (Path(SITE_FILE), project / SITE_FILE)
    found = next((place for place in places if place.is_file()), None)
    values = read_yaml(found) if found else {}
    refuse_all(_mistakes(values))
    site = Site(values.get("container"), tuple(values.get("modules", ())), values.get("python", "python"))
    refuse_all(site.missing(deployed, SITE_FILE))
    return site


def _mistakes(values: dict[str, Any]) -> list[Problem]:
    """Keys that a site file does not have, and values of another kind."""
    problems = [
        Problem(
            f"{SITE_FILE}: {key}", f"one of {', '.join(_KEYS)}", str(key), "remove it or correct its name"
        )
        for key in values
        if key not in _KEYS
    ]
    for key in ("container", "python"):
        if not _is_word(values.get(key, "-")):
            problems.append(Problem(f"{SITE_FILE}: {key}", "one word", repr(values[key]), "write a name"))
    modules = values.get("modules", [])
    if not isinstance(modules, list) or not all(_is_word(module) for module in modules):
        problems.append(
            Problem(
                f"{SITE_FILE}: modules",
                "a list of module names",
                repr(modules),
                "write for example [python/3.11]",
            )
        )
    return problems


def _is_word(value: object) -> bool:
    """Whether a value can stand in a command: text without blanks or a shell's own characters."""
    return isinstance(value, str) and value != "" and not set(value) & set(" \t\n;&|<>()$`\\\"'*?{}")
