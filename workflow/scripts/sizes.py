"""What the jobs of an earlier run took, by rule, beside what they ask of a cluster: to size the next run."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pandas as pd
from _command import Command
from hetflow.errors import refuse
from hetflow.forest.shards import bags_of_shard
from hetflow.run import Start
from hetflow.start import prepare

COMMAND = Command(__doc__).reads("study")
#: Seconds that a Slurm job of several shards should take, and the most shards that it should hold.
_GROUP_SECONDS, _MOST_SHARDS = 1200.0, 50
_HEAD = f"{'rule':<18} {'jobs':>5} {'median s':>9} {'longest s':>10} {'most MB':>8}   {'asks MB':>8} {'asks min':>9}"


def work(arguments: Namespace) -> None:
    """Read the run's benchmarks, print."""
    start = prepare([arguments.study], {}, Path(__file__).resolve().parents[1], "python")
    print("\n".join(lines(jobs(Path(start.file("benchmarks"))), start)))


def jobs(folder: Path) -> pd.DataFrame:
    """One row a job: rule, name, seconds, memory in MB."""
    paths = sorted(folder.rglob("*.tsv"))
    if not paths:
        refuse(str(folder), "benchmarks of an earlier run", "none", "run the study, or a smaller one like it")
    tables = [
        pd.read_csv(path, sep="\t", na_values="-").assign(
            rule=path.stem if path.parent == folder else path.parent.name, job=path.stem
        )
        for path in paths
    ]
    return pd.concat(tables, ignore_index=True)[["rule", "job", "s", "max_rss"]]


def lines(taken: pd.DataFrame, start: Start) -> list[str]:
    """The table and what follows from it for groups."""
    said = ["", _HEAD]
    for rule, own in taken.groupby("rule"):
        memory, minutes = asked(start, str(rule), list(own["job"]))
        said.append(
            f"{rule:<18} {len(own):>5} {own['s'].median():>9.1f} {own['s'].max():>10.1f} "
            f"{own['max_rss'].max():>8.0f}   {memory:>8} {minutes:>9}"
        )
    said += ["", "asks: of the largest job at its first attempt, 400 MB of Snakemake's own included."]
    shards = taken.loc[taken["rule"].isin(["grow", "grow_held_out"]), "s"]
    if len(shards):
        fit = max(1, min(_MOST_SHARDS, round(_GROUP_SECONDS / (shards.mean() + 5))))
        said.append(
            f"shards last {shards.mean():.0f} s: --group-components shard={fit} makes Slurm jobs of "
            f"{fit * (shards.mean() + 5) / 60:.0f} minutes."
        )
    return [*said, ""]


def asked(start: Start, rule: str, names: list[str]) -> tuple[int, int]:
    """Memory and minutes that the largest of a rule's jobs asks for at its first attempt."""
    stage = rule.split("_")[0]
    if rule == "split":
        longest = max(start.split_minutes(name.split("-", 1)[1], 1) for name in names)
        return start.memory(stage)(None), longest
    if stage != "grow":
        return start.memory(stage)(None), start.minutes(stage)(None, 1)
    sample = "all" if rule == "grow" else "held_out"
    minutes = []
    for name in names:
        analysis, _, shard = name.split("-", 2)
        first, last = bags_of_shard(shard)
        minutes.append(start.shard_minutes(sample, analysis, last - first + 1, 1, 1))
    return start.memory(stage)(None), max(minutes)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
