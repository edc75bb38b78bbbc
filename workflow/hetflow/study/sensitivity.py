"""What cannot be asked of the sensitivity analysis, each in the user's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hetflow.errors import Problem
from hetflow.study.routes import ROUTES

if TYPE_CHECKING:
    from hetflow.study.model import Study

JUMP_TO_REFERENCE = "jump_to_reference"
#: Fewest draws of missing outcomes whose variance between draws can be seen.
FEWEST_DRAWS = 2
#: Reference-based assumptions that need outcomes at several visits: how the outcome went before a unit was lost.
LONGITUDINAL = (
    "copy_reference",
    "copy_increments",
    "copy_increments_from_reference",
    "last_mean_carried_forward",
)


def sensitivity_problems(study: Study, source: str) -> Iterator[Problem]:
    """Combinations of keys of the section `sensitivity` that cannot work.

    Parameters
    ----------
    study : Study
        A study whose keys are each valid.
    source : str
        The study file's name, for the messages.
    """
    asked = study.sensitivity
    for name in asked.reference_based:
        if name in LONGITUDINAL:
            yield Problem(
                f"{source}: sensitivity.reference_based",
                f"{JUMP_TO_REFERENCE}: the one of these assumptions that is about a single outcome",
                f"{name}, which says how an outcome goes on after visits at which it was still measured",
                f"write [{JUMP_TO_REFERENCE}], or shift the missing outcomes by `deltas`",
            )
        elif name != JUMP_TO_REFERENCE:
            yield Problem(
                f"{source}: sensitivity.reference_based", JUMP_TO_REFERENCE, name, "correct the name"
            )
    if JUMP_TO_REFERENCE in asked.reference_based:
        yield from _reference(study, source)
    primary = study.analyses.get("primary")
    override = None if primary is None or primary.missingness is None else primary.missingness.delta
    if study.missingness.delta or override:
        yield Problem(
            f"{source}: missingness.delta",
            "moved covariates in an analysis beside the primary",
            "in the primary",
            "move the key to an analysis of its own: `analyses: {moved: {missingness: {delta: {...}}}}`",
        )
    for key in ("deltas", "arms"):
        values = getattr(asked, key)
        twice = sorted({str(value) for value in values if values.count(value) > 1})
        if twice:
            yield Problem(
                f"{source}: sensitivity.{key}", "each once", f"{', '.join(twice)} twice", "keep one"
            )


def _reference(study: Study, source: str) -> Iterator[Problem]:
    """A reference arm makes sense in a trial, and is drawn from where outcomes are imputed."""
    if study.design.kind != "randomised":
        yield Problem(
            f"{source}: sensitivity.reference_based",
            "a randomised design, whose control arm is the reference",
            study.design.kind,
            "remove the key, and shift the missing outcomes by `deltas`",
        )
    strategies = [study.missing_outcome.strategy] + [
        analysis.missing_outcome.strategy for analysis in study.analyses.values() if analysis.missing_outcome
    ]
    if "imputation" not in strategies:
        yield Problem(
            f"{source}: sensitivity.reference_based",
            "an analysis that imputes outcomes, as they are drawn from the control arm",
            "none",
            "add for instance `analyses: {imputed: {missing_outcome: {strategy: imputation}}}`",
        )


def imputation_problems(study: Study) -> Iterator[Problem]:
    """What cannot be imputed, or moved, in one resolved analysis; `where` is the key."""
    strategy = study.missingness.strategy
    if study.missingness.delta and strategy != "multiple_imputation":
        yield Problem(
            "missingness.delta",
            "strategy multiple_imputation, whose drawn values are moved",
            strategy,
            "remove the key, or choose `strategy: multiple_imputation`",
        )
    if study.missing_outcome.strategy != "imputation":
        return
    use = "choose `missing_outcome: {strategy: weighting}`"
    if ROUTES[strategy].leaves_gaps:
        yield Problem(
            "missing_outcome.strategy",
            "completed covariates, from which outcomes are drawn",
            f"imputation with missingness.strategy {strategy}, which leaves gaps",
            f"{use}, or another strategy for covariates",
        )
    if study.design.cluster is not None:
        yield Problem(
            "missing_outcome.strategy",
            "units that are independent of one another",
            f"imputation with clusters ({study.design.cluster}), whose outcomes would be drawn without what they share",
            use,
        )
    if study.missingness.imputations < FEWEST_DRAWS:
        yield Problem(
            "missingness.imputations",
            f"at least {FEWEST_DRAWS} draws of the missing outcomes, to see how far they differ",
            str(study.missingness.imputations),
            "raise the number",
        )
