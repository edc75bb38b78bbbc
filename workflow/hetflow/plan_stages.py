"""The files of the stages from imputation to scores: which analysis' folder holds them, and what each reads.

Only names are made here; nothing is read or written. Paths are relative to ``results/<study>/``.
"""

from __future__ import annotations

from dataclasses import dataclass

from hetflow.forest.samples import sample_names
from hetflow.forest.shards import auto_shard_bags, shard_names
from hetflow.study.analyses import imputes_outcome
from hetflow.study.model import Study
from hetflow.study.owners import counts
from hetflow.study.slices import INFERENCE

SHARED = "shared"
ALL = "all"


@dataclass(frozen=True, slots=True)
class StagePlan:
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

    def nuisances(self, analysis: str) -> list[str]:
        """Nuisance files of an analysis."""
        folder = f"{self.owner[analysis, 'nuisance']}/nuisance"
        return [f"{folder}/{name}.parquet" for name in self.sets(analysis)]

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
