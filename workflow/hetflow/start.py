"""What the workflow does when it starts: read and check the study, look at the data file's header, lay out the run.

Nothing is computed and nothing is written. Every mistake of the study file is refused here, before the first job.
"""

from __future__ import annotations

import functools
import math
import os
import shlex
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hetflow.cohort.dictionary import resolve
from hetflow.cohort.readers import data_shape
from hetflow.costs import costs
from hetflow.errors import Problem, Refused, refuse, refuse_all
from hetflow.files import canonical_json, stamped_json
from hetflow.plan import ALL, Plan, make_plan
from hetflow.resources import memory_mb, minutes
from hetflow.sources import code_fingerprint
from hetflow.study.load import merge, read_yaml, study_problems, validated
from hetflow.study.model import PRIMARY, Study

DEFAULT_STUDY = "config/opt.yaml"
_MOST_SETTINGS = (
    100_000  # characters of one settings file: it passes through a command line of at most 128 KiB
)
_NEVER_OUT_OF_BAG = 0.001  # units expected in every bag's half-sample, above which a forest is too small
_KEEP_SHARDS = (
    50_000  # rows up to which shards are kept after merging, so that raising the trees adds to them
)


@dataclass(frozen=True, slots=True)
class Start:
    """What the rules need to know.

    Attributes
    ----------
    plan : Plan
        The run's files.
    data_file : str
        The raw data file.
    workflow : Path
        The folder ``workflow``.
    python : str
        How a job calls Python, quoted for a shell.
    temp : callable
        Snakemake's mark for temporary files.
    new_data : str or None
        File of patients who are to be scored.
    """

    plan: Plan
    data_file: str
    workflow: Path
    python: str
    temp: Callable[[str], str]
    new_data: str | None = None

    def predictions(self, ending: str) -> str:
        """Where the effects of new patients are written, by the name of their file."""
        return self.file(f"predictions/{Path(self.new_data or 'none').stem}.{ending}")

    def code(self, script: str) -> str:
        """Fingerprint of the code behind a script."""
        return _fingerprint(self.workflow, script)

    @property
    def prefix(self) -> str:
        """Shell variables before every job's command: where Python, the scripts and the lock are on this machine.

        They are no parameters of the rules, so that another clone or interpreter runs nothing again.
        """
        scripts, lock = self.workflow / "scripts", self.workflow.parent / "envs" / "lock.txt"
        places = {"PYTHON": self.python, "SCRIPTS": shlex.quote(str(scripts)), "LOCK": shlex.quote(str(lock))}
        return "".join(f"HETFLOW_{name}={place}; " for name, place in places.items())

    def costs(self) -> str:
        """What a run would cost, as text for the script `check`."""
        return canonical_json(costs(self.plan))

    def file(self, name: str) -> str:
        """A path of the study's results."""
        return f"results/{self.plan.study.study}/{name}".rstrip("/")

    def files(self, names: Iterable[str]) -> list[str]:
        """Paths of the study's results."""
        return [self.file(name) for name in names]

    def guards(self, analysis: str) -> str:
        """The guards that must have passed before nuisances are fitted."""
        return self.file(f"{self.plan.owner[analysis, 'deployment']}/guards.json")

    def shard(self, name: str) -> str:
        """A shard file: kept in studies of moderate size, removed once merged in large ones."""
        return name if self.plan.rows <= _KEEP_SHARDS else self.temp(name)

    @property
    def held_out_samples(self) -> list[str]:
        """Names of the forests that leave folds out."""
        from hetflow.forest.samples import sample_names

        return [name for name in sample_names(self.plan.study.folds) if name != ALL]

    def farewell(self) -> str:
        """Where the report is; nothing when there is none yet."""
        page = Path(self.file("report.html"))
        shown = page.is_file() and "check" not in sys.argv
        return f"\nThe report: {page.resolve()}\n" if shown else ""

    def study_settings(self, stage: str) -> str:
        """Text of a study-wide settings file."""
        return _settings_text(self.plan.study_slice(stage), stage)

    def analysis_settings(self, analysis: str, stage: str) -> str:
        """Text of an analysis' settings file."""
        return _settings_text(self.plan.analysis_slice(analysis, stage), stage)

    def memory(self, stage: str) -> Callable[..., int]:
        """Memory of a stage's job in MB, growing with the data and with the attempt."""
        return functools.partial(memory_mb, stage, self.plan.rows, self.plan.covariates)

    def minutes(self, stage: str) -> Callable[..., int]:
        """Run time of a stage's job in minutes, growing with the data and with the attempt."""
        return functools.partial(minutes, stage, self.plan.rows, self.plan.covariates)


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
    try:
        named = [Path(path) for path in workflow.config_settings.configfiles]
        begun = prepare(named, dict(workflow.config_settings.config), folder, _python(workflow), temp)
        if "predict" in sys.argv:
            refuse_all(_unpredictable(begun))
        return begun
    except Refused as refused:
        print(f"\nRefused. {refused}\n", file=sys.stderr)
        raise SystemExit(1) from None


