"""What is refused of a study beside its data file's header, before the first job."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from hetflow.cohort.columns import columns_from_json
from hetflow.cohort.dictionary import IN_COHORT, column_of, resolve
from hetflow.cohort.new_units import absent_columns, needed_columns
from hetflow.cohort.readers import data_shape
from hetflow.errors import Problem, Refused
from hetflow.files import read_json
from hetflow.plan import Plan
from hetflow.study.base import PRIMARY
from hetflow.study.load import unsplit
from hetflow.study.model import Study
from hetflow.study.said import said
from hetflow.study.stability import BAG_GROUPS, refit_names

_NOT_REFITTED = 0.05  # units expected without an effect in some refit, above which refits are too small
_NEVER_OUT_OF_BAG = 0.001  # units expected in every bag's half-sample, above which a forest is too small


def dictionary_problems(study: Study, source: str, header: list[str]) -> list[Problem]:
    """What is wrong with the dictionary, seen beside the data file's columns."""
    roles = {study.data.unit: "unit", study.treatment.column: "treatment"}
    entries = {name: entry.model_dump() for name, entry in study.dictionary.items()}
    if unsplit(study, header):
        return []  # said of the separator
    try:
        resolve(entries, header, study.derived, roles)
    except Refused as refused:
        return [replace(problem, where=f"{source}: {problem.where}") for problem in refused.problems]
    return []


def too_few_trees(plan: Plan, source: str) -> list[Problem]:
    """Forests so small that some unit may lie in the half-sample of every bag and have no out-of-bag effect."""
    fewest = math.ceil(math.log2(max(plan.rows, 1) / _NEVER_OUT_OF_BAG))
    problems: dict[tuple[str, int], Problem] = {}
    for analysis, study in plan.analyses.items():
        forest = study.forest
        counted = {"trees": forest.trees}
        if forest.training == "inference":
            counted["permutation_trees"] = forest.permutation_trees
        for name, trees in counted.items():
            if trees // forest.bag_trees < fewest:
                key = f"forest.{name}" if analysis == PRIMARY else f"analyses.{analysis}.forest.{name}"
                problems.setdefault(
                    (name, trees),
                    Problem(
                        f"{source}: {key}",
                        f"at least {fewest} bags of {forest.bag_trees} trees, so that each of {plan.rows} units is "
                        "left out of one",
                        f"{trees} trees",
                        f"write {fewest * forest.bag_trees} or more"
                        + ("; 2000 is usual" if name == "trees" else ""),
                    ),
                )
    return [*problems.values(), *_too_few_refitted(plan, source)]


def _too_few_refitted(plan: Plan, source: str) -> list[Problem]:
    """Refits so small that some unit may have no effect once a tenth of the bags is left out, hours into the run."""
    own, bag = plan.study.stability, plan.study.forest.bag_trees
    draws = sum(
        len(refit_names(study)) * min(own.imputations, study.missingness.imputations)
        for analysis, study in plan.analyses.items()
        if analysis in own.analyses
    )
    bags = own.trees // bag
    fewest = math.ceil(math.log2(max(plan.rows * BAG_GROUPS * draws, 1) / _NOT_REFITTED))
    if not draws or bags - -(-bags // BAG_GROUPS) >= fewest:
        return []
    enough = -(-fewest * BAG_GROUPS // (BAG_GROUPS - 1)) + 1
    return [
        Problem(
            f"{source}: stability.trees",
            f"at least {enough} bags of {bag} trees, so that in each of {draws} forests each of {plan.rows} units is "
            "left out of one, whichever tenth of the bags is taken away",
            f"{own.trees} trees",
            f"write {enough * bag} or more (400 is usual), or `stability: {{analyses: []}}`",
        )
    ]


def count_covariates(study: Study, header: list[str]) -> int:
    """How many columns, derived ones included, the dictionary calls covariates."""
    columns = dict.fromkeys([*header, *study.derived])
    return max(1, sum(said(study, name, "role", columns) == "covariate" for name in columns))


def _absent(plan: Plan, data_file: str, new_data: str, facts: Path | None) -> list[Problem]:
    """Covariates that the file of new patients lacks; one that the cohort has left out is not asked for."""
    study = plan.study
    data, derived = (
        study.data.model_dump(),
        {name: entry.model_dump() for name, entry in study.derived.items()},
    )
    dictionary = {name: entry.model_dump() for name, entry in study.dictionary.items()}
    roles = {study.data.unit: "unit", study.treatment.column: "treatment"}
    entries = resolve(dictionary, data_shape(data_file, data).header, derived, roles).values()
    columns = [column_of(one, None, 0.0, one.applicable_if) for one in entries if one.role in IN_COHORT]
    needed = needed_columns(columns, derived)
    if facts is not None and facts.is_file():
        kept = columns_from_json(read_json(facts, "cohort_facts")["columns"])
        needed &= needed_columns(kept, derived)
    return absent_columns(needed, data_shape(new_data, data).header, new_data)


def unpredictable(
    plan: Plan, new_data: str | None, data_file: str | None = None, facts: Path | None = None
) -> list[Problem]:
    """Why no new patients can be scored, when that is what the command line asks for.

    Parameters
    ----------
    plan : Plan
        Of the study.
    new_data, data_file : str, optional
        The file of new patients, and the study's own.
    facts : Path, optional
        Where the facts of the study's cohort lie once it has been read.
    """
    problems = []
    if new_data is None:
        remedy = "write `snakemake predict --config new_data=patients.csv`"
        problems.append(Problem("predict", "a file of patients", "none", remedy))
    elif data_file is not None:
        problems += _absent(plan, data_file, new_data, facts)
    engine = plan.analyses[PRIMARY].forest.engine
    if engine != "histogram":
        remedy = "set forest.engine to histogram and run the study"
        problems.append(Problem("forest.engine", "histogram, whose trees can be stored", engine, remedy))
    if plan.analyses[PRIMARY].missingness.strategy == "blockwise":
        remedy = "let the primary analysis use another strategy"
        expected = "a primary analysis with one forest for all units"
        problems.append(Problem("missingness.strategy", expected, "blockwise, one for each pattern", remedy))
    return problems
