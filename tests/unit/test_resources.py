"""What a job asks for grows with the data and the attempt, and lies above what jobs were measured to take."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hetflow.costs import held_out_share
from hetflow.resources import SNAKEMAKE_MB, job_seconds, memory_mb, minutes, shard_seconds, split_seconds
from hetflow.study.appraisals import APPRAISALS

STAGES = (
    "ingest",
    "folds",
    "structure",
    "impute",
    "guards",
    "nuisance",
    "grow",
    "merge",
    "scores",
    "estimates",
    "page",
    "evidence",
    "modifiers",
    "policy",
    "risk",
    "confounding",
    "split",
    "splits",
    "learner",
    "learners",
    "refit",
    "stability",
    "draws",
    "sensitivity",
)
SIZES = [(100, 5), (823, 71), (5_000, 71), (5_000, 300), (100_000, 300), (1_000_000, 300)]
ROOT = Path(__file__).resolve().parents[2]
#: Rules that are Slurm jobs of their own: few jobs, of minutes; trees only for predictions of new patients.
ALONE = {"structure", "mechanism", "guards", "nuisance", "trees"}
FOLDS, BAG_TREES, JOB_SPLITS = 5, 4, 25  # of the studies in the table
#: Of each rule, the largest job among those that a bundled study (opt) or a synthetic one ran on two cores shared with
#: others; `seconds` therefore exceeds `cpu_seconds`. Jobs that end before their first sample have a memory of a few MB.
MEASURED = pd.read_csv(Path(__file__).parent / "data" / "benchmarks.csv")


@pytest.mark.parametrize("stage", STAGES)
def test_memory_and_time_grow_with_the_data_and_the_attempt(stage: str) -> None:
    for (rows, columns), (more_rows, more_columns) in itertools.pairwise(SIZES):
        for attempt in (1, 2, 3):
            here, there = (rows, columns), (more_rows, more_columns)
            assert memory_mb(stage, *there, attempt=attempt) > memory_mb(stage, *here, attempt=attempt)
            assert job_seconds(stage, *there) > job_seconds(stage, *here)
    own = [memory_mb(stage, 5_000, 71, attempt=attempt) - SNAKEMAKE_MB for attempt in (1, 2, 3)]
    assert own == [own[0], 2 * own[0], 3 * own[0]]
    asked = [minutes(job_seconds(stage, 5_000, 71), attempt) for attempt in (1, 2, 3)]
    assert asked == [asked[0], 2 * asked[0], 3 * asked[0]]


def test_the_time_of_a_shard_grows_with_its_bags_the_data_and_the_attempt() -> None:
    by_bags = [minutes(shard_seconds(5_000, 71, bags, BAG_TREES)) for bags in (50, 500, 5_000)]
    by_size = [minutes(shard_seconds(*size, 500, BAG_TREES)) for size in SIZES[1:]]
    by_attempt = [minutes(shard_seconds(5_000, 71, 500, BAG_TREES), attempt) for attempt in (1, 2, 3)]
    for asked in (by_bags, by_size, by_attempt):
        assert asked == sorted(set(asked))


def test_the_time_of_sample_splits_grows_with_their_number() -> None:
    one, few, many = (split_seconds(5_000, 71, splits) for splits in (1, 25, 1_000))
    start = job_seconds("split", 0, 71)
    assert few - start == pytest.approx(25 * (one - start))
    assert many - start == pytest.approx(1_000 * (one - start))
    assert one == job_seconds("split", 5_000, 71)


def test_threads_share_the_time() -> None:
    assert minutes(6_000, threads=4) < minutes(6_000) / 3


def _stage(rule: str) -> str:
    return rule.split("_")[0]


def _seconds(row: pd.Series) -> float:
    if row["rule"] == "split":
        return split_seconds(row["rows"], row["covariates"], JOB_SPLITS)
    if _stage(row["rule"]) != "grow":
        return job_seconds(_stage(row["rule"]), row["rows"], row["covariates"])
    held_out = 2 * FOLDS - 2  # forests that leave folds out: not1 to not5, first1 to first3
    share = held_out * held_out_share(FOLDS) if row["rule"] == "grow_held_out" else 1.0
    return shard_seconds(row["rows"], row["covariates"], row["bags"], BAG_TREES, share)


@pytest.mark.parametrize("study", MEASURED["study"].unique())
def test_a_job_asks_for_more_memory_than_was_measured_but_not_for_much_more(study: str) -> None:
    for _, row in MEASURED[MEASURED["study"] == study].iterrows():
        own = memory_mb(_stage(row["rule"]), row["rows"], row["covariates"]) - SNAKEMAKE_MB
        assert own > 1.15 * row["max_rss"], row.tolist()
        assert own < 3 * max(row["max_rss"], 150), row.tolist()  # MB, of an interpreter with pandas


@pytest.mark.parametrize("study", MEASURED["study"].unique())
def test_a_job_asks_for_more_time_than_was_measured_but_not_for_much_more(study: str) -> None:
    for _, row in MEASURED[MEASURED["study"] == study].iterrows():
        asked = 60 * minutes(_seconds(row))
        assert asked > 90 + 1.5 * row["seconds"], row.tolist()  # seconds to start from a cold file system
        assert asked < 250 + 12 * row["cpu_seconds"], row.tolist()


def test_every_rule_travels_in_a_group_on_slurm_or_is_known_to_be_worth_a_job_of_its_own() -> None:
    profile = yaml.safe_load((ROOT / "workflow" / "profiles" / "slurm" / "profile.yaml").read_text())
    rules: set[str] = set()
    for file in (ROOT / "workflow" / "rules").glob("*.smk"):
        for name, body in re.findall(
            r"^rule (\w+):\n((?:(?:    .*)?\n)*)", file.read_text(), flags=re.MULTILINE
        ):
            if "shell:" in body and "localrule: True" not in body:
                rules.add(name)
    assert {"split", "learner", "refit", "draws", *APPRAISALS} <= set(profile["groups"])
    assert rules == set(profile["groups"]) | ALONE
    assert not set(profile["groups"]) & ALONE
    assert set(profile["group-components"]) <= set(profile["groups"].values())
