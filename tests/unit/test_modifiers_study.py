"""The section `modifiers` of the study file: what it refuses, and which stages its keys change."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hetflow.errors import Refused
from hetflow.study.analyses import named_covariates, resolve
from hetflow.study.load import read_yaml, study_problems, validated
from hetflow.study.slices import slices

OPT = Path(__file__).resolve().parents[2] / "config" / "opt.yaml"


def _study(**section: Any) -> Any:
    values = deepcopy(read_yaml(OPT))
    values["modifiers"] = section
    return validated(values, "opt.yaml")


@pytest.mark.parametrize(
    ("section", "where", "found"),
    [
        ({"pairs": [["Age"]]}, "modifiers.pairs[0]", "Age"),
        ({"pairs": [["Age", "BMI"], ["Age", "Age"]]}, "modifiers.pairs[1]", "Age, Age"),
        ({"named": ["Age", "Age"]}, "modifiers.named", "Age twice"),
        ({"named": ["Agee"]}, "modifiers.named[0]", "Agee"),
        ({"pairs": [["Age", "V5.PD.avg"]]}, "modifiers.pairs[0][1]", "V5.PD.avg"),
        ({"analyses": ["primarry"]}, "modifiers.analyses", "primarry"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name(section: dict[str, Any], where: str, found: str) -> None:
    header = OPT.parents[1].joinpath("workflow/resources/opt/opt.csv").read_text().splitlines()[0]
    names = [name.strip('"') for name in header.split(",")]
    try:
        problems = study_problems(_study(**section), "opt.yaml", names)
    except Refused as refused:
        problems = refused.problems
    said = [problem for problem in problems if problem.where == f"opt.yaml: {where}"]
    assert said, [problem.where for problem in problems]
    assert any(found in problem.found for problem in said)


def test_names_default_to_the_displays_and_then_the_projection() -> None:
    study = _study()
    assert slices(resolve(study, "primary"))["modifiers"]["names"] == study.estimates.displays
    bare = study.model_copy(update={"estimates": study.estimates.model_copy(update={"displays": []})})
    assert slices(resolve(bare, "primary"))["modifiers"]["names"] == study.estimates.projection
    named = slices(resolve(_study(named=["Age"]), "primary"))["modifiers"]["names"]
    assert named == ["Age"]


def test_only_its_own_stage_reads_the_section() -> None:
    plain, changed = (
        slices(resolve(_study(**section), "primary")) for section in ({}, {"draws": 3, "named": ["Age"]})
    )
    assert [stage for stage in plain if plain[stage] != changed[stage]] == ["modifiers"]


def test_an_analysis_without_it_names_no_modifiers() -> None:
    study = _study(named=["Age"], pairs=[["Age", "BMI"]])
    assert "modifiers.pairs[0][1]" in named_covariates(resolve(study, "primary"))
    assert not [key for key in named_covariates(resolve(study, "indicator")) if key.startswith("modifiers")]
    assert "modifiers" not in slices(resolve(study, "indicator"))
