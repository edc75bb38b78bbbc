"""The section `policy`: what is refused, what reaches the stage, and what reruns."""

from __future__ import annotations

from typing import Any

import pytest
from hetflow.plan import make_plan
from hetflow.study.analyses import resolve_all
from hetflow.study.consistency import inconsistencies
from hetflow.study.covariates import covariate_problems
from hetflow.study.model import Study
from hetflow.study.slices import slices

HEADER = ["id", "arm", "age", "site", "score", "y", "pain"]


def study(policy: dict[str, Any] | None = None, **more: Any) -> Study:
    """A small trial with two outcomes."""
    outcome = {"label": "Y", "better": "higher"}
    values = {
        "study": "small",
        "title": "Small",
        "data": {"file": "small.csv", "unit": "id"},
        "estimand": dict.fromkeys(
            ("population", "treatments", "variable", "intercurrent_events", "summary"), "x"
        ),
        "design": {"kind": "randomised", "probability": 0.5, "minimum_arm": 10},
        "treatment": {"column": "arm", "treated": [1], "control": [0]},
        "outcomes": {"y": outcome | {"column": "y"}, "pain": outcome | {"column": "pain", "better": "lower"}},
        "outcome": "y",
        "dictionary": {
            "age": {"role": "covariate", "kind": "continuous"},
            "site": {"role": "covariate", "kind": "nominal"},
            "score": {"role": "auxiliary", "kind": "continuous"},
            "y": {"role": "outcome"},
            "pain": {"role": "outcome"},
        },
    }
    return Study.model_validate(values | {"policy": policy or {}} | more)


def refused(policy: dict[str, Any], **more: Any) -> list[str]:
    """Keys that are refused."""
    one = study(policy, **more)
    found = [*inconsistencies(one, "s"), *covariate_problems(one, "s", HEADER)]
    return [problem.where.removeprefix("s: ") for problem in found]


HARM = {"analyses": {"pain": {"outcome": "pain"}}}


@pytest.mark.parametrize(
    ("policy", "key"),
    [
        ({"rules": {"a": {}}}, "policy.rules.a"),
        ({"rules": {"a": {"covariate": "age", "column": "score"}}}, "policy.rules.a"),
        ({"rules": {"risk": {"covariate": "age"}}}, "policy.rules.risk"),
        ({"rules": {"a": {"covariate": "agee"}}}, "policy.rules.a"),
        ({"rules": {"a": {"covariate": "site"}}}, "policy.rules.a"),
        ({"rules": {"a": {"column": "y"}}}, "policy.rules.a"),
        ({"covariates": ["score"]}, "policy.covariates[0]"),
        ({"covariates": ["age", "age"]}, "policy.covariates"),
        ({"depths": [1, 1]}, "policy.depths"),
        ({"min_leaf": 5}, "policy.min_leaf"),
        ({"exchange_rate": 2}, "policy.exchange_rate"),
        ({"harm": "pain"}, "policy.harm"),
        ({"harm": "nothing"}, "policy.harm"),
        ({"harm": "y"}, "policy.harm"),
    ],
)
def test_what_cannot_work_is_refused_by_its_key(policy: dict[str, Any], key: str) -> None:
    assert key in refused(policy)


@pytest.mark.parametrize(
    "policy",
    [
        {},
        {"rules": {"old": {"covariate": "age"}, "mine": {"column": "score", "higher_first": False}}},
        {"covariates": ["age", "site"], "depths": [], "budget": 0.3, "cost": 1.5, "min_leaf": 20},
    ],
)
def test_what_can_work_is_not_refused(policy: dict[str, Any]) -> None:
    assert refused(policy) == []


def test_the_harm_s_scores_come_from_the_analysis_that_has_it() -> None:
    one = study({"harm": "pain"}, **HARM)
    assert refused({"harm": "pain"}, **HARM) == []
    plan = make_plan(one, 100, 3)
    assert plan.harm("primary") == ["pain/scores/shared.parquet"]
    settings = plan.analysis_slice("primary", "policy")["harm"]
    assert settings["analysis"] == "pain"  # type: ignore[index]
    assert settings["better"] == "lower"  # type: ignore[index]
    assert make_plan(study(), 100, 3).harm("primary") == []


def test_an_analysis_that_imputes_the_harm_does_not_serve() -> None:
    imputed = {"analyses": {"pain": {"outcome": "pain", "missing_outcome": {"strategy": "imputation"}}}}
    assert "policy.harm" in refused({"harm": "pain"}, **imputed)


def test_a_changed_key_changes_the_slice_of_this_stage_alone() -> None:
    one, other = (resolve_all(study({"cost": cost}))["primary"] for cost in (0.0, 1.0))
    before, after = slices(one), slices(other)
    assert [stage for stage in before if before[stage] != after[stage]] == ["policy"]


def test_an_empty_list_of_analyses_does_without() -> None:
    assert "policy" not in slices(resolve_all(study({"analyses": []}))["primary"])
