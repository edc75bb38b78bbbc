"""A study run by its scripts in this process, in the order of the workflow, without Snakemake."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from hetflow import refit_files
from hetflow.files import read_table, stamped_json
from hetflow.run import Start
from hetflow.start import prepare

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder: results lie relative to it."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def script(name: str, *options: Any) -> None:
    """Run one script; what it refuses is raised as an AssertionError with its words."""
    log = Path("script.log")
    module = importlib.import_module(name)
    code = module.main([*(str(option) for option in options), "--log", str(log)])
    assert code == 0, log.read_text(encoding="utf-8")


def run_study(study: dict[str, Any], data: pd.DataFrame, folder: Path) -> Start:
    """Lay out and run a study up to its joined estimates.

    Raises
    ------
    hetflow.errors.Refused
        If the study is refused before the first job.
    AssertionError
        If a stage refuses or fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with inside(folder):
        data.to_csv("data.csv", index=False)
        Path("study.yaml").write_text(yaml.safe_dump(study | {"data": study["data"] | {"file": "data.csv"}}))
        begun = prepare([Path("study.yaml")], {}, ROOT / "workflow", "python")
        for name in begun.plan.all_settings():
            content = (
                begun.plan.study_slice(Path(name).stem)
                if name.startswith("settings/")
                else begun.plan.analysis_slice(Path(name).parts[0], Path(name).stem)
            )
            path = Path(begun.file(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(stamped_json(json.loads(json.dumps(content)), "settings"), encoding="utf-8")
        _cohort(begun)
        for analysis in begun.plan.analyses:
            _analysis(begun, analysis)
        table = ["--table", begun.file("estimates.parquet")]
        found = begun.files([f"{analysis}/estimates.parquet" for analysis in begun.plan.analyses])
        script("collect", "--settings", begun.file("settings/collect.json"), "--estimates", *found, *table)
    return begun


def estimates(begun: Start, folder: Path) -> pd.DataFrame:
    """The joined estimates."""
    return read_table(folder / begun.file("estimates.parquet"), "estimates")


def _cohort(begun: Start) -> None:
    cohort, outcomes, facts, folds = (
        begun.file(name) for name in ("cohort.parquet", "outcomes.parquet", "cohort.json", "folds.parquet")
    )
    settings = [begun.file(f"settings/{stage}.json") for stage in ("cohort", "folds", "feasible")]
    more = ["--flow", begun.file("flow.parquet"), "--baseline", begun.file("baseline.parquet")]
    more += ["--reasons", begun.file("reasons.parquet")]
    whole = ["--cohort", cohort, "--outcomes", outcomes, "--facts", facts]
    script("ingest", "--data", begun.data_file, "--settings", settings[0], *whole, *more)
    script("folds", "--cohort", cohort, "--settings", settings[1], "--folds", folds)
    feasible = ["--feasible", begun.file("feasible.json")]
    script("feasible", *whole, "--folds", folds, "--settings", settings[2], *feasible)


def _analysis(begun: Start, analysis: str) -> None:
    plan = begun.plan
    cohort, outcomes, facts, folds = (
        begun.file(name) for name in ("cohort.parquet", "outcomes.parquet", "cohort.json", "folds.parquet")
    )
    base = ["--cohort", cohort, "--facts", facts]

    def settings(stage: str) -> list[str]:
        return ["--settings", begun.file(plan.settings(analysis, stage))]

    for mode in ("deployment", "inference"):
        for name, notice in zip(plan.completed(analysis, mode), plan.notices(analysis, mode), strict=True):
            more = ["--outcomes", outcomes] if mode == "inference" else []
            number = ["--mode", mode, "--imputation", Path(name).stem]
            kept = ["--completed", begun.file(name), "--notices", begun.file(notice)]
            script("impute", *number, *base, *more, *settings(mode), *kept)
    guards = ["--settings", begun.file("settings/guards.json"), "--guards", begun.guards(analysis)]
    completed = begun.files(plan.completed(analysis, "deployment"))
    notices = begun.files(plan.notices(analysis, "deployment"))
    script("guards", *base, *guards, "--completed", *completed, "--completion-notices", *notices)
    for name in plan.sets(analysis):
        path = plan.nuisance(analysis, name)
        reads = [*base, "--outcomes", outcomes, "--folds", folds, *settings("nuisance"), "--completed"]
        reads += begun.files(plan.nuisance_covariates(analysis, name))
        writes = ["--table", begun.file(path), "--quality", begun.file(path.replace(".parquet", ".json"))]
        script("nuisance", "--set", name, *reads, *writes)
    for imputation, cate in zip(plan.imputations(analysis), plan.cate(analysis), strict=True):
        nuisance = begun.file(plan.nuisance(analysis, imputation))
        own = f"{plan.owner[analysis, 'deployment']}/completed/deployment/{imputation}.parquet"
        reads = [*base, "--folds", folds, *settings("forest"), "--completed", begun.file(own)]
        reads += ["--nuisance", nuisance, "--training", *begun.files(plan.training(analysis, imputation))]
        sums = []
        for sample in plan.samples(analysis):
            for shard, path in zip(
                plan.shards(analysis, sample), plan.forest(analysis, imputation, sample), strict=True
            ):
                cut = ["--imputation", imputation, "--samples", sample, "--shard", shard, "--threads", 1]
                script("grow", *cut, *reads, "--sums", begun.file(path))
                sums.append(begun.file(path))
        script("merge", "--sums", *sums, "--cate", begun.file(cate))
    _estimates(begun, analysis, base, settings, folds, outcomes)


def _estimates(
    begun: Start, analysis: str, base: list[str], settings: Any, folds: str, outcomes: str
) -> None:
    plan = begun.plan
    for name, path in zip(plan.sets(analysis), plan.scores(analysis), strict=True):
        reads = ["--cohort", base[1], "--nuisance", begun.file(plan.nuisance(analysis, name))]
        cate = begun.files(plan.cate(analysis))
        script("scores", *reads, *settings("scores"), "--cate", *cate, "--scores", begun.file(path))
    for path in plan.permutations(analysis):
        reads = [*base, "--outcomes", outcomes, "--folds", folds, *settings("permutation")]
        reads += ["--nuisance", begun.file(plan.nuisance(analysis, "00")), "--completed"]
        reads += begun.files(plan.permuted_covariates(analysis))
        script("permutation", "--permutation", Path(path).stem, *reads, "--statistic", begun.file(path))
    reads = [*base, *settings("estimates"), "--scores", *begun.files(plan.scores(analysis))]
    reads += ["--completed", *begun.files(plan.completed(analysis, "inference"))]
    reads += ["--completion-notices", *begun.files(plan.notices(analysis, "inference"))]
    reads += ["--permutations", *begun.files(plan.permutations(analysis))]
    names = {"table": "estimates.parquet", "covariance": "covariance.npz", "curves": "curves.parquet"}
    names |= {"displays": "displays.parquet", "notices": "notices.json", "joint": "joint.parquet"}
    writes = [part for key, name in names.items() for part in (f"--{key}", begun.file(f"{analysis}/{name}"))]
    script("estimates", "--analysis", analysis, *reads, *writes)


def run_stability(begun: Start, analysis: str) -> None:
    """Run the refits of an analysis and compare them, after `run_study` in the same folder."""
    plan = begun.plan

    def options(**files: list[str]) -> list[str]:
        return [word for name, paths in files.items() for word in (f"--{name}", *begun.files(paths))]

    base = options(cohort=["cohort.parquet"], facts=["cohort.json"])
    more = options(outcomes=["outcomes.parquet"], folds=["folds.parquet"])
    for path in plan.refits(analysis):
        refit = Path(path).stem
        reads = options(
            settings=[plan.settings(analysis, "refit")],
            nuisance=refit_files.nuisances(plan, analysis),
            judged=refit_files.judged(plan, analysis),
            covariates=refit_files.regressed_on(plan, analysis),
            training=refit_files.trained_on(plan, analysis),
            draws=refit_files.draws(plan, analysis),
        )
        learnt = ["--learnt-from", *begun.files(refit_files.learnt_from(plan, analysis, refit))]
        changes = ["--changes", refit_files.changes_text(plan, analysis, refit)]
        script("refit", "--refit", refit, *changes, *base, *more, *reads, *learnt, *options(table=[path]))
    forest = plan.analyses[analysis].forest
    reads = options(
        settings=[plan.settings(analysis, "stability")],
        estimates=[f"{analysis}/estimates.parquet"],
        scores=plan.scores(analysis),
        cate=plan.cate(analysis),
        completed=plan.completed(analysis, "inference"),
        refits=plan.refits(analysis),
        components=[f"{analysis}/stability/components.parquet"],
        moves=[f"{analysis}/stability/refits.parquet"],
        found=[f"{analysis}/stability/stability.json"],
    )
    trees = ["--trees", forest.trees, "--held-out-trees", forest.held_out_trees]
    script("stability", *trees, *base, *reads)
