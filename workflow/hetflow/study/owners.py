"""Who owns a stage's files: the first analysis whose slices, and those of the stages before it, are the same."""

from __future__ import annotations

from collections.abc import Mapping

from hetflow.files import canonical_json
from hetflow.study.analyses import imputes_outcome
from hetflow.study.model import Study
from hetflow.study.routes import ROUTES
from hetflow.study.slices import DEPLOYMENT, INFERENCE, PARENTS, slices, stages


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
        "refit_imputations": min(study.stability.imputations, imputations),
        "refit_folds": study.stability.folds,
    }


#: Which counts a stage's files depend on as a whole. Imputations and shards of trees are files of their own.
_COUNTED: dict[str, tuple[str, ...]] = {
    "nuisance": ("imputations",),
    "forest": ("imputations",),
    "permutation": ("permutations", "permutation_imputations"),
    "draws": ("draws",),
    "refit": ("refit_imputations",),
    "stability": ("refit_folds",),
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
