"""A resolved analysis cut into one slice a stage.

A slice holds what its stage reads and nothing else, so that a changed key changes only the slices of the stages that
read it. Numbers that only add files (imputations, trees) are in no slice: see `hetflow.study.owners.counts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hetflow.study.analyses import imputes_outcome, named_covariates
from hetflow.study.appraisals import APPRAISALS, appraisal_slices, appraised
from hetflow.study.learners import learner_settings
from hetflow.study.model import Study
from hetflow.study.routes import ROUTES
from hetflow.study.splits import split_slice
from hetflow.study.stability import headline_estimates, refit_slice

DEPLOYMENT, INFERENCE = "deployment", "inference"
#: Each stage of an analysis and the stages whose files it reads.
PARENTS: dict[str, tuple[str, ...]] = {
    "deployment": (),
    "inference": (),
    "nuisance": ("deployment", "inference"),
    "forest": ("deployment", "inference", "nuisance"),
    "permutation": ("deployment", "inference", "nuisance"),
    "draws": ("inference",),
    "refit": ("deployment", "inference", "nuisance", "draws"),
    "scores": ("forest", "draws"),
    "learner": ("deployment", "nuisance"),
    "split": ("scores", "deployment"),
    "estimates": ("scores", "inference", "permutation"),
    "sensitivity": ("scores", "inference"),
} | {name: appraisal.parents for name, appraisal in APPRAISALS.items()}


def stages(study: Study) -> list[str]:
    """Stages that a resolved analysis has: arms are permuted only where forests are trained on inference mode."""
    left_out = set(APPRAISALS) - set(appraised(study))
    left_out |= set() if study.forest.training == INFERENCE else {"permutation"}
    left_out |= {"learner"} if "learners" in left_out else set()
    left_out |= {"split"} if "splits" in left_out else set()
    left_out |= set() if study.stability.analyses else {"refit"}
    return [stage for stage in PARENTS if stage not in left_out]


def slices(study: Study) -> dict[str, dict[str, Any]]:
    """Settings of every stage of one resolved analysis, as plain JSON values."""
    dump = study.model_dump(mode="json")
    outcome = dump["outcomes"][study.outcome]
    seed = {"seed": study.seed}
    route = ROUTES[study.missingness.strategy]
    imputation = _imputation(study, dump)
    patterns = {}
    if route.name == "blockwise":
        patterns = {"minimum_pattern": study.missingness.minimum_pattern}
    randomised = study.design.kind == "randomised"
    forest = _without(dump["forest"], "trees", "held_out_trees", "shard_bags", "training", *_OF_PERMUTATIONS)
    outcome_facts = {"outcome": study.outcome, "outcome_kind": outcome["kind"]}
    found = {
        "deployment": imputation,
        "inference": imputation | (outcome_facts if route.several else {}),
        "nuisance": seed
        | {
            "nuisance": dump["nuisance"],
            "missing_outcome": outcome_slice(study),
            "randomised": randomised,
            "probability": dump["design"]["probability"],
        }
        | outcome_facts
        | patterns,
        "forest": seed | {"forest": forest, "training": study.forest.training} | patterns,
        "permutation": imputation
        | {"forest": forest, "trees": study.forest.permutation_trees}
        | outcome_facts
        | {"better": outcome["better"]},
        "refit": seed
        | {"forest": forest, "training": study.forest.training, "refit": refit_slice(study)}
        | {"estimates": headline_estimates(study), "better": outcome["better"], "folds": study.folds}
        | {"nuisance": dump["nuisance"], "missing_outcome": outcome_slice(study), "randomised": randomised}
        | {"probability": dump["design"]["probability"]}
        | outcome_facts
        | patterns
        | _imputed(study),
        "draws": seed | {"missingness": _chain(study), "named": _named(study)} | outcome_facts,
        "learner": learner_settings(study),
        "split": split_slice(study),
        "scores": {"better": outcome["better"], "folds": study.folds} | _imputed(study),
        "estimates": seed
        | {"estimates": dump["estimates"], "randomised": randomised, "better": outcome["better"]}
        | {"outcome": study.outcome, "strategy": study.missingness.strategy}
        | {"kept_masks": sorted(study.missingness.keep_mask) if route.name == "selective" else []}
        | patterns
        | _imputed(study),
        "sensitivity": seed
        | {
            # Where the propensity is estimated, projections ask whether the overlap's average is wanted.
            "estimates": _without(dump["estimates"], "displays", *(("average",) if randomised else ())),
            "randomised": randomised,
            "better": outcome["better"],
        }
        | {"sensitivity": dump["sensitivity"]}
        | outcome_facts
        | _imputed(study),
    } | appraisal_slices(study)
    return {stage: found[stage] for stage in stages(study)}


#: Keys of the section `forest` that only permutations read.
_OF_PERMUTATIONS = ("permutations", "permutation_trees", "permutation_imputations")
#: Keys of the section `missingness` that change no completed file.
_NOT_OF_IMPUTATION = (
    *("imputations", "groups", "keep_mask", "minimum_pattern"),
    "unconfounded_despite_missingness",
)


def _imputation(study: Study, dump: Mapping[str, Any]) -> dict[str, Any]:
    """What completed files depend on, the outcome apart."""
    route = ROUTES[study.missingness.strategy]
    if not route.chained:
        return {"missingness": {"strategy": route.name}}
    section = _without(dump["missingness"], *_NOT_OF_IMPUTATION)
    if route.name == "selective":
        section["keep_mask"] = sorted(study.missingness.keep_mask)
    return {"seed": study.seed, "missingness": section}


def outcome_slice(study: Study) -> dict[str, Any]:
    """What is read of the section on missing outcomes: the strategy's own keys.

    Where outcomes are imputed, nuisances and forest are those of weighting: they must not see imputed outcomes.
    """
    section = study.missing_outcome.model_dump(mode="json")
    if section["strategy"] == "complete_case":
        return {"strategy": section["strategy"]}
    return section | {"strategy": "weighting"}


def _imputed(study: Study) -> dict[str, Any]:
    """What the slices of the stages after the forest say where outcomes were imputed."""
    return {"imputed": True, "outcome": study.outcome} if imputes_outcome(study) else {}


def _chain(study: Study) -> dict[str, Any]:
    return study.missingness.model_dump(mode="json", include={"iterations", "donors", "predictors"})


def _named(study: Study) -> list[str]:
    return sorted(set(named_covariates(study).values()))


def _without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in names}
