"""The section `splits`: what its stage reads, what only adds files, which analyses it suits."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hetflow.costs import costs
from hetflow.errors import Refused
from hetflow.plan import make_plan
from hetflow.study.analyses import resolve
from hetflow.study.appraisals import appraised
from hetflow.study.load import check_study, read_yaml
from hetflow.study.model import Study
from hetflow.study.owners import owners
from hetflow.study.slices import slices
from hetflow.study.splits import splits_of_job

OPT = read_yaml(Path(__file__).resolve().parents[2] / "config" / "opt.yaml")


def changed(**sections: Any) -> dict[str, Any]:
    """The default study with sections replaced, and no analysis but those given."""
    fewer = {"analyses": {"primary": {"label": "Primary"}}, "sensitivity": {}}
    return copy.deepcopy(OPT) | fewer | sections


def study(**more: Any) -> Study:
    return check_study(changed(splits=more), "study.yaml")


def the_slice(found: Study) -> dict[str, Any]:
    return slices(resolve(found, "primary"))["splits"]


def observational() -> dict[str, Any]:
    design = {"kind": "observational"}
    return changed(design=design, nuisance={"propensity": "stack"})


def test_more_splits_and_larger_jobs_change_no_settings() -> None:
    assert the_slice(study(number=50)) == the_slice(study(number=100, job_splits=10))
    assert the_slice(study(groups=4)) != the_slice(study(groups=5))
    assert the_slice(study(learners=["linear"])) != the_slice(study(learners=["forest"]))


def test_raising_the_number_adds_files() -> None:
    few, more = (make_plan(study(number=n), 100, 5).split_parts("primary") for n in (50, 60))
    assert few == [f"primary/splits/parts/{name}.parquet" for name in ("0000-0024", "0025-0049")]
    assert more == [*few, "primary/splits/parts/0050-0059.parquet"]


def test_a_range_names_its_splits_and_the_cost_follows_their_number() -> None:
    assert [*splits_of_job("0050-0059")] == [*range(50, 60)]
    fifty, more, cut = (
        costs(make_plan(study(**given), 100_000, 50))
        for given in ({"number": 50}, {"number": 60}, {"number": 50, "job_splits": 5})
    )
    assert [one["jobs"]["split"] for one in (fifty, more, cut)] == [2, 3, 10]
    assert more["seconds"]["split"] == pytest.approx(1.2 * fifty["seconds"]["split"], rel=0.01)
    assert cut["seconds"]["split"] == pytest.approx(fifty["seconds"]["split"], rel=0.02)


def test_an_observational_study_is_left_out_unless_it_asks() -> None:
    found = check_study(observational(), "study.yaml")
    assert "splits" not in appraised(resolve(found, "primary"))
    with pytest.raises(Refused, match=r"splits\.analyses") as refused:
        check_study(observational() | {"splits": {"analyses": ["primary"]}}, "study.yaml")
    assert "probability of treatment" in str(refused.value)


def test_imputed_outcomes_are_refused_where_they_are_named_and_weighted_ones_are_not() -> None:
    raw = changed(analyses={"drawn": {"missing_outcome": {"strategy": "imputation"}}})
    weighted = changed(analyses={"drawn": {"missing_outcome": {"strategy": "weighting"}}})
    asked = {"splits": {"analyses": ["primary", "drawn"]}}
    with pytest.raises(Refused, match="both halves"):
        check_study(raw | asked, "study.yaml")
    found = check_study(weighted | asked, "study.yaml")
    assert owners({name: resolve(found, name) for name in ("primary", "drawn")})["drawn", "splits"] == "drawn"


@pytest.mark.parametrize(
    ("section", "where"),
    [
        ({"learners": ["linear", "linear"]}, "splits.learners"),
        ({"learners": []}, "splits.learners"),
        ({"learners": ["oracle"]}, "splits.learners"),
        ({"analyses": ["nobody"]}, "splits.analyses"),
        ({"number": 2}, "splits.number"),
    ],
)
def test_mistakes_are_refused_with_their_key(section: dict[str, Any], where: str) -> None:
    with pytest.raises(Refused, match=where.replace(".", r"\.")):
        study(**section)


def test_a_covariate_that_there_is_not_is_refused() -> None:
    raw = changed(splits={"covariates": ["nobody"]})
    with pytest.raises(Refused, match=r"splits\.covariates\[0\]"):
        check_study(raw, "study.yaml", header=["PID", "Group", "Age", "V5.PD.avg", "BL.PD.avg", "Clinic"])
