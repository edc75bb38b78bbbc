"""What rules that decide whom to treat would gain: the section, its slice, and what is refused of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from hetflow.study.base import AppraisalSection, Name, Section

if TYPE_CHECKING:
    from hetflow.study.model import Study


class RankingRule(Section):
    """A rule that ranks units; give exactly one of `covariate` and `column`."""

    covariate: str | None = None
    """Covariate that ranks, completed without arm and outcome where it is missing, as for a new patient."""
    column: str | None = None
    """Column of role covariate or auxiliary that ranks as it was recorded, for instance a published score."""
    higher_first: bool = True
    """Whether those with higher values are treated first."""


class Policy(AppraisalSection):
    """What rules that decide whom to treat would gain, against treating everybody, nobody, or as many at random.

    Rankings by predicted effect, by baseline risk and by `rules` are compared in pairs; shallow trees are searched
    exactly for the largest gain and judged on folds that they were not learnt from."""

    rules: dict[Name, RankingRule] = {}
    """Rankings compared with those by predicted effect and by baseline risk, named before the data are seen."""
    covariates: list[str] = []
    """Covariates of the trees beside those of `estimates.projection`; few, for the best of many splits is luck."""
    depths: list[Annotated[int, Field(ge=1, le=3)]] = [1, 2]
    """Depths of the trees; 3 takes at most eight columns. An empty list learns none."""
    min_leaf: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    """Fewest units of a leaf; `auto`: a twentieth of them, and never fewer than `minimum_cell_count`."""
    candidates: int = Field(default=256, ge=1, le=4096)
    """Most cuts of a covariate that are searched; where there are more distinct values, cuts lie at quantiles."""
    cost: float = Field(default=0.0, ge=0)
    """Benefit that treating a unit must bring to be worth it, in the outcome's units (a share for a binary one)."""
    budget: float = Field(default=1.0, gt=0, le=1)
    """Share of the units that may be treated; 1: no limit."""
    harm: Name | None = None
    """A second outcome, told beside the benefit of each rule; another analysis of the study must have it."""
    exchange_rate: float | None = Field(default=None, gt=0)
    """Units of benefit that make up for one unit of harm; without it no net benefit is given."""


def policy_more(study: Study) -> dict[str, Any]:
    """What the stage reads beside its own section."""
    return {
        "projection": list(study.estimates.projection),
        "ranking_draws": study.estimates.ranking_draws,
        "imputed": study.missing_outcome.strategy == "imputation",
        "harm": _harm(study),
    }


def _harm(study: Study) -> dict[str, str] | None:
    name = study.policy.harm
    analysis = harm_analysis(study)
    if name is None or analysis is None:
        return None
    outcome = study.outcomes[name]
    return {
        "outcome": name,
        "analysis": analysis,
        "better": outcome.better,
        "label": outcome.label,
        "unit": outcome.unit,
        "kind": outcome.kind,
    }


def harm_analysis(study: Study) -> str | None:
    """The first analysis with the second outcome whose missing outcomes are not imputed."""
    if study.policy.harm is None:
        return None
    for name, analysis in study.analyses.items():
        override = analysis.missing_outcome
        strategy = getattr(override, "strategy", None) if override is not None else None
        imputed = (strategy or study.missing_outcome.strategy) == "imputation"
        if analysis.outcome == study.policy.harm and not imputed:
            return name
    return None
