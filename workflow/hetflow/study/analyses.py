"""Analyses resolved: a study as each of its analyses sees it."""

from __future__ import annotations

from typing import Any

from hetflow.study.appraisals import of_analysis
from hetflow.study.base import PRIMARY, Section
from hetflow.study.model import Study
from hetflow.study.modifiers import named_modifiers

SECTIONS = ("missingness", "nuisance", "missing_outcome", "forest", "estimates")


def resolve(study: Study, analysis: str) -> Study:
    """The study as one analysis sees it: its overrides merged in, `analyses` emptied but for the primary."""
    override = study.analyses[analysis]
    changes: dict[str, Any] = of_analysis(study, analysis)
    for name in SECTIONS:
        section: Section = getattr(study, name)
        partial = getattr(override, name)
        if partial is not None:
            changed = {key: getattr(partial, key) for key in partial.model_fields_set}
            changes[name] = type(section).model_validate({**section.model_dump(), **changed})
    if override.outcome is not None:
        changes["outcome"] = override.outcome
    return study.model_copy(update=changes)


def resolve_all(study: Study) -> dict[str, Study]:
    """Every analysis resolved, the primary first, the others in the study's order."""
    names = [PRIMARY, *(name for name in study.analyses if name != PRIMARY)]
    return {name: resolve(study, name) for name in names}


def named_covariates(study: Study) -> dict[str, str]:
    """Covariates that the estimates name, by the key that names them."""
    estimates = study.estimates
    found = {f"estimates.rules.{name}.covariate": rule.covariate for name, rule in estimates.rules.items()}
    for key in ("projection", "displays"):
        found |= {f"estimates.{key}[{i}]": name for i, name in enumerate(getattr(estimates, key))}
    if study.missingness.strategy == "selective":
        found |= {f"missingness.keep_mask[{i}]": name for i, name in enumerate(study.missingness.keep_mask)}
    return found | named_modifiers(study)


def imputes_outcome(study: Study) -> bool:
    """Whether a resolved analysis imputes missing outcomes."""
    return study.missing_outcome.strategy == "imputation"


def is_sensitive(study: Study) -> bool:
    """Whether a resolved analysis is taken through the sensitivity analysis: it must hold all units."""
    asked = study.sensitivity
    return study.missing_outcome.strategy != "complete_case" and bool(asked.deltas or asked.reference_based)
