"""Which files a refit reads (`hetflow.effects.refits`): names alone, relative to ``results/<study>/``."""

from __future__ import annotations

from hetflow.files import canonical_json
from hetflow.plan import SHARED, Plan
from hetflow.study.stability import makes_nuisance, refit_changes


def changes_text(plan: Plan, analysis: str, refit: str) -> str:
    """What a refit changes, as JSON."""
    return canonical_json(refit_changes(plan.analyses[analysis], refit))


def score_sets(plan: Plan, analysis: str) -> list[str]:
    """Score sets of a refit: the first ones of the analysis."""
    return plan.score_sets(analysis)[: plan.analyses[analysis].stability.imputations]


def nuisances(plan: Plan, analysis: str) -> list[str]:
    """The study's nuisance files that the refit's forests and scores read, one a set."""
    names = [SHARED] if plan.randomised else plan.refit_imputations(analysis)
    return [f"{plan.owner[analysis, 'nuisance']}/nuisance/{name}.parquet" for name in names]


def learnt_from(plan: Plan, analysis: str, refit: str) -> list[str]:
    """Completed files that a refit's own nuisances read; none where it takes the study's.

    One nuisance for all imputations reads all of them, as that of the analysis does; else each its own.
    """
    if not makes_nuisance(refit_changes(plan.analyses[analysis], refit)):
        return []
    names = [SHARED] if plan.randomised else plan.refit_imputations(analysis)
    return [file for name in names for file in plan.nuisance_covariates(analysis, name)]


def judged(plan: Plan, analysis: str) -> list[str]:
    """Completed files that the refit's forests read."""
    return plan.completed(analysis, "deployment")[: len(plan.refit_imputations(analysis))]


def regressed_on(plan: Plan, analysis: str) -> list[str]:
    """Completed files of projections and rule groups."""
    return plan.completed(analysis, "inference")[: len(plan.refit_imputations(analysis))]


def trained_on(plan: Plan, analysis: str) -> list[str]:
    """Completed files that trees learn from, where they are others than those they judge."""
    return [file for name in plan.refit_imputations(analysis) for file in plan.training(analysis, name)]


def draws(plan: Plan, analysis: str) -> list[str]:
    """Missing outcomes drawn, one file a score set; none where they are not imputed."""
    return [file for name in score_sets(plan, analysis) for file in plan.draw_of(analysis, name)]