def prepare(
    named: list[Path], overrides: dict[str, Any], folder: Path, python: str, temp: Callable[[str], str] = str
) -> Start:
    """`start` without Snakemake: study files, values that override them, and the folder ``workflow``."""
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
        shape = data_shape(data_file, study.data.model_dump())
    except Refused as unread:
        raise Refused([*study_problems(study, source), *unread.problems]) from None
    refuse_all([*study_problems(study, source, shape.header), *_dictionary(study, source, shape.header)])
    covariates = _count_covariates(study.dictionary, shape.header)
    plan = make_plan(study, rows=shape.rows, covariates=covariates)
    refuse_all(_too_few_trees(plan, source))
    new_file = None if new_data is None else find_data(str(new_data), folder.parent, "--config new_data")
    return Start(plan, data_file, folder, python, temp, new_file)


def _unpredictable(begun: Start) -> list[Problem]:
    """Why no patients can be scored."""
    problems = []
    if begun.new_data is None:
        problems.append(
            Problem(
                "predict",
                "a file of patients",
                "none",
                "write `snakemake predict --config new_data=patients.csv`",
            )
        )
    engine = begun.plan.analyses[PRIMARY].forest.engine
    if engine != "histogram":
        remedy = "set forest.engine to histogram and run the study"
        problems.append(Problem("forest.engine", "histogram, whose trees can be stored", engine, remedy))
    return problems


def _dictionary(study: Study, source: str, header: list[str]) -> list[Problem]:
    """What is wrong with the dictionary, seen beside the data file's columns."""
    roles = {study.data.unit: "unit", study.treatment.column: "treatment"}
    entries = {name: entry.model_dump() for name, entry in study.dictionary.items()}
    if len(header) < 2:
        return []
    try:
        resolve(entries, header, study.derived, roles)
    except Refused as refused:
        return [replace(problem, where=f"{source}: {problem.where}") for problem in refused.problems]
    return []


def _too_few_trees(plan: Plan, source: str) -> list[Problem]:
    """Forests so small that some unit may lie in the half-sample of every bag and have no out-of-bag effect."""
    fewest = math.ceil(math.log2(max(plan.rows, 1) / _NEVER_OUT_OF_BAG))
    problems: dict[int, Problem] = {}
    for analysis, study in plan.analyses.items():
        forest = study.forest
        if forest.trees // forest.bag_trees < fewest:
            key = "forest.trees" if analysis == PRIMARY else f"analyses.{analysis}.forest.trees"
            problems.setdefault(
                forest.trees,
                Problem(
                    f"{source}: {key}",
                    f"at least {fewest} bags of {forest.bag_trees} trees, so that each of {plan.rows} units is left "
                    "out of one",
                    f"{forest.trees} trees",
                    f"write {fewest * forest.bag_trees} or more; 2000 is usual",
                ),
            )
    return list(problems.values())


def find_data(name: str, project: Path, source: str) -> str:
    """The data file: relative to the folder of the run, or to the project's own."""
    places = (Path(name).expanduser(), project / name)
    found = next((place for place in places if _is_file(place)), None)
    if found is None:
        refuse(
            f"{source}: data.file",
            "a data file",
            f"no file {name}",
            "give its path relative to the folder in which you start snakemake, or in full",
        )
    return os.path.relpath(found) if found.is_relative_to(Path.cwd()) else str(found)


def _is_file(place: Path) -> bool:
    """Whether there is such a file; a name that no file can have is none."""
    try:
        return place.is_file()
    except (OSError, ValueError):
        return False


def _count_covariates(dictionary: Any, header: list[str]) -> int:
    """How many columns of the data file the dictionary calls covariates (roughly: by exact name or pattern)."""
    from fnmatch import fnmatchcase

    patterns = [name for name, entry in dictionary.items() if entry.role == "covariate"]
    return max(1, sum(any(fnmatchcase(column, pattern) for pattern in patterns) for column in header))


@functools.cache
def _fingerprint(folder: Path, script: str) -> str:
    lock = folder.parent / "envs" / "lock.txt"
    return code_fingerprint(folder / "scripts" / f"{script}.py", folder / "hetflow", lock)


def _python(workflow: Any) -> str:
    """The interpreter of a job: the environment's own when Snakemake deploys one, else the one that runs Snakemake."""
    deployed = workflow.deployment_settings and workflow.deployment_settings.deployment_method
    return "python" if deployed else shlex.quote(sys.executable)


def _settings_text(content: dict[str, Any], stage: str) -> str:
    text = stamped_json(content, "settings").rstrip("\n")
    if len(text.encode()) > _MOST_SETTINGS:
        refuse(
            f"settings of the stage {stage}",
            f"at most {_MOST_SETTINGS:,} bytes",
            f"{len(text.encode()):,}",
            "name columns by patterns in the dictionary instead of one by one",
        )
    return text


def _shown(path: Path) -> str:
    """A path as the user would write it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
