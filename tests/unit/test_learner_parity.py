"""Every learner x strategy x design x kind of outcome x weights and clusters: compared, or refused before any job."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import yaml
from hetflow.effects.average import average_effect
from hetflow.effects.compared_learners import compare
from hetflow.effects.stacked import Candidate
from hetflow.errors import Refused
from hetflow.learners.effects import unit_effects
from hetflow.learners.methods import METHODS
from hetflow.run import Start
from hetflow.start import prepare
from hetflow.study import learners as section
from hetflow.study.learners import MethodName, parity_lines
from hetflow.study.routes import ROUTES
from in_process import ROOT, inside
from learner_routes import route
from learner_worlds import SETTINGS
from needs import package
from route_study import DESIGNS, EFFECTS, KINDS, STATEMENT, data, study

FAR = 5.0
"""Standard errors from the true average: false alarm 6e-7 a cell for an unbiased learner."""
TABLE = list(product(METHODS, ROUTES, DESIGNS, KINDS, ("plain", "weighted", "clustered")))


def in_verify(cell: tuple[str, str, str, str, str]) -> bool:
    """Most cells wait for `make verify`; every pair of attributes is left in the ordinary suite."""
    name, strategy, design, kind, sample = cell
    turn = list(METHODS).index(name) + list(ROUTES).index(strategy)
    rest = KINDS.index(kind) != turn % 3 or DESIGNS.index(design) != turn % 2
    return rest or ("plain", "weighted", "clustered").index(sample) != (turn // 3) % 3


CELLS = [
    pytest.param(*cell, id="-".join(cell), marks=[pytest.mark.verify] if in_verify(cell) else [])
    for cell in TABLE
]


@pytest.mark.parametrize(("name", "strategy", "design", "kind", "sample"), CELLS)
def test_a_learner_is_compared_or_refused_by_name(
    name: str, strategy: str, design: str, kind: str, sample: str, tmp_path: Path
) -> None:
    if design == "observational" and not ROUTES[strategy].observational:
        with pytest.raises(Refused, match="in an observational design one of"):
            _prepare(study(strategy, design, kind, "histogram"), tmp_path)
        return
    if name == "bcf":
        package("stochtree")
    found = route(strategy, design, kind, sample == "weighted", sample == "clustered")
    effects = unit_effects(name, "linear", found.units, 1, found.models)
    made = compare(found.scores, {name: Candidate(effects.held_out, effects.sequential)}, SETTINGS, 1)
    rows = made.comparison[made.comparison["learner"] == name].set_index("measure")
    assert {"DR_loss", "R_loss", "DR_loss_gain", "R_loss_gain", "calibration_slope"} <= set(rows.index)
    assert np.isfinite(rows[["estimate", "se"]]).all(axis=None)
    ate = average_effect(found.scores[0], "ATE")
    mean = np.average(effects.held_out, weights=found.units.weight)
    assert abs(mean - EFFECTS[kind]) < FAR * np.sqrt(ate.covariance[0, 0])


def _prepare(values: dict, folder: Path) -> Start:
    with inside(folder):
        data().to_csv("data.csv", index=False)
        Path("study.yaml").write_text(
            yaml.safe_dump(values | {"data": values["data"] | {"file": "data.csv"}})
        )
        return prepare([Path("study.yaml")], {}, ROOT / "workflow", "python")


def small(**changes: object) -> dict:
    """A study with a section `learners`."""
    values = study("multiple_imputation", "randomised", "continuous", "histogram")
    values["learners"] = {"methods": ["linear", "t"]}
    return values | changes


REFUSALS = {
    "imputed": (
        {"missing_outcome": {"strategy": "imputation"}, "learners": {"analyses": ["primary"]}},
        "bear out what was learnt from observed ones",
    ),
    "unknown": ({"learners": {"methods": ["u"]}}, "learners.methods"),
    "none": ({"learners": {"methods": []}}, "learners.methods"),
    "twice": ({"learners": {"methods": ["t", "t"]}}, "each name once"),
    "base": ({"learners": {"base": "stack"}}, "learners.base"),
    "analysis": ({"learners": {"analyses": ["other"]}}, "analyses of the study"),
}


@pytest.mark.parametrize("case", list(REFUSALS))
def test_what_cannot_be_asked_is_refused_before_the_first_job(case: str, tmp_path: Path) -> None:
    changes, said = REFUSALS[case]
    with pytest.raises(Refused) as refused:
        _prepare(small(**changes), tmp_path)
    assert said in str(refused.value)


def test_bcf_without_its_package_is_refused_before_the_first_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(section, "stochtree_is_there", lambda: False)
    with pytest.raises(Refused, match="pip install stochtree"):
        _prepare(small(learners={"methods": ["bcf"]}), tmp_path)
    monkeypatch.setattr(section, "stochtree_is_there", lambda: True)
    _prepare(small(learners={"methods": ["bcf"]}), tmp_path)


def test_weighted_outcomes_and_a_study_without_learners_are_taken(tmp_path: Path) -> None:
    _prepare(small(missing_outcome={"strategy": "weighting"}), tmp_path)
    _prepare(small(learners={"analyses": []}, missing_outcome={"strategy": "imputation"}), tmp_path)
    assert not _prepare(small(missing_outcome={"strategy": "imputation"}), tmp_path).plan.appraised(
        "learners"
    )
    values = study("indicator", "observational", "binary", "histogram")
    values["missingness"]["unconfounded_despite_missingness"] = STATEMENT
    _prepare(values, tmp_path)


def test_the_study_file_and_the_library_name_the_same_learners() -> None:
    assert set(MethodName.__args__) == set(METHODS) == set(section.FACTS)


def test_the_page_of_docs_holds_the_table() -> None:
    text = (ROOT / "docs" / "learners.md").read_text(encoding="utf-8")
    assert "\n".join(parity_lines()) in text
