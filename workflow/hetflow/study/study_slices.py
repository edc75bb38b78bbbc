"""Settings of the stages that all analyses share."""

from __future__ import annotations

from typing import Any

from hetflow.study.analyses import is_sensitive, named_covariates, resolve, resolve_all
from hetflow.study.appraisals import APPRAISALS, appraised
from hetflow.study.base import PRIMARY
from hetflow.study.blinding import blinded_settings
from hetflow.study.model import Study
from hetflow.study.owners import owners
from hetflow.study.planned import methods_of, planned_slice
from hetflow.study.publish import threshold
from hetflow.study.slices import outcome_slice
from hetflow.study.stability import largest_leaf


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
    cohort |= blinded_settings(study)
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
        | {"appraisals": {name: list(one.tables) for name, one in APPRAISALS.items()}}
        | blinded_settings(study)
        | {"methods": {name: methods_of(one) for name, one in resolve_all(study).items()}},
        "planned": planned_slice(study),
        "publish": dump["publish"] | {"threshold": threshold(study), "unit": study.data.unit},
    }


def _needs(study: Study, probability: Any) -> dict[str, Any]:
    """What the analyses ask of the cohort and its folds."""
    asked = {
        name: {
            "outcome": one.outcome,
            "strategy": one.missingness.strategy,
            "keep_mask": one.missingness.keep_mask,
            "minimum_pattern": one.missingness.minimum_pattern,
            "missing_outcome": outcome_slice(one),
            "delta": one.missingness.delta,
            "mean_covariates": one.nuisance.covariates,
            "split_learners": list(one.splits.learners) if "splits" in appraised(one) else [],
            "min_leaf": largest_leaf(one),
            "held_out": one.forest.held_out_trees > 0,
            "covariates": named_covariates(one),
        }
        for name, one in resolve_all(study).items()
    }
    facts = {"seed": study.seed, "folds": study.folds, "probability": probability}
    return facts | {"randomised": study.design.kind == "randomised", "analyses": asked}


def _owners(study: Study) -> dict[str, dict[str, str]]:
    """Which analysis holds the files of each analysis' stages."""
    table: dict[str, dict[str, str]] = {}
    for (analysis, stage), owner in owners(resolve_all(study)).items():
        table.setdefault(analysis, {})[stage] = owner
    return table
