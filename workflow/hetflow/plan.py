"""Which files a run consists of: the names that the workflow's rules ask for.

Only names are made here; nothing is read or written. Paths are relative to ``results/<study>/``.
"""

from __future__ import annotations

from dataclasses import dataclass

from hetflow.forest.samples import sample_names
from hetflow.forest.shards import auto_shard_bags, shard_names
from hetflow.study.analyses import imputes_outcome, is_sensitive, resolve_all
from hetflow.study.appraisals import APPRAISALS, appraisal_files, appraised
from hetflow.study.confounding import control_analyses
from hetflow.study.model import Study
from hetflow.study.owners import counts, owners
from hetflow.study.policy import harm_analysis
from hetflow.study.slices import INFERENCE, slices, stages
from hetflow.study.splits import split_jobs
from hetflow.study.stability import refit_names
from hetflow.study.study_slices import study_slices

SHARED = "shared"
ALL = "all"
STRUCTURE = (
    *("groups", "reasons", "flux", "nodes", "blocks", "nesting", "sequences"),
    *("file_matching", "network", "rules"),
)
"""Tables of the structure of what is missing, by name of their file."""
MECHANISM = ("labels", "dependence", "compared", "mcar", "dropout")
"""Tables of what missing values depend on, by name of their file."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A study's analyses, who owns each of their stages, and how the forests are cut.

    Attributes
    ----------
    study : Study
        The checked study.
    analyses : dict of str to Study
        Resolved analyses, the primary first.
    owner : dict
        (analysis, stage) to the analysis whose folder holds the files.
    rows, covariates : int
        Size of the raw data file and number of columns that forests read, for the cut into shards.
    """

    study: Study
    analyses: dict[str, Study]
    owner: dict[tuple[str, str], str]
    rows: int
    covariates: int

    @property
    def randomised(self) -> bool:
        """Whether treatment was randomised."""
        return self.study.design.kind == "randomised"

    def imputations(self, analysis: str) -> list[str]:
        """Names of an analysis' completed data sets: ``00``, ``01``, ..."""
        return [f"{number:02d}" for number in range(counts(self.analyses[analysis])["imputations"])]

    def completed(self, analysis: str, mode: str) -> list[str]:
        """Completed files of one mode."""
        folder = f"{self.owner[analysis, mode]}/completed/{mode}"
        return [f"{folder}/{imputation}.parquet" for imputation in self.imputations(analysis)]

    def imputers(self, analysis: str) -> list[str]:
        """What new units are completed by, one file a deployment-mode imputation."""
        return [name.removesuffix(".parquet") + ".npz" for name in self.completed(analysis, "deployment")]

    def notices(self, analysis: str, mode: str) -> list[str]:
        """What the completed files of one mode want read."""
        return [name.removesuffix(".parquet") + ".json" for name in self.completed(analysis, mode)]

    def sets(self, analysis: str) -> list[str]:
        """Names of the nuisance sets: one for all imputations in a trial, one for each otherwise."""
        return [SHARED] if self.randomised else self.imputations(analysis)

    def score_sets(self, analysis: str) -> list[str]:
        """Names of the score sets: those of the nuisances, or one for each draw of the missing outcomes."""
        return self.draw_names(analysis) or self.sets(analysis)

    def nuisance_of(self, analysis: str, score_set: str) -> str:
        """The nuisance file that a score set reads; draws beyond the imputations of covariates read the first."""
        known = self.sets(analysis)
        name = score_set if score_set in known else known[0]
        return f"{self.owner[analysis, 'nuisance']}/nuisance/{name}.parquet"

    def draw_names(self, analysis: str) -> list[str]:
        """Names of the draws of missing outcomes; none where they are not imputed."""
        study = self.analyses[analysis]
        number = counts(study)["draws"] if imputes_outcome(study) else 0
        return [f"{draw:02d}" for draw in range(number)]

    def draws(self, analysis: str) -> list[str]:
        """Files of missing outcomes drawn, one a draw."""
        folder = f"{self.owner[analysis, 'draws']}/outcome_draws"
        return [f"{folder}/{name}.parquet" for name in self.draw_names(analysis)]

    def draw_of(self, analysis: str, score_set: str) -> list[str]:
        """The file of drawn outcomes that a score set reads; none where outcomes are not imputed."""
        drawn = dict(zip(self.draw_names(analysis), self.draws(analysis), strict=True))
        return [drawn[score_set]] if score_set in drawn else []

    def draw_covariates(self, analysis: str, name: str) -> str:
        """The completed file that a draw reads: its own where there are several, else the one there is."""
        known = self.imputations(analysis)
        own = name if name in known else known[0]
        return f"{self.owner[analysis, 'inference']}/completed/inference/{own}.parquet"

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

    def nuisances(self, analysis: str) -> list[str]:
        """Nuisance files of an analysis."""
        folder = f"{self.owner[analysis, 'nuisance']}/nuisance"
        return [f"{folder}/{name}.parquet" for name in self.sets(analysis)]

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
        folder = f"{self.owner[analysis, 'splits']}/splits/parts"
        return [f"{folder}/{name}.parquet" for name in split_jobs(self.analyses[analysis])]

    def negative_controls(self) -> list[str]:
        """Estimates of the analyses whose outcome treatment cannot change."""
        return [f"{analysis}/estimates.parquet" for analysis in control_analyses(self.study)]

    def nuisance(self, analysis: str, imputation: str) -> str:
        """The nuisance file that serves an imputation."""
        name = SHARED if self.randomised else imputation
        return f"{self.owner[analysis, 'nuisance']}/nuisance/{name}.parquet"

    def nuisance_covariates(self, analysis: str, name: str) -> list[str]:
        """Completed files that a nuisance set reads: deployment mode in a trial, else its own inference file."""
        if name == SHARED:
            return self.completed(analysis, "deployment")
        return [f"{self.owner[analysis, 'inference']}/completed/inference/{name}.parquet"]

    def training(self, analysis: str, imputation: str) -> list[str]:
        """The completed file that an imputation's trees learn from, where it is not the one they judge."""
        if self.analyses[analysis].forest.training != INFERENCE:
            return []
        return [f"{self.owner[analysis, INFERENCE]}/completed/inference/{imputation}.parquet"]

    def nuisance_files(self, analysis: str) -> list[str]:
        """Nuisance files of an analysis, one for all imputations or one each."""
        return [f"{self.owner[analysis, 'nuisance']}/nuisance/{name}.parquet" for name in self.sets(analysis)]

    def training_files(self, analysis: str) -> list[str]:
        """`training` of all imputations."""
        return [name for i in self.imputations(analysis) for name in self.training(analysis, i)]

    def permutations(self, analysis: str) -> list[str]:
        """One file for the arms as they are and one for each permutation of them."""
        number = counts(self.analyses[analysis])["permutations"]
        if not number:
            return []
        folder = f"{self.owner[analysis, 'permutation']}/permutations"
        return [f"{folder}/{permutation:04d}.json" for permutation in range(number + 1)]

    def permuted_covariates(self, analysis: str) -> list[str]:
        """Completed files at which the forests of a permutation are evaluated."""
        number = counts(self.analyses[analysis])["permutation_imputations"]
        return self.completed(analysis, "deployment")[:number]

    def refits(self, analysis: str) -> list[str]:
        """One file for each refit of an analysis whose stability is looked at."""
        study = self.analyses[analysis]
        folder = f"{self.owner[analysis, 'refit']}/refits" if study.stability.analyses else ""
        return [f"{folder}/{name}.parquet" for name in refit_names(study)]

    def refit_imputations(self, analysis: str) -> list[str]:
        """Imputations that the forests of a refit read."""
        return self.imputations(analysis)[: counts(self.analyses[analysis])["refit_imputations"]]

    def samples(self, analysis: str) -> list[str]:
        """Forest samples that an analysis grows."""
        several = sample_names(self.study.folds)
        return several if self.analyses[analysis].forest.held_out_trees else several[:1]

    def shards(self, analysis: str, sample: str) -> list[str]:
        """Names of the shards of one forest, each a range of whole bags."""
        forest = self.analyses[analysis].forest
        trees = forest.trees if sample == ALL else forest.held_out_trees
        return shard_names(trees, forest.bag_trees, self.shard_bags(analysis, sample))

    def shard_bags(self, analysis: str, sample: str) -> int:
        """Bags a shard."""
        forest = self.analyses[analysis].forest
        if forest.shard_bags != "auto":
            return forest.shard_bags
        samples = 1 if sample == ALL else len(sample_names(self.study.folds)) - 1
        return auto_shard_bags(self.rows, self.covariates, forest.bag_trees, samples, forest.engine)

    def forest(self, analysis: str, imputation: str, sample: str) -> list[str]:
        """Shard files of one forest."""
        folder = f"{self.owner[analysis, 'forest']}/forest/{imputation}/{sample}"
        return [f"{folder}/{shard}.parquet" for shard in self.shards(analysis, sample)]

    def trees(self, analysis: str) -> list[str]:
        """Stored trees of the forests of all units, one file a shard."""
        shards = [name for i in self.imputations(analysis) for name in self.forest(analysis, i, ALL)]
        return [name.replace("/forest/", "/trees/", 1).removesuffix(".parquet") + ".npz" for name in shards]

    def cate(self, analysis: str) -> list[str]:
        """Effects per unit, one file an imputation."""
        folder = f"{self.owner[analysis, 'scores']}/cate"
        return [f"{folder}/{imputation}.parquet" for imputation in self.imputations(analysis)]

    def scores(self, analysis: str) -> list[str]:
        """Score files of an analysis."""
        folder = f"{self.owner[analysis, 'scores']}/scores"
        return [f"{folder}/{name}.parquet" for name in self.score_sets(analysis)]

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
        names += [*self.missingness(), *self.report_pieces()]
        for analysis in self.analyses:
            names += self.completed(analysis, "deployment") + self.completed(analysis, "inference")
            names += self.imputers(analysis)
            names += [self.nuisance(analysis, imputation) for imputation in self.imputations(analysis)]
            names += self.draws(analysis) + self.cate(analysis) + self.scores(analysis)
            names += [f"{analysis}/estimates.parquet", f"{analysis}/covariance.npz"]
            names += self.permutations(analysis)
        for analysis in self.appraised("learners"):
            names += self.learners(analysis)
            names += [*self.permutations(analysis), *self.refits(analysis)]
        return sorted(set(names))

    def all_settings(self) -> list[str]:
        """Every settings file of the run."""
        shared = [
            f"settings/{stage}.json"
            for stage in (
                *("cohort", "folds", "feasible", "structure", "mechanism"),
                *("guards", "collect", "report"),
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
