"""Which files a run consists of: the names that the workflow's rules ask for.

Only names are made here; nothing is read or written. Paths are relative to ``results/<study>/``.
"""

from __future__ import annotations

from dataclasses import dataclass

from hetflow.plan_stages import ALL, SHARED, StagePlan
from hetflow.study.analyses import is_sensitive, resolve_all
from hetflow.study.appraisals import APPRAISALS, appraisal_files, appraised
from hetflow.study.confounding import control_analyses
from hetflow.study.model import Study
from hetflow.study.owners import counts, owners
from hetflow.study.policy import harm_analysis
from hetflow.study.slices import slices, stages
from hetflow.study.splits import split_jobs
from hetflow.study.stability import refit_names
from hetflow.study.study_slices import study_slices

__all__ = ["ALL", "MECHANISM", "SHARED", "STRUCTURE", "Plan", "make_plan"]

STRUCTURE = (
    *("groups", "reasons", "flux", "nodes", "blocks", "nesting", "sequences"),
    *("file_matching", "network", "rules"),
)
"""Tables of the structure of what is missing, by name of their file."""
MECHANISM = ("labels", "dependence", "compared", "mcar", "dropout")
"""Tables of what missing values depend on, by name of their file."""


@dataclass(frozen=True, slots=True)
class Plan(StagePlan):
    """The whole run: the stages' files, what is made of the scores, the report, the settings."""

    @property
    def sensitive(self) -> list[str]:
        """Analyses that are taken through the sensitivity analysis."""
        return [name for name, study in self.analyses.items() if is_sensitive(study)]

    def sensitivity(self) -> list[str]:
        """Files of the sensitivity analyses."""
        names = [f"{name}.parquet" for name in ("shifts", "tipping", "plane")]
        return [
            f"{analysis}/sensitivity/{name}"
            for analysis in self.sensitive
            for name in [*names, "sensitivity.json"]
        ]

    def learners(self, analysis: str) -> list[str]:
        """Effects of the learners beside the forest, one file a learner."""
        folder = f"{self.owner[analysis, 'learner']}/learners/effects"
        return [f"{folder}/{name}.parquet" for name in self.analyses[analysis].learners.methods]

    def appraised(self, name: str) -> list[str]:
        """Analyses that go through an appraisal."""
        return [analysis for analysis, study in self.analyses.items() if name in appraised(study)]

    def harm(self, analysis: str) -> list[str]:
        """Score files of the second outcome that an analysis' policies are judged by; none where none is named."""
        other = harm_analysis(self.analyses[analysis])
        return self.scores(other) if other else []

    def appraisals(self) -> list[str]:
        """Files of all appraisals."""
        names = [
            file
            for name in APPRAISALS
            for analysis in self.appraised(name)
            for file in appraisal_files(name, self.owner[analysis, name])
        ]
        return list(dict.fromkeys(names))

    def split_parts(self, analysis: str) -> list[str]:
        """Files of single splits, one a job."""
        folder = f"{self.owner[analysis, 'split']}/splits/parts"
        return [f"{folder}/{name}.parquet" for name in split_jobs(self.analyses[analysis])]

    def negative_controls(self) -> list[str]:
        """Estimates of the analyses whose outcome treatment cannot change."""
        return [f"{analysis}/estimates.parquet" for analysis in control_analyses(self.study)]

    def refits(self, analysis: str) -> list[str]:
        """One file for each refit of an analysis whose stability is looked at."""
        study = self.analyses[analysis]
        folder = f"{self.owner[analysis, 'refit']}/refits" if study.stability.analyses else ""
        return [f"{folder}/{name}.parquet" for name in refit_names(study)]

    def refit_imputations(self, analysis: str) -> list[str]:
        """Imputations that the forests of a refit read."""
        return self.imputations(analysis)[: counts(self.analyses[analysis])["refit_imputations"]]

    def report_pieces(self) -> list[str]:
        """Files of the analyses that the report reads."""
        names = [
            f"{analysis}/{name}"
            for analysis in self.analyses
            for name in ("curves.parquet", "displays.parquet", "joint.parquet", "notices.json")
        ]
        for analysis in self.analyses:
            names.append(f"{self.owner[analysis, 'deployment']}/guards.json")
            folder = f"{self.owner[analysis, 'nuisance']}/nuisance"
            names += [f"{folder}/{name}.json" for name in self.sets(analysis)]
        return list(dict.fromkeys([*names, *self.sensitivity(), *self.appraisals()]))

    def followed(self) -> list[str]:
        """Whether the frozen plan was followed, and every deviation from it."""
        return ["plan/deviations.parquet", "plan/followed.json"]

    def missingness(self) -> list[str]:
        """The diagnosis of what is missing: tables and facts."""
        tables = ("variables", "masks", "patterns", *STRUCTURE, *MECHANISM)
        names = [f"missingness/{name}.parquet" for name in tables]
        return names + [f"missingness/{name}.json" for name in ("summary", "structure", "mechanism")]

    def artefacts(self) -> list[str]:
        """What the manifest lists: everything that is kept, but for logs, benchmarks and shards."""
        names = [
            "cohort.parquet",
            "outcomes.parquet",
            "reasons.parquet",
            "cohort.json",
            "feasible.json",
            "flow.parquet",
            "baseline.parquet",
        ]
        names += ["folds.parquet", "estimates.parquet", "report.html", "figures", "tables"]
        names += ["reporting"]
        names += [*self.missingness(), *self.report_pieces(), *self.followed()]
        for analysis in self.analyses:
            names += self.completed(analysis, "deployment") + self.completed(analysis, "inference")
            names += self.imputers(analysis)
            names += [self.nuisance(analysis, imputation) for imputation in self.imputations(analysis)]
            names += self.draws(analysis) + self.cate(analysis) + self.scores(analysis)
            names += [f"{analysis}/estimates.parquet", f"{analysis}/covariance.npz"]
            names += self.permutations(analysis)
        for analysis in self.appraised("learners"):
            names += self.learners(analysis)
        for analysis in self.appraised("stability"):
            names += self.refits(analysis)
        return sorted(set(names))

    def all_settings(self) -> list[str]:
        """Every settings file of the run."""
        shared = [
            f"settings/{stage}.json"
            for stage in (
                *("cohort", "folds", "feasible", "structure", "mechanism"),
                *("guards", "collect", "planned", "report"),
            )
        ]
        own = {
            self.settings(analysis, stage) for analysis in self.analyses for stage in self.stages(analysis)
        }
        return sorted({*shared, *own})

    def stages(self, analysis: str) -> list[str]:
        """Stages that an analysis goes through."""
        left_out = set() if self.draw_names(analysis) else {"draws"}
        left_out |= set() if analysis in self.sensitive else {"sensitivity"}
        return [stage for stage in stages(self.analyses[analysis]) if stage not in left_out]

    def settings(self, analysis: str, stage: str) -> str:
        """The settings file of an analysis' stage, at its owner; every analysis makes its own estimates."""
        if stage in ("estimates", "sensitivity"):
            return f"{analysis}/settings/{stage}.json"
        return f"{self.owner[analysis, stage]}/settings/{stage}.json"

    def analysis_slice(self, analysis: str, stage: str) -> dict[str, object]:
        """Content of an analysis' settings file."""
        return slices(self.analyses[analysis])[stage]

    def study_slice(self, stage: str) -> dict[str, object]:
        """Content of a study-wide settings file."""
        return study_slices(self.study)[stage]


def make_plan(study: Study, rows: int, covariates: int) -> Plan:
    """The plan of a checked study."""
    analyses = resolve_all(study)
    return Plan(study=study, analyses=analyses, owner=owners(analyses), rows=rows, covariates=covariates)
