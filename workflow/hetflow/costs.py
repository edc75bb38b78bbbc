"""What a run would cost: jobs, seconds, memory and disk, before anything is computed.

Rough by nature: the figures come from `benchmark:` tables of the bundled studies and grow with the data as their
stages do. They are meant to tell minutes from hours and a laptop from a cluster.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hetflow.forest.shards import bag_seconds
from hetflow.plan import ALL, Plan
from hetflow.resources import job_seconds, memory_mb, split_seconds
from hetflow.study.appraisals import APPRAISALS
from hetflow.study.splits import splits_of_job

_BYTES_A_SUM = 8 * 40  # numbers of a unit in a shard file, before compression
_BYTES_A_CELL = 8
_BYTES_OF_AN_IMPUTER = 20  # a cell of the covariates: donors' values and predicted scores, not compressed


def costs(plan: Plan) -> dict[str, Any]:
    """Jobs and what they take.

    Returns
    -------
    dict
        ``rows``, ``covariates``; ``jobs`` (rule to number); ``seconds`` (rule to seconds of all its jobs on one core);
        ``memory_mb`` (of the largest job); ``disk_mb`` (of all results); ``trees``.
    """
    jobs = _jobs(plan)
    seconds = {
        rule: number * job_seconds(rule.split("_")[0], plan.rows, plan.covariates)
        for rule, number in jobs.items()
    }
    seconds["split"] = sum(
        split_seconds(plan.rows, plan.covariates, len(splits_of_job(Path(name).stem)))
        for name in _split_parts(plan)
    )
    trees = _trees(plan)
    growing = _growing(plan)
    seconds["grow"] += growing["all"]
    seconds["grow_held_out"] += growing["held_out"] * held_out_share(plan.study.folds)
    return {
        "rows": plan.rows,
        "covariates": plan.covariates,
        "jobs": jobs,
        "seconds": {rule: round(value, 1) for rule, value in seconds.items()},
        "trees": trees,
        "memory_mb": max(memory_mb(rule.split("_")[0], plan.rows, plan.covariates) for rule in jobs),
        "disk_mb": round(_disk(plan, jobs) / 1e6, 1),
    }


def held_out_share(folds: int) -> float:
    """Mean share of the units in the forests that leave folds out: all folds but one, or the first ones."""
    sizes = [folds - 1] * folds + list(range(1, folds - 1))
    return sum(sizes) / len(sizes) / folds


def _jobs(plan: Plan) -> dict[str, int]:
    """Number of jobs of each rule."""

    def distinct(names: list[list[str]]) -> int:
        return len({name for group in names for name in group})

    analyses = list(plan.analyses)
    shards = [plan.forest(a, i, ALL) for a in analyses for i in plan.imputations(a)]
    held_out = [
        plan.forest(a, i, sample)
        for a in analyses
        for i in plan.imputations(a)
        for sample in plan.samples(a)[1:2]
    ]
    return {
        "ingest": 1,
        "folds": 1,
        "feasible": 1,
        "describe": 1,
        "structure": 1,
        "mechanism": 1,
        "impute_deployment": distinct([plan.completed(a, "deployment") for a in analyses]),
        "impute_inference": distinct([plan.completed(a, "inference") for a in analyses]),
        "guards": len({plan.owner[a, "deployment"] for a in analyses}),
        "nuisance": distinct([[plan.nuisance(a, i) for i in plan.imputations(a)] for a in analyses]),
        "grow": distinct(shards),
        "grow_held_out": distinct(held_out),
        "merge": distinct([plan.cate(a) for a in analyses]),
        "draws": distinct([plan.draws(a) for a in analyses]),
        "scores": distinct([plan.scores(a) for a in analyses]),
        "permutation": distinct([plan.permutations(a) for a in analyses]),
        "learner": distinct([plan.learners(a) for a in plan.appraised("learners")]),
        "refit": distinct([plan.refits(a) for a in analyses]),
        "estimates": len(analyses),
        "sensitivity": len(plan.sensitive),
        "split": len(_split_parts(plan)),
        **{name: len({plan.owner[a, name] for a in plan.appraised(name)}) for name in APPRAISALS},
        "collect": 1,
        "followed": 1,
        "page": 1,
        "manifest": 1,
    }


def _split_parts(plan: Plan) -> set[str]:
    """Files of sample splits, one a job."""
    return {name for analysis in plan.appraised("splits") for name in plan.split_parts(analysis)}


def _grown(plan: Plan) -> dict[tuple[str, str, str], int]:
    """Trees of each forest, by the analysis that owns it, imputation and sample."""
    grown: dict[tuple[str, str, str], int] = {}
    for analysis, study in plan.analyses.items():
        for imputation in plan.imputations(analysis):
            for sample in plan.samples(analysis):
                key = (plan.owner[analysis, "forest"], imputation, sample)
                trees = study.forest.trees if sample == ALL else study.forest.held_out_trees
                grown[key] = max(grown.get(key, 0), trees)
    return grown


def _trees(plan: Plan) -> dict[str, int]:
    """Trees grown in all: of the forests of all units, and of those that leave folds out."""
    grown = _grown(plan)
    whole = sum(trees for key, trees in grown.items() if key[2] == ALL)
    return {"all": whole, "held_out": sum(grown.values()) - whole}


def _growing(plan: Plan) -> dict[str, float]:
    """Seconds of growing the trees of `_trees`, as if each forest had all units."""
    seconds = {"all": 0.0, "held_out": 0.0}
    for (owner, _, sample), trees in _grown(plan).items():
        forest = plan.analyses[owner].forest
        bag = bag_seconds(plan.rows, plan.covariates, forest.bag_trees, forest.engine)
        seconds["all" if sample == ALL else "held_out"] += trees / forest.bag_trees * bag
    return seconds


def _disk(plan: Plan, jobs: dict[str, int]) -> float:
    """Bytes of all results, about half of it compressed away."""
    samples = max(len(plan.samples(analysis)) for analysis in plan.analyses)
    sums = (jobs["grow"] + jobs["grow_held_out"] * (samples - 1)) * plan.rows * _BYTES_A_SUM
    completed = (
        (jobs["impute_deployment"] + jobs["impute_inference"]) * plan.rows * plan.covariates * _BYTES_A_CELL
    )
    imputers = jobs["impute_deployment"] * plan.rows * plan.covariates * _BYTES_OF_AN_IMPUTER
    return 0.5 * (sums + completed) + imputers
