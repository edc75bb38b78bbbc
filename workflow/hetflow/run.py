"""A run laid out: what the rules need to know of the study, its files, its data and its machine."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hetflow.cohort.readers import read_header
from hetflow.cohort.unchanged import data_hash
from hetflow.costs import costs, held_out_share
from hetflow.disk import write_text
from hetflow.errors import Problem, Refused, stop
from hetflow.files import canonical_json, plain_json
from hetflow.forest.samples import sample_names
from hetflow.forest.shards import bags_of_shard
from hetflow.plan import ALL, Plan
from hetflow.prespecified.agreement import agreement
from hetflow.prespecified.content import content
from hetflow.prespecified.store import plan_files, read_plan
from hetflow.resources import job_seconds, memory_mb, minutes, shard_seconds, split_seconds
from hetflow.resume import make_ready, take
from hetflow.site import Site
from hetflow.size import settings_text
from hetflow.sources import code_fingerprint
from hetflow.stale import said, stale_rules
from hetflow.study.appraisals import APPRAISALS
from hetflow.study.blinding import results_name
from hetflow.study.splits import splits_of_job

STAGES = (
    *("ingest", "folds", "feasible", "describe", "structure", "mechanism", "impute", "guards", "nuisance"),
    *("grow", "merge", "draws", "scores", "permutation", "refit", "estimates", "sensitivity"),
    *("split", "learner", *APPRAISALS, "collect", "followed", "page", "manifest"),
)
"""The scripts whose code stands behind the results."""
FROZEN = "HETFLOW_RUN"
"""Environment variable that tells a job where to read what the run was laid out from."""
_KEEP_SHARDS = (
    50_000  # rows up to which shards are kept after merging, so that raising the trees adds to them
)
#: Asked for alone, it writes no file of the results.
LOOKING = frozenset({"check"})


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
    site : Site
        Container image and environment modules of the rules.
    temp : callable
        Snakemake's mark for temporary files.
    facts : dict
        What the run was laid out from: the study as it was read, its source, the data file, its rows and covariates;
        the file of new patients, if there is one; where its frozen plan lies, and whether nothing but that is made;
        what the command line said beside the study file.
    results : str
        The study's folder as rules name it; ``results/<study>`` unless a workflow that imports hetflow says otherwise.
    prefix : str
        What such a workflow puts before every path that a rule names.
    imported : bool
        Whether there is such a workflow.
    """

    plan: Plan
    data_file: str
    workflow: Path
    python: str
    site: Site
    temp: Callable[[str], str]
    facts: dict[str, Any]
    results: str = ""
    prefix: str = ""
    imported: bool = False

    def code(self, script: str) -> str:
        """Fingerprint of the code behind a script."""
        return _fingerprint(self.workflow, script)

    def codes(self) -> dict[str, str]:
        """Fingerprints of the code behind all stages, by script."""
        return {script: self.code(script) for script in STAGES}

    @property
    def environment(self) -> dict[str, str]:
        """Variables that every job's command reads: where Python, the scripts and the lock are on this machine.

        They are no parameters of the rules, so that another clone or interpreter runs nothing again, and no prefix of
        the shell, which a workflow that imports hetflow keeps for itself. Containers get them under names of their own
        even where they are kept from seeing the others (``--cleanenv``).
        """
        scripts, lock = self.workflow / "scripts", self.workflow.parent / "envs" / "lock.txt"
        places = {"PYTHON": self.python, "SCRIPTS": str(scripts), "LOCK": str(lock)}
        within = ("", "APPTAINERENV_", "SINGULARITYENV_")
        return {f"{where}HETFLOW_{name}": place for where in within for name, place in places.items()}

    def costs(self) -> str:
        """What a run would cost, as text for the script `check`."""
        return canonical_json(costs(self.plan))

    def file(self, name: str) -> str:
        """A path of the study's results, as rules name it."""
        return f"{self.results or f'results/{results_name(self.plan.study)}'}/{name}".rstrip("/")

    def place(self, name: str) -> Path:
        """The same path on disk."""
        return Path(f"{self.prefix}{self.file(name)}")

    def files(self, names: Iterable[str]) -> list[str]:
        """Paths of the study's results."""
        return [self.file(name) for name in names]

    def guards(self, analysis: str) -> str:
        """The guards that must have passed before nuisances are fitted."""
        return self.file(f"{self.plan.owner[analysis, 'deployment']}/guards.json")

    @property
    def new_data(self) -> str | None:
        """File of patients who are not in the study and are to be scored."""
        return self.facts.get("new_data")

    @property
    def plan_folder(self) -> str:
        """Where the frozen analysis plan lies, or would lie."""
        return str(self.facts["plan_folder"])

    def plan_files(self, local: Callable[[str], str]) -> list[str]:
        """JSON files of the frozen plan and its amendments; none where no plan is frozen.

        They are not below what an importing workflow puts before paths; `local` is Snakemake's mark for such files.
        """
        found = [str(path) for path in plan_files(Path(self.plan_folder))]
        return [local(path) for path in found] if self.prefix else found

    def plan_state(self) -> str:
        """Whether a plan is frozen and the study agrees with it, in words for the script `check`."""
        frozen = read_plan(Path(self.plan_folder))
        cohort, planned = (self.plan.study_slice(stage) for stage in ("cohort", "planned"))
        header = read_header(self.data_file, self.plan.study.data.model_dump())
        hashed = frozen is not None and "data_sha256" in frozen.latest
        return agreement(frozen, content(cohort, planned, header, self.data_hash() if hashed else None))

    def predictions(self, ending: str) -> str:
        """Where the effects of new patients are written, by the name of their file."""
        return self.file(f"predictions/{Path(self.new_data or 'none').stem}.{ending}")

    def shard(self, name: str) -> str:
        """A shard file: kept in studies of moderate size, removed once merged in large ones."""
        return name if self.plan.rows <= _KEEP_SHARDS else self.temp(name)

    @property
    def held_out_samples(self) -> list[str]:
        """Names of the forests that leave folds out."""
        return [name for name in sample_names(self.plan.study.folds) if name != ALL]

    def farewell(self, workflow: Any) -> str:
        """Where the report is, and what of the results is of an earlier code; nothing when there is no report yet."""
        page = self.place("report.html")
        if not page.is_file() or "check" in sys.argv:
            return ""
        outputs = self.files(["manifest.json", *self.plan.artefacts()])
        stale = stale_rules(Path(workflow.persistence.path) / "metadata", outputs, self.codes())
        return f"{said(stale)}\nThe report: {page.resolve()}\n"

    def targets(self, workflow: Any) -> list[str]:
        """Everything that is kept. Asked for while the graph is built, and then, if jobs are to run, whether another
        run holds the study and which files of an earlier one are damaged.
        """
        if workflow.is_main_process and workflow.executor_plugin and not (workflow.dryrun or workflow.touch):
            study, marks = results_name(self.plan.study), Path(workflow.persistence.path)
            try:
                said = make_ready(marks, study, self.place(""), sys.argv)
            except Refused as refused:
                stop(refused)
            for line in said:
                print(line, file=sys.stderr)
            if self.imported:  # Snakemake does not call a module's `onstart:`
                take(marks, study, self.place(""))
        return self.files(["manifest.json", *self.plan.artefacts()])

    def begin(self, workflow: Any) -> None:
        """What is done once the study is locked, before the first job: jobs that start later are told what this run
        was laid out from, so that they need not read the study or the data again. Nothing is where nothing is written:
        another run may hold the study then, whose files these are.
        """
        if self.facts["planning"]:
            self._plan_alone(workflow)
            return
        if set(workflow.dag_settings.targets) == LOOKING:
            return
        study, marks = results_name(self.plan.study), Path(workflow.persistence.path).absolute()
        take(marks, study, self.place(""))
        frozen = marks / "hetflow" / f"{study}-run.json"
        write_text(canonical_json(plain_json(self.facts)), frozen)
        os.environ[FROZEN] = str(frozen)

    def _plan_alone(self, workflow: Any) -> None:
        """Refuse whatever else was asked for together with the plan: the data's rows were not counted."""
        others = sorted({str(one) for one in workflow.dag_settings.targets} - {"plan"})
        if others:
            stop(_plan_alone(others))

    def data_hash(self) -> str:
        """SHA-256 of the data file, so that another file in its place is read again whatever its date."""
        if self.imported and self.facts["planning"]:  # `begin` cannot refuse it: a module has no `onstart:`
            stop(_plan_alone(["what the importing workflow asks for besides"]))
        return data_hash(self.data_file)

    def settings(self) -> dict[str, Any]:
        """Content of every settings file of the run, by name, as the study says now."""
        found = {}
        for name in self.plan.all_settings():
            folder, stage = Path(name).parts[0], Path(name).stem
            shared = folder == "settings"
            content = self.plan.study_slice(stage) if shared else self.plan.analysis_slice(folder, stage)
            found[name] = json.loads(canonical_json(plain_json(content)))
        return found

    def config(self) -> str:
        """What the command line said beside the study file, as text for the script `manifest`."""
        return canonical_json(plain_json(self.facts["config"]))

    def study_settings(self, stage: str) -> str:
        """Text of a study-wide settings file."""
        return settings_text(self.plan.study_slice(stage), stage)

    def analysis_settings(self, analysis: str, stage: str) -> str:
        """Text of an analysis' settings file."""
        return settings_text(self.plan.analysis_slice(analysis, stage), stage)

    def memory(self, stage: str) -> Callable[..., int]:
        """Memory of a stage's job in MB, growing with the data and with the attempt."""
        return functools.partial(memory_mb, stage, self.plan.rows, self.plan.covariates)

    def minutes(self, stage: str) -> Callable[..., int]:
        """Run time of a stage's job in minutes, growing with the data and with the attempt."""
        seconds = job_seconds(stage, self.plan.rows, self.plan.covariates)

        def asked(wildcards: Any, attempt: int) -> int:
            return minutes(seconds, attempt)

        return asked

    def split_minutes(self, shard: str, attempt: int) -> int:
        """Minutes for a range of sample splits."""
        return minutes(
            split_seconds(self.plan.rows, self.plan.covariates, len(splits_of_job(shard))), attempt
        )

    def splitting_minutes(self) -> Callable[..., int]:
        """Run time of a job of sample splits in minutes, growing with their number too."""
        return lambda wildcards, attempt: self.split_minutes(wildcards.shard, attempt)

    def growing_minutes(self, sample: str) -> Callable[..., int]:
        """Run time of a shard's job in minutes, growing with its bags too; `sample` is ``all`` or ``held_out``."""

        def asked(wildcards: Any, attempt: int, threads: int) -> int:
            first, last = bags_of_shard(wildcards.shard)
            return self.shard_minutes(sample, wildcards.analysis, last - first + 1, attempt, threads)

        return asked

    def shard_minutes(self, sample: str, analysis: str, bags: int, attempt: int, threads: int) -> int:
        """Minutes for so many bags of an analysis' forests."""
        share = 1.0 if sample == ALL else len(self.held_out_samples) * held_out_share(self.plan.study.folds)
        forest = self.plan.analyses[analysis].forest
        seconds = shard_seconds(
            self.plan.rows, self.plan.covariates, bags, forest.bag_trees, share, forest.engine
        )
        return minutes(seconds, attempt, threads)


def _plan_alone(others: list[str]) -> Refused:
    remedy = "freeze the plan first, by a command of its own"
    return Refused([Problem("snakemake plan", "the plan alone", ", ".join(others), remedy)])


@functools.cache
def _fingerprint(folder: Path, script: str) -> str:
    lock = folder.parent / "envs" / "lock.txt"
    return code_fingerprint(folder / "scripts" / f"{script}.py", folder / "hetflow", lock)
