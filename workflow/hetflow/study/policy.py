"""What rules that decide whom to treat would gain: the section, its slice, and what is refused of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from hetflow.errors import Problem
from hetflow.study.base import AppraisalSection, Name, Section
from hetflow.study.said import said

if TYPE_CHECKING:
    from hetflow.study.model import Study

#: Names that rules of the study may not take.
RESERVED = ("effect", "risk", "random", "all", "none")


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


def policy_problems(study: Study, source: str) -> Iterator[Problem]:
    """What cannot work in the section of a study whose keys are each valid."""
    asked = study.policy
    for name, rule in asked.rules.items():
        where = f"{source}: policy.rules.{name}"
        if (rule.covariate is None) == (rule.column is None):
            found = "both" if rule.covariate else "neither"
            yield Problem(where, "exactly one of `covariate` and `column`", found, "keep the one that ranks")
        if name in RESERVED:
            remedy = "choose another name"
            yield Problem(where, f"a name other than {', '.join(RESERVED)}, which are taken", name, remedy)
    for key in ("covariates", "depths"):
        values = [str(value) for value in getattr(asked, key)]
        if twice := sorted({value for value in values if values.count(value) > 1}):
            yield Problem(f"{source}: policy.{key}", "each once", f"{', '.join(twice)} twice", "keep one")
    if asked.min_leaf != "auto" and asked.min_leaf < study.minimum_cell_count:
        yield Problem(
            f"{source}: policy.min_leaf",
            f"at least minimum_cell_count ({study.minimum_cell_count}): the leaves are printed with their counts",
            str(asked.min_leaf),
            f"write {study.minimum_cell_count} or more",
        )
    yield from _harm_problems(study, source)


def _harm_problems(study: Study, source: str) -> Iterator[Problem]:
    asked = study.policy
    where = f"{source}: policy.harm"
    if asked.harm is None:
        if asked.exchange_rate is not None:
            found = f"exchange_rate {asked.exchange_rate} without `harm`"
            yield Problem(
                f"{source}: policy.exchange_rate", "a harm to exchange", found, "name `policy.harm`"
            )
        return
    if asked.harm not in study.outcomes:
        expected = f"one of the outcomes {', '.join(study.outcomes)}"
        yield Problem(where, expected, asked.harm, "name one of them, or add it under `outcomes`")
        return
    judged = {
        study.analyses[name].outcome or study.outcome for name in asked.analyses if name in study.analyses
    }
    if asked.harm in judged:
        yield Problem(where, "an outcome other than the benefit", asked.harm, "name a second outcome")
    elif harm_analysis(study) is None:
        yield Problem(
            where,
            f"an analysis with `outcome: {asked.harm}` that does not impute outcomes: it makes the scores of the harm",
            "none",
            f"add one under `analyses`, for instance `harm: {{outcome: {asked.harm}}}`",
        )


def policy_columns(study: Study, columns: Collection[str], known: set[str]) -> Iterator[Problem]:
    """Columns that a resolved analysis' policy names and that the data file or the dictionary does not offer."""
    if not study.policy.analyses:
        return
    numeric = ("continuous", "count", "ordinal", "binary", None)
    names = {f"policy.covariates[{i}]": name for i, name in enumerate(study.policy.covariates)}
    ranked = {f"policy.rules.{name}": rule for name, rule in study.policy.rules.items()}
    names |= {key: rule.covariate for key, rule in ranked.items() if rule.covariate}
    for key, name in names.items():
        if name not in known:
            yield Problem(key, "a column of role covariate", name, "correct the name or its role")
    for key, rule in ranked.items():
        name = rule.covariate or rule.column or ""
        role = said(study, name, "role", columns) if name in columns else None
        if rule.column and role not in ("covariate", "auxiliary"):
            found = (
                f"{name}, role {role or 'ignore'}"
                if name in columns
                else f"{name}, no column of the data file"
            )
            remedy = "give it the role auxiliary if it was known before treatment, or name another"
            yield Problem(key, "a column of role covariate or auxiliary", found, remedy)
        elif name in columns and said(study, name, "kind", columns) not in numeric:
            remedy = "name a covariate with an order"
            yield Problem(key, "a covariate with an order", f"{name}, nominal", remedy)
