"""The sections `risk` and `confounding` of the study file: what is refused, and which stages follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hetflow.errors import Refused
from hetflow.plan import make_plan
from hetflow.study.analyses import resolve
from hetflow.study.appraisals import appraised
from hetflow.study.load import check_study, merge
from hetflow.study.slices import slices

CONFIG = Path(__file__).parents[2] / "config"


def study(name: str, **changes: Any) -> Any:
    values = yaml.safe_load((CONFIG / f"{name}.yaml").read_text(encoding="utf-8"))
    header = [column for column in values["dictionary"] if "*" not in column and "?" not in column]
    more = [values["data"]["unit"], values["treatment"]["column"]]
    return check_study(merge(values, changes), name, [*dict.fromkeys([*header, *more, "V5.PD.avg"])])


def refused(name: str, **changes: Any) -> str:
    with pytest.raises(Refused) as caught:
        study(name, **changes)
    return str(caught.value)


def test_a_trial_has_effects_by_risk_and_nothing_on_confounders() -> None:
    assert "risk" in appraised(resolve(study("opt"), "primary"))
    assert "confounding" not in appraised(resolve(study("opt"), "primary"))
    assert "confounding" in appraised(resolve(study("nhefs"), "primary"))
    plan = make_plan(study("nhefs"), 1600, 24)
    assert "primary/confounding/bounds.parquet" in plan.appraisals()
    assert "primary/risk/effects.parquet" in plan.appraisals()


def test_confounders_of_a_trial_are_refused_by_name() -> None:
    assert "chance alone made the arms differ" in refused("opt", confounding={"rho": 0.5})
    assert study("opt", confounding={"analyses": []})


def test_imputed_outcomes_have_no_effects_by_risk() -> None:
    said = refused("opt", risk={"analyses": ["imputed_outcome"]})
    assert "would bear out a risk that was learnt from the same units" in said
    assert study("opt", risk={"analyses": ["primary", "weighted_outcome"]})


@pytest.mark.parametrize(
    ("score", "expected"),
    [("nowhere", "a column of role covariate"), ("Clinic", "a score with an order"), ("Birthweight", "role")],
)
def test_a_score_is_a_covariate_with_an_order(score: str, expected: str) -> None:
    assert expected in refused("opt", risk={"score": score})
    assert study("opt", risk={"score": "BL.PD.avg"})


def test_a_score_needs_a_strategy_that_completes_it() -> None:
    said = refused(
        "opt",
        risk={"score": "Age", "analyses": ["gaps"]},
        analyses={"gaps": {"missingness": {"strategy": "native"}}},
    )
    assert "which leaves gaps" in said


def test_benchmarks_name_covariates_and_controls_an_analysis_of_their_own() -> None:
    assert "correct the name" in refused("nhefs", confounding={"benchmarks": {"body": ["wt71", "nowhere"]}})
    assert "add it under `outcomes`" in refused("nhefs", confounding={"negative_controls": ["ht"]})
    outcome = {"tax": {"column": "tax71_82", "label": "Tax", "better": "lower"}}
    assert "an analysis of its own" in refused(
        "nhefs", outcomes=outcome, confounding={"negative_controls": ["tax"]}
    )
    made = study(
        "nhefs",
        outcomes=outcome,
        confounding={"negative_controls": ["tax"], "benchmarks": {"body": ["wt71", "ht"]}},
        analyses={"tax": {"outcome": "tax"}},
    )
    assert make_plan(made, 1600, 24).negative_controls() == ["tax/estimates.parquet"]
    assert slices(resolve(made, "primary"))["confounding"]["controls"] == {"tax": "tax"}


def test_a_changed_key_changes_the_slice_of_its_own_stage_alone() -> None:
    first = slices(resolve(study("nhefs"), "primary"))
    for section, change in (("risk", {"groups": 5}), ("confounding", {"rho": 0.5})):
        second = slices(resolve(study("nhefs", **{section: change}), "primary"))
        assert {stage for stage in first if first[stage] != second[stage]} == {section}
