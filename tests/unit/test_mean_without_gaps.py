"""An outcome mean of the covariates that nobody misses: what it reads, where it is refused, when it is advised."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.errors import Refused
from hetflow.feasible import feasibility_problems
from hetflow.missingness.gapless import gapless
from hetflow.missingness.masks import cells, compress
from hetflow.missingness.mechanism.design import masks_with_outcome, read_design
from hetflow.missingness.mechanism.observed import observed_covariates
from hetflow.missingness.mechanism.stage import describe_mechanism
from hetflow.missingness.mechanism.tables import _leading, _outcome_columns
from hetflow.nuisance.folds import draw_folds
from hetflow.nuisance.nuisance import nuisance
from hetflow.report.prose_mechanism import mechanism_notices
from hetflow.report.words import Words
from hetflow.study.analyses import resolve
from hetflow.study.load import check_study
from hetflow.study.owners import fingerprint
from mechanism_world import SETTINGS, with_design
from rates import assert_rate_at_most, detectable_at_most

WORDS = Words("Outcome", "", 1.0, "lower", "Active", "Placebo", True, 0.95, {}, {}, {})
UNITS = 240
QUICK = {"outcome": "linear", "propensity": "design", "trim": None}


def _data(n: int = UNITS) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    X, treated = rng.normal(size=(n, 3)), np.arange(n) % 2
    fold = draw_folds(np.arange(n), treated, None, None, 4, 1)
    outcome = X.sum(axis=1) + treated + rng.normal(size=n)
    return {
        "unit": np.arange(n),
        "treated": treated,
        "outcome": outcome,
        "fold": fold,
        "weight": None,
        "X": X,
    }


def _fit(data: dict[str, Any], **more: object) -> tuple[pd.DataFrame, dict[str, Any]]:
    return nuisance(**data, design={"probability": 0.5}, settings=QUICK, seed=1, key=("shared",), **more)


def test_the_outcome_mean_is_that_of_the_covariates_it_may_read() -> None:
    data = _data()
    of_mean = np.array([True, False, True])
    frame, facts = _fit(data, of_mean=of_mean)
    alone, _ = _fit(data | {"X": data["X"][:, of_mean]})
    assert np.array_equal(frame["outcome_mean"], alone["outcome_mean"])
    assert not np.array_equal(frame["outcome_mean"], _fit(data)[0]["outcome_mean"])
    assert (facts["number"]["covariates"], facts["outcome"]["covariates"]) == (3, 2)


def test_what_does_not_apply_is_no_gap_unless_it_is_unknown_to_whom_it_does() -> None:
    asks = {"applicable_if": "smoker == 1", "not_applicable": -1.0}
    columns = [Column("age", "continuous"), Column("cigarettes", "continuous", **asks)]
    columns += [Column("late", "continuous", role="auxiliary")]
    frame = pd.DataFrame(
        {"age": [1.0, 2.0], "cigarettes": [-1.0, 3.0], "cigarettes__applies": [0.0, 1.0], "late": 1.0}
    )
    assert [column.name for column in gapless(frame, columns)] == ["age", "cigarettes"]
    unknown = frame.assign(cigarettes__applies=[np.nan, 1.0])
    assert [column.name for column in gapless(unknown, columns)] == ["age"]


def _infeasible(gaps: list[str]) -> list[str]:
    data = _data()
    frame = pd.DataFrame(data["X"], columns=["a", "b", "c"])
    frame.loc[:5, gaps] = np.nan
    cohort = with_design(frame, data["treated"])
    asked = {
        "outcome": "y",
        "strategy": "multiple_imputation",
        "missing_outcome": {"strategy": "complete_case"},
        "mean_covariates": "without_gaps",
        "min_leaf": 5,
        "held_out": True,
        "covariates": {},
    }
    needs = {"seed": 1, "folds": 4, "probability": 0.5, "analyses": {"primary": asked}}
    columns = [Column(name, "continuous") for name in "abc"]
    outcomes = pd.DataFrame({"y": data["outcome"]})
    return [str(one) for one in feasibility_problems(cohort, outcomes, data["fold"], columns, needs)]


def test_it_is_refused_before_anything_long_where_every_covariate_has_gaps() -> None:
    assert _infeasible(["a", "b"]) == []
    (problem,) = _infeasible(["a", "b", "c"])
    assert "nuisance.covariates" in problem
    assert "gaps in every one" in problem


STUDY: dict[str, Any] = {
    "study": "tiny",
    "title": "A tiny study",
    "data": {"file": "tiny.csv", "unit": "id"},
    "estimand": dict.fromkeys(
        ("population", "treatments", "variable", "intercurrent_events", "summary"), "as the protocol says"
    ),
    "design": {"kind": "randomised", "probability": 0.5},
    "treatment": {"column": "arm", "treated": ["1"], "control": ["0"]},
    "outcomes": {"y": {"column": "y", "label": "Y", "better": "higher"}},
    "outcome": "y",
    "dictionary": {"age": {"role": "covariate", "kind": "continuous"}},
}
HEADER = ["id", "arm", "age", "y"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"missingness": {"strategy": "blockwise"}}, "blockwise"),
        (
            {"design": {"kind": "observational"}, "nuisance": {"propensity": "linear"}},
            "confounders must be adjusted for",
        ),
    ],
)
def test_where_it_cannot_be_right_it_is_refused_by_name(changes: dict[str, Any], words: str) -> None:
    chosen = {**changes.get("nuisance", {}), "covariates": "without_gaps"}
    with pytest.raises(Refused) as refused:
        check_study({**STUDY, **changes, "nuisance": chosen}, "study.yaml", HEADER)
    problems = [str(one) for one in refused.value.problems]
    assert [one for one in problems if "nuisance.covariates" in one and words in one], problems


def test_the_key_changes_nuisances_and_no_imputation() -> None:
    apart = {"analyses": {"gapless": {"nuisance": {"covariates": "without_gaps"}}}}
    study = check_study({**STUDY, **apart}, "study.yaml", HEADER)
    first, second = (resolve(study, name) for name in ("primary", "gapless"))
    for stage, same in (("deployment", True), ("inference", True), ("nuisance", False), ("scores", False)):
        assert (fingerprint(first, stage) == fingerprint(second, stage)) is same, stage


def _gaps(n: int, seed: int, slope: float) -> tuple[pd.DataFrame, pd.DataFrame, list[Column]]:
    """`b` is missing by `a`, and with a slope by the outcome too; nobody misses `a`."""
    rng = np.random.default_rng(seed)
    X, arm = rng.normal(size=(n, 2)), np.tile([0, 1], n // 2)
    y = X[:, 0] + arm + rng.normal(size=n)
    X[rng.random(n) < 1 / (1 + np.exp(1 - X[:, 0] - slope * (y - y.mean()))), 1] = np.nan
    cohort = with_design(pd.DataFrame(X, columns=["a", "b"]), arm)
    columns = [Column(name, "continuous") for name in ("a", "b")]
    return cohort, pd.DataFrame({"unit": cohort["unit"], "y": y}), columns


def test_the_page_advises_it_where_gaps_go_with_the_outcome_given_the_covariates() -> None:
    facts = describe_mechanism(*_gaps(400, 1, 1.0), SETTINGS).facts
    assert [one["columns"] for one in facts["with_outcome"]] == [["b"]]
    assert "covariates: without_gaps" in mechanism_notices(facts, WORDS)[-1]
    settled = [Column("a", "continuous"), Column("b", "continuous", mask_fixed_before_randomisation=True)]
    cohort, outcomes, _ = _gaps(400, 1, 1.0)
    assert describe_mechanism(cohort, outcomes, settled, SETTINGS).facts["with_outcome"] == []
    assert (
        describe_mechanism(*_gaps(400, 1, 1.0), SETTINGS | {"randomised": False}).facts["with_outcome"] == []
    )


def _advised(slope: float, seed: int) -> bool:
    """The advice alone, without the rest of the stage."""
    cohort, outcomes, columns = _gaps(200, seed, slope)
    masks = compress(cells(cohort, columns, outcomes))
    missing = masks.missing.astype(np.float64)
    terms = _leading(observed_covariates(cohort, columns, 1).X, len(cohort))
    design, y = read_design(cohort, SETTINGS), outcomes["y"].to_numpy()
    found = _outcome_columns(missing, terms, design, y, np.zeros(missing.shape[1], dtype=bool))
    compared = pd.DataFrame({"mask": np.arange(missing.shape[1]) + 1, "rows": masks.rows, **found})
    return bool(masks_with_outcome(masks, compared, set(), {"y"}))


def test_gaps_that_depend_on_covariates_alone_are_no_reason() -> None:
    """150 trials, false alarm 1e-6: a size of .18 would be seen with probability .9."""
    trials = 150
    assert detectable_at_most(trials, 0.05) < 0.2
    assert_rate_at_most(sum(_advised(0.0, seed) for seed in range(trials)), trials, 0.05)
    assert sum(_advised(1.0, seed) for seed in range(50)) > 45
