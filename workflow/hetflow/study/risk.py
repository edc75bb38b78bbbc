"""The section on effects by baseline risk, and what cannot be asked of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from hetflow.errors import Problem
from hetflow.study.base import AppraisalSection
from hetflow.study.routes import ROUTES
from hetflow.study.said import said

if TYPE_CHECKING:
    from hetflow.study.model import Study

_ORDERED = ("continuous", "count", "ordinal", "binary")


class Risk(AppraisalSection):
    """Effects by baseline risk (PATH): absolute and relative, by groups of a prognosis that is blind to treatment."""

    groups: int = Field(default=4, ge=2, le=20)
    """Groups of equal size from the best to the worst prognosis."""
    score: str | None = None
    """A covariate that holds a risk score developed elsewhere; it goes before the study's own risk, both are shown."""
    score_worse: Literal["higher", "lower"] = "higher"
    """Which values of `score` mean the worse prognosis."""


def risk_settings(study: Study) -> dict[str, Any]:
    """What the stage reads beside its section: the learner of the risk where the scores do not hold it."""
    return {} if study.design.kind == "randomised" else {"learner": study.nuisance.outcome}


def unsuited(study: Study) -> str:
    """Why a resolved analysis has no effects by risk; empty if it can have them."""
    if study.missing_outcome.strategy == "imputation":
        return (
            "its missing outcomes are imputed, and would bear out a risk that was learnt from the same units"
        )
    return ""


def risk_problems(study: Study) -> Iterator[Problem]:
    """What cannot be asked in one resolved analysis; `where` is the key."""
    if not study.risk.analyses or unsuited(study):
        return
    if study.risk.score is not None and ROUTES[study.missingness.strategy].leaves_gaps:
        yield Problem(
            "risk.score",
            "a strategy that completes the score",
            f"missingness.strategy {study.missingness.strategy}, which leaves gaps",
            "choose another strategy, or remove the key",
        )


def score_problems(study: Study, columns: Collection[str], known: Collection[str]) -> Iterator[Problem]:
    """Whether the score is a covariate with an order; `known` are the covariates among `columns`."""
    name = study.risk.score
    if name is None or not study.risk.analyses:
        return
    if name not in known:
        found = f"{name}, role {said(study, name, 'role', columns) or 'ignore'}" if name in columns else name
        remedy = "give it the role covariate (known before treatment), or name another column"
        yield Problem("risk.score", "a column of role covariate", found, remedy)
    elif (kind := said(study, name, "kind", columns)) not in (None, *_ORDERED):
        yield Problem("risk.score", "a score with an order", f"{name}, {kind}", "name a numeric column")
