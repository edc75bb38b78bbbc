"""Complete the covariates once: without arm and outcome (deployment), or by arm and with the outcome (inference)."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.files import read_json, read_table, write_arrays, write_json, write_table
from hetflow.missingness.chained import ChainSettings
from hetflow.missingness.guards import observed_cells_unchanged
from hetflow.missingness.imputer import to_arrays
from hetflow.missingness.strategies import Settings, complete

COMMAND = (
    Command(__doc__)
    .takes("mode", choices=("deployment", "inference"))
    .takes("imputation", type=int)
    .reads("cohort", "facts", "settings")
    .reads("outcomes", required=False)
    .writes("completed", "notices")
    .writes("imputer", required=False)
)


def work(arguments: Namespace) -> None:
    """Read the cohort (in inference mode the outcome too), complete it, write."""
    cohort = read_table(arguments.cohort, "cohort")
    settings = read_json(arguments.settings, "settings")
    columns = columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"])
    strategy = settings["missingness"]["strategy"]
    inference = arguments.mode == "inference"
    outcome = None
    if inference and "outcome" in settings:
        outcomes = read_table(arguments.outcomes, "outcomes")
        outcome = outcomes[settings["outcome"]].to_numpy(dtype=float)
    completed = complete(
        cohort,
        columns,
        strategy=strategy,
        mode=arguments.mode,
        imputation=arguments.imputation,
        seed=settings.get("seed", 0),
        arm=cohort["treated"].to_numpy() if inference or strategy == "complete_case" else None,
        outcome=outcome,
        settings=strategy_settings(settings["missingness"]),
    )
    observed_cells_unchanged(cohort, completed.frame, columns)
    write_table(completed.frame, arguments.completed, "completed")
    if arguments.imputer is not None:
        write_arrays(to_arrays(completed.imputer), arguments.imputer)
    write_json({"notices": completed.notices}, arguments.notices, "facts")


def strategy_settings(section: dict) -> Settings:
    """Settings of the chain from the study's section, where the strategy has one."""
    chain = {key: section[key] for key in ("iterations", "donors", "predictors", "delta") if key in section}
    return Settings(chain=ChainSettings(**chain))


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
