"""Check a study and its data, and say what a run would cost. Nothing is computed and nothing is written."""

from __future__ import annotations

import json
from argparse import Namespace

from _command import Command
from hetflow.cohort.blinded import blinded
from hetflow.cohort.columns import columns_from_json
from hetflow.cohort.ingest import Cohort, ingest
from hetflow.cohort.readers import read_raw
from hetflow.errors import refuse_all
from hetflow.feasible import feasibility_problems
from hetflow.nuisance.folds import draw_folds

COMMAND = Command(__doc__).reads("data").takes("settings-text").takes("needs").takes("costs").takes("plan")


def work(arguments: Namespace) -> None:
    """Ingest in memory, print."""
    settings = json.loads(arguments.settings_text)["content"]
    costs = json.loads(arguments.costs)
    needs = json.loads(arguments.needs)["content"]
    cohort = ingest(blinded(read_raw(arguments.data, settings["data"]), settings), settings)
    try_analyses(cohort, needs)
    print("\n".join(lines(cohort.facts, costs, arguments.plan, "blinded" in settings)))


def try_analyses(found: Cohort, needs: dict) -> None:
    """Draw the folds and refuse what no analysis could do with them."""
    head = found.cohort
    fold = draw_folds(
        unit=head["unit"].to_numpy(),
        treated=head["treated"].to_numpy(),
        strata=head["stratum"].to_numpy(),
        cluster=head["cluster"].to_numpy(),
        number=needs["folds"],
        seed=needs["seed"],
    )
    columns = columns_from_json(found.facts["columns"])
    refuse_all(feasibility_problems(head, found.outcomes, fold, columns, needs))


def lines(facts: dict, costs: dict, plan: str, blind: bool) -> list[str]:
    """What there is and what it would take."""
    jobs, seconds = costs["jobs"], costs["seconds"]
    total = sum(seconds.values())
    said = ["", "The study and its data can be run.", ""]
    said += [f"  units          {facts['units']:,} of {facts['units_read']:,} read"]
    said += [f"  covariates     {costs['covariates']:,}"]
    said += [
        f"  trees          {costs['trees']['all']:,} and {costs['trees']['held_out']:,} that leave folds out"
    ]
    said += [f"  memory         up to {costs['memory_mb'] / 1000:.1f} GB a job"]
    said += [f"  disk           about {costs['disk_mb']:,.0f} MB"]
    said += [f"  analysis plan  {plan}"]
    said += ["  arms           blinded: permuted, apart from the results"] if blind else []
    times = [_time(total / cores) for cores in (1, 2, 8)]
    said += [f"  time           about {times[0]} on one core, {times[1]} on two, {times[2]} on eight"]
    said += ["", "  rule                 jobs   one core"]
    said += [
        f"  {rule:<20} {number:>5}   {_time(seconds[rule]):>8}" for rule, number in jobs.items() if number
    ]
    said += [f"  {'in all':<20} {sum(jobs.values()):>5}   {_time(total):>8}", ""]
    said += [f"  notice: {notice}" for notice in facts["notices"]]
    return said


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
