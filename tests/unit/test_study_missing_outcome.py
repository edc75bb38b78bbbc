"""The section of the study file on missing outcomes: defaults, overrides, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hetflow.errors import Refused
from hetflow.study.analyses import resolve, resolve_all
from hetflow.study.load import check_study
from hetflow.study.owners import owners
from hetflow.study.slices import slices

HEADER = ["id", "arm", "age", "later", "y0", "y1"]


def study(**changes: Any) -> dict[str, Any]:
    """A small study with a column recorded after treatment began."""
    return {
        "study": "tiny",
        "title": "A tiny study",
        "data": {"file": "tiny.csv", "unit": "id"},
        "estimand": dict.fromkeys(
            ("population", "treatments", "variable", "intercurrent_events", "summary"), "said"
        ),
        "design": {"kind": "randomised", "probability": 0.5},
        "treatment": {"column": "arm", "treated": [1], "control": [0]},
        "outcomes": {"change": {"expression": "y1 - y0", "label": "Change", "better": "higher"}},
        "outcome": "change",
        "dictionary": {
            "age": {"role": "covariate", "kind": "continuous"},
            "later": {"role": "auxiliary", "kind": "continuous", "visit": 1},
        },
    } | changes


def test_complete_cases_are_the_default_and_other_keys_do_not_matter_to_them() -> None:
    checked = check_study(study(), "tiny.yaml", HEADER)
    assert slices(checked)["nuisance"]["missing_outcome"] == {"strategy": "complete_case"}
    other = check_study(study(missing_outcome={"learner": "linear"}), "tiny.yaml", HEADER)
    assert slices(other) == slices(checked)


def test_an_analysis_may_weigh() -> None:
    analyses = {"weighted": {"missing_outcome": {"strategy": "weighting", "auxiliary": ["later"]}}}
    checked = check_study(study(analyses=analyses), "tiny.yaml", HEADER)
    section = slices(resolve(checked, "weighted"))["nuisance"]["missing_outcome"]
    assert section == {"strategy": "weighting", "learner": "stack", "auxiliary": ["later"], "smallest": 0.02}
    owner = owners(resolve_all(checked))
    assert owner["weighted", "nuisance"] == "weighted"
    assert owner["weighted", "deployment"] == "primary"


@pytest.mark.parametrize(
    ("auxiliary", "message"),
    [
        (["age"], "age, a covariate"),
        (["y1"], "the outcome change is not made of"),
        (["half"], "the outcome change is not made of"),
        (["arm"], "arm, whose role is"),
        (["latter"], "did you mean later"),
        (["later", "later"], "later twice"),
    ],
)
def test_columns_that_cannot_serve_are_refused(auxiliary: list[str], message: str) -> None:
    section = {"strategy": "weighting", "auxiliary": auxiliary}
    derived = {"half": {"expression": "y1 / 2"}}
    said = study()["dictionary"] | {"half": {"role": "auxiliary", "kind": "continuous", "visit": 1}}
    with pytest.raises(Refused, match=message):
        check_study(study(missing_outcome=section, derived=derived, dictionary=said), "tiny.yaml", HEADER)
    check_study(study(missing_outcome=section | {"strategy": "complete_case", "auxiliary": []}), "t", HEADER)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"strategy": "impute"}, "missing_outcome.strategy"),
        ({"smallest": 0}, "missing_outcome.smallest"),
        ({"smallest": 0.7}, "missing_outcome.smallest"),
        ({"learner": "mean"}, "missing_outcome.learner"),
        ({"lerner": "linear"}, "did you mean learner"),
    ],
)
def test_values_are_checked(section: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        check_study(study(missing_outcome=section), "tiny.yaml", HEADER)
    with pytest.raises(Refused, match=message):
        check_study(study(analyses={"other": {"missing_outcome": section}}), "tiny.yaml", HEADER)
