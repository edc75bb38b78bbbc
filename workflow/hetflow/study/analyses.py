"""Analyses resolved, cut into one slice a stage, and owned by the first analysis that has the same slices.

A slice holds what its stage reads and nothing else, so that a changed key changes only the slices of the stages that
read it. Numbers that only add files (imputations, trees) are in no slice: see `counts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hetflow.files import canonical_json
from hetflow.study.base import Section
from hetflow.study.model import PRIMARY, Study
from hetflow.study.routes import ROUTES

DEPLOYMENT, INFERENCE = "deployment", "inference"
#: Each stage of an analysis and the stages whose files it reads.
PARENTS: dict[str, tuple[str, ...]] = {
    "deployment": (),
    "inference": (),
    "nuisance": ("deployment", "inference"),
    "forest": ("deployment", "inference", "nuisance"),
    "permutation": ("deployment", "inference", "nuisance"),
    "draws": ("inference",),
    "scores": ("forest", "draws"),
    "estimates": ("scores", "inference", "permutation"),
    "sensitivity": ("scores", "inference"),
}

SECTIONS = ("missingness", "nuisance", "missing_outcome", "forest", "estimates")


def resolve(study: Study, analysis: str) -> Study:
    """The study as one analysis sees it: its overrides merged in, `analyses` emptied but for the primary."""
    override = study.analyses[analysis]
    changes: dict[str, Any] = {}
    for name in SECTIONS:
        section: Section = getattr(study, name)
        partial = getattr(override, name)
        if partial is not None:
            changed = {key: getattr(partial, key) for key in partial.model_fields_set}
            changes[name] = type(section).model_validate({**section.model_dump(), **changed})
    if override.outcome is not None:
        changes["outcome"] = override.outcome
    return study.model_copy(update=changes)


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
            "missing_outcome": _outcome_slice(study),
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
        "draws": seed | {"missingness": _chain(study), "named": _named(study)} | outcome_facts,
        "scores": {"better": outcome["better"], "folds": study.folds} | _imputed(study),
        "estimates": seed
        | {"estimates": dump["estimates"], "randomised": randomised, "better": outcome["better"]}
        | {"outcome": study.outcome, "strategy": study.missingness.strategy}
        | {"kept_masks": sorted(study.missingness.keep_mask) if route.name == "selective" else []}
        | patterns
        | _imputed(study),
        "sensitivity": seed
        | {"estimates": dump["estimates"], "randomised": randomised, "better": outcome["better"]}
        | {"sensitivity": dump["sensitivity"]}
        | outcome_facts
        | _imputed(study),
    }
    return {stage: found[stage] for stage in stages(study)}


def stages(study: Study) -> list[str]:
    """Stages that a resolved analysis has: arms are permuted only where forests are trained on inference mode."""
    return [stage for stage in PARENTS if stage != "permutation" or study.forest.training == INFERENCE]


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


def _outcome_slice(study: Study) -> dict[str, Any]:
    """What is read of the section on missing outcomes: the strategy's own keys.

    Where outcomes are imputed, nuisances and forest are those of weighting: they must not see imputed outcomes.
    """
    section = study.missing_outcome.model_dump(mode="json")
    if section["strategy"] == "complete_case":
        return {"strategy": section["strategy"]}
    return section | {"strategy": "weighting"}


def imputes_outcome(study: Study) -> bool:
    """Whether a resolved analysis imputes missing outcomes."""
    return study.missing_outcome.strategy == "imputation"


def is_sensitive(study: Study) -> bool:
    """Whether a resolved analysis is taken through the sensitivity analysis: it must hold all units."""
    asked = study.sensitivity
    return study.missing_outcome.strategy != "complete_case" and bool(asked.deltas or asked.reference_based)


def _imputed(study: Study) -> dict[str, Any]:
    """What the slices of the stages after the forest say where outcomes were imputed."""
    return {"imputed": True, "outcome": study.outcome} if imputes_outcome(study) else {}


def _chain(study: Study) -> dict[str, Any]:
    return study.missingness.model_dump(mode="json", include={"iterations", "donors", "predictors"})


def _named(study: Study) -> list[str]:
    return sorted(set(named_covariates(study).values()))


def counts(study: Study) -> dict[str, int]:
    """How many imputations and trees an analysis uses; they enter through the list of files, not through a slice."""
    several = ROUTES[study.missingness.strategy].several
    imputations = study.missingness.imputations if several else 1
    permuted = study.forest.training == INFERENCE
    return {
        "imputations": imputations,
        "trees": study.forest.trees,
        "held_out_trees": study.forest.held_out_trees,
        "permutations": study.forest.permutations if permuted else 0,
        "permutation_imputations": min(study.forest.permutation_imputations, imputations) if permuted else 0,
        "draws": study.missingness.imputations,
    }


#: Which counts a stage's files depend on as a whole. Imputations and shards of trees are files of their own.
_COUNTED: dict[str, tuple[str, ...]] = {
    "nuisance": ("imputations",),
    "forest": ("imputations",),
    "permutation": ("permutations", "permutation_imputations"),
    "draws": ("draws",),
    "scores": ("imputations", "trees", "held_out_trees"),
    "estimates": ("imputations", "trees", "held_out_trees"),
}


def fingerprint(study: Study, stage: str) -> str:
    """Canonical text of all that a stage's files depend on within one resolved analysis."""
    parts = slices(study)
    number = counts(study)
    randomised, imputed = study.design.kind == "randomised", imputes_outcome(study)
    lineage = [stage, *ancestors(stage, randomised, imputed, study.forest.training)]
    return canonical_json(
        {
            "slices": {name: parts[name] for name in lineage},
            "counts": {name: number[name] for part in lineage for name in _COUNTED.get(part, ())},
        }
    )


def ancestors(stage: str, randomised: bool, imputed: bool = False, training: str = DEPLOYMENT) -> list[str]:
    """All stages whose files a stage reads, directly or not.

    In a randomised design the nuisances read the deployment-mode covariates alone, in an observational one the
    inference-mode covariates. Scores read draws of missing outcomes only where these are imputed. A forest reads
    inference-mode covariates only when it is trained on them (`forest.training`), and only then are arms permuted.
    """
    found: list[str] = []
    for parent in PARENTS[stage]:
        if stage == "nuisance" and parent == (INFERENCE if randomised else DEPLOYMENT):
            continue
        if parent == "draws" and not imputed:
            continue
        if training == DEPLOYMENT and (
            (stage == "forest" and parent == INFERENCE) or parent == "permutation"
        ):
            continue
        found += [parent, *ancestors(parent, randomised, imputed, training)]
    return sorted(set(found))


def owners(resolved: Mapping[str, Study]) -> dict[tuple[str, str], str]:
    """For each (analysis, stage) the first analysis with the same slices: its files serve both.

    Parameters
    ----------
    resolved : mapping of str to Study
        Resolved analyses, the primary first.

    Returns
    -------
    dict
        (analysis, stage) to the analysis whose folder holds the files.
    """
    first: dict[tuple[str, str], str] = {}
    owner: dict[tuple[str, str], str] = {}
    for analysis, study in resolved.items():
        for stage in stages(study):
            owner[analysis, stage] = first.setdefault((stage, fingerprint(study, stage)), analysis)
    return owner


def resolve_all(study: Study) -> dict[str, Study]:
    """Every analysis resolved, the primary first, the others in the study's order."""
    names = [PRIMARY, *(name for name in study.analyses if name != PRIMARY)]
    return {name: resolve(study, name) for name in names}


def study_slices(study: Study) -> dict[str, dict[str, Any]]:
    """Settings of the stages that all analyses share: cohort, folds, missingness and the page."""
    dump = study.model_dump(mode="json")
    cohort_keys = ("data", "treatment", "design", "outcomes", "eligibility", "derived", "dictionary")
    cohort = {key: dump[key] for key in cohort_keys}
    cohort["design"] = {
        key: dump["design"][key] for key in ("kind", "strata", "cluster", "weight", "minimum_arm")
    }
    probability = dump["design"]["probability"]
    if isinstance(probability, dict):
        cohort["design"]["probability_column"] = probability["column"]
    labels = {name: entry["label"] or name for name, entry in dump["analyses"].items()}
    page_keys = (
        "study",
        "title",
        "estimand",
        "report",
        "minimum_cell_count",
        "treatment",
        "outcomes",
        "outcome",
    )
    return {
        "cohort": cohort,
        "folds": {"seed": study.seed, "folds": study.folds},
        "feasible": _needs(study, probability),
        "guards": {
            "seed": study.seed,
            "randomised": study.design.kind == "randomised",
            "probability": probability,
        },
        "structure": {
            "seed": study.seed,
            "groups": list(study.missingness.groups),
            "strata": bool(study.design.strata),
            "clusters": study.design.cluster is not None,
        },
        "mechanism": {
            "seed": study.seed,
            "outcome": resolve(study, PRIMARY).outcome,
            "randomised": study.design.kind == "randomised",
        },
        "collect": {"analyses": list(resolve_all(study))},
        "report": {key: dump[key] for key in page_keys}
        | {"labels": labels, "design": dump["design"], "seed": study.seed, "folds": study.folds}
        | {"owners": _owners(study), "analyses": list(resolve_all(study))}
        | {"sensitive": [name for name, one in resolve_all(study).items() if is_sensitive(one)]}
        | {"methods": {name: _methods(one) for name, one in resolve_all(study).items()}},
    }


def _needs(study: Study, probability: Any) -> dict[str, Any]:
    """What the analyses ask of the cohort and its folds."""
    asked = {
        name: {
            "outcome": one.outcome,
            "strategy": one.missingness.strategy,
            "keep_mask": one.missingness.keep_mask,
            "minimum_pattern": one.missingness.minimum_pattern,
            "missing_outcome": _outcome_slice(one),
            "delta": one.missingness.delta,
            "min_leaf": one.forest.min_leaf,
            "held_out": one.forest.held_out_trees > 0,
            "covariates": named_covariates(one),
        }
        for name, one in resolve_all(study).items()
    }
    facts = {"seed": study.seed, "folds": study.folds, "probability": probability}
    return facts | {"randomised": study.design.kind == "randomised", "analyses": asked}


def named_covariates(study: Study) -> dict[str, str]:
    """Covariates that the estimates name, by the key that names them."""
    estimates = study.estimates
    found = {f"estimates.rules.{name}.covariate": rule.covariate for name, rule in estimates.rules.items()}
    for key in ("projection", "displays"):
        found |= {f"estimates.{key}[{i}]": name for i, name in enumerate(getattr(estimates, key))}
    if study.missingness.strategy == "selective":
        found |= {f"missingness.keep_mask[{i}]": name for i, name in enumerate(study.missingness.keep_mask)}
    return found


def _owners(study: Study) -> dict[str, dict[str, str]]:
    """Which analysis holds the files of each analysis' stages."""
    table: dict[str, dict[str, str]] = {}
    for (analysis, stage), owner in owners(resolve_all(study)).items():
        table.setdefault(analysis, {})[stage] = owner
    return table


def _methods(study: Study) -> dict[str, Any]:
    dump = study.model_dump(mode="json")
    return {key: dump[key] for key in (*SECTIONS, "outcome")}


def _without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in names}
