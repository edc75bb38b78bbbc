"""The study file: what it accepts, and how it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from hetflow.errors import Refused
from hetflow.forest.engines import engine_facts
from hetflow.study.analyses import resolve_all
from hetflow.study.load import check_study, merge, read_yaml
from hetflow.study.methods import Forest
from hetflow.study.route_checks import ENGINES_THAT_TAKE_MISSING
from hypothesis import given
from hypothesis import strategies as st
from minimal_study import HEADER, STUDIES, changed, minimal


def test_the_minimal_study_is_accepted_and_has_a_primary_analysis() -> None:
    study = check_study(minimal(), "tiny.yaml", HEADER)
    assert list(resolve_all(study)) == ["primary"]


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_bundled_study_is_accepted(path: Path) -> None:
    assert check_study(read_yaml(path), path.name).study == path.stem


MISTAKES = [
    ("forest/treees", 100, "forest.treees", "did you mean trees"),
    ("forest/trees", "many", "forest.trees", "'many'"),
    ("forest/trees", 2001, "forest.trees", "write 2004"),
    ("forest/engine", "grf", "forest.engine", "'econml'"),
    ("study", "../escape", "study", "'../escape'"),
    ("study", "A b", "study", "'A b'"),
    ("folds", 2, "folds", "greater than or equal to 3"),
    ("outcome", "chnage", "outcome", "one of the outcomes change"),
    ("design/probability", None, "design", "probability: 0.5"),
    ("design/probability", 1.0, "design.probability", "strictly between 0 and 1"),
    ("design/kind", "observational", "design.probability", "remove it"),
    ("design/strata", ["stie"], "design.strata[0]", "did you mean site"),
    ("design/cluster", "ward", "design.cluster", "a column of the data file"),
    ("treatment/column", "Arm", "treatment.column", "did you mean arm"),
    ("treatment/treated", [0], "treatment", "0 in both lists"),
    ("treatment/treated", [], "treatment.treated", "at least 1 item"),
    ("data/unit", "pid", "data.unit", "a column of the data file"),
    ("data/missing_codes", "NA", "data.missing_codes", "a list in square brackets"),
    ("outcomes/change/better", "up", "outcomes.change.better", "'higher' or 'lower'"),
    ("outcomes/change/column", "y1", "outcomes.change", "exactly one of"),
    ("outcomes/change/expression", "y1 - aeg", "outcomes.change.expression", "did you mean age"),
    ("outcomes/change/expression", "y1 -", "outcomes.change.expression", "an expression over columns"),
    ("eligibility", [{"label": "adult", "expression": "aeg >= 18"}], "eligibility[0]", "did you mean age"),
    ("dictionary/age/kind", "number", "dictionary.age.kind", "'continuous'"),
    ("dictionary/age/visit", -1, "dictionary.age.visit", "greater than or equal to 0"),
    ("dictionary/age/applicable_if", "sex ==", "dictionary.age.applicable_if", "an expression over columns"),
    ("forest", {"engine": "econml", "imbalance_penalty": 0.1}, "forest.imbalance_penalty", "no such penalty"),
    (
        "analyses",
        {"other": {"missingness": {"strategy": "native"}, "forest": {"engine": "econml"}}},
        "analyses.other.missingness.strategy",
        "refuses them",
    ),
    ("missingness/strategy", "selective", "missingness.keep_mask", "whose gaps are kept"),
    ("missingness/keep_mask", ["age"], "missingness.keep_mask", "which alone reads it"),
    (
        "missingness",
        {"strategy": "selective", "keep_mask": ["age"]},
        "missingness.keep_mask[0]",
        "post-treatment",
    ),
    (
        "missingness",
        {"strategy": "selective", "keep_mask": ["aeg"]},
        "missingness.keep_mask[0]",
        "did you mean age",
    ),
    (
        "missingness",
        {"strategy": "selective", "keep_mask": ["age", "age"]},
        "missingness.keep_mask",
        "each name once",
    ),
    ("missingness/minimum_pattern", 10, "missingness.minimum_pattern", "greater than or equal to 50"),
    ("missingness/strategy", "mice", "missingness.strategy", "'multiple_imputation'"),
    ("missingness/imputations", 0, "missingness.imputations", "greater than or equal to 1"),
    ("nuisance/propensity", "stack", "nuisance.propensity", "`design` in a randomised design"),
    ("nuisance/trim", [0.9, 0.1], "nuisance.trim", "ascending"),
    ("estimates/rules", {"old": {"covariate": "age"}}, "estimates.rules.old", "exactly one of"),
    ("estimates/rules", {"old": {"covariate": "age", "cuts": [3, 1]}}, "estimates.rules.old.cuts", "ascend"),
    ("analyses", {"other": {"forest": {"tres": 1}}}, "analyses.other.forest.tres", "did you mean trees"),
    ("analyses", {"other": {"forest": {"trees": 6}}}, "analyses.other.forest.trees", "multiple of bag_trees"),
    ("analyses", {"other": {"outcome": "nothing"}}, "analyses.other.outcome", "one of the outcomes"),
    ("analyses", {"Other One": {}}, "analyses.Other One", "small letters"),
    (
        "sensitivity/reference_based",
        ["copy_reference"],
        "sensitivity.reference_based",
        "about a single outcome",
    ),
    ("sensitivity/reference_based", ["jump"], "sensitivity.reference_based", "correct the name"),
    ("sensitivity/reference_based", ["jump_to_reference"], "sensitivity.reference_based", "imputes outcomes"),
    ("sensitivity/deltas", [1, 1], "sensitivity.deltas", "1.0 twice"),
    ("missingness/delta", {"age": 1}, "missingness.delta", "an analysis of its own"),
    (
        "analyses",
        {"moved": {"missingness": {"strategy": "indicator", "delta": {"age": 1}}}},
        "analyses.moved.missingness.delta",
        "multiple_imputation",
    ),
    (
        "analyses",
        {"drawn": {"missing_outcome": {"strategy": "imputation"}, "missingness": {"imputations": 1}}},
        "analyses.drawn.missingness.imputations",
        "at least 2 draws",
    ),
    (
        "analyses",
        {
            "drawn": {
                "missing_outcome": {"strategy": "imputation"},
                "missingness": {"strategy": "native"},
                "forest": {"engine": "histogram"},
            }
        },
        "analyses.drawn.missing_outcome.strategy",
        "strategy: weighting",
    ),
    ("estimand/population", None, "estimand.population", "text"),
    ("seed", -1, "seed", "greater than or equal to 0"),
    ("title", "FILL_IN", "title", "replace it"),
]


@pytest.mark.parametrize(
    ("path", "value", "where", "said"), MISTAKES, ids=[f"{m[0]}={m[1]}" for m in MISTAKES]
)
def test_a_mistake_is_refused_with_key_and_remedy(path: str, value: Any, where: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        check_study(changed(path, value), "tiny.yaml", HEADER)
    text = str(refused.value)
    assert f"tiny.yaml: {where}" in text
    assert said in text
    for part in ("expected:", "found:", "what to do:"):
        assert part in text


def test_all_mistakes_are_named_at_once() -> None:
    study = changed("forest/trees", "many") | {"folds": 1, "nonsense": 3}
    with pytest.raises(Refused) as refused:
        check_study(study, "tiny.yaml")
    assert len(refused.value.problems) == 3


def test_a_missing_key_is_named() -> None:
    study = minimal()
    del study["estimand"]
    with pytest.raises(Refused, match="the key is required"):
        check_study(study, "tiny.yaml")


BROKEN = {
    "a tab": ("study:\n\t- x", "line 2"),
    "an alias": ("a: &x [1]\nb: *x", "anchors and aliases"),
    "a repeated key": ("a: 1\na: 2", "stands twice"),
    "a list": ("- 1\n- 2", "keys and values"),
    "a tag": ("a: !!python/object/apply:os.system [ls]", "valid YAML"),
    "an open quote": ("a: 'x", "valid YAML"),
    "nothing": ("", "keys and values"),
    "a template that is code": ("__use_yte__: true\nstudy: ?1 + 1", "as code"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_yaml_is_refused_with_its_place(case: str, tmp_path: Path) -> None:
    text, said = BROKEN[case]
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(Refused) as refused:
        read_yaml(path)
    assert said in str(refused.value)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"title: caf\xe9")
    with pytest.raises(Refused, match="UTF-8"):
        read_yaml(path)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=12,
    )
)
def test_anything_else_is_refused_without_a_traceback(value: Any) -> None:
    study = value if isinstance(value, dict) else {"study": value}
    with pytest.raises(Refused):
        check_study(study, "x.yaml")


def test_merging_lays_changes_over_and_keeps_the_rest() -> None:
    assert merge({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 9}}) == {"a": {"b": 9, "c": 2}, "d": 3}


def test_missing_values_may_reach_an_engine_that_takes_them_and_studies_know_which_do() -> None:
    values = minimal() | {"missingness": {"strategy": "native"}, "forest": {"engine": "histogram"}}
    study = check_study(values, "tiny.yaml", HEADER)
    assert study.forest.engine == "histogram"
    engines = get_args(Forest.model_fields["engine"].annotation)
    taking = tuple(name for name in engines if engine_facts(name).handles_missing)
    assert taking == ENGINES_THAT_TAKE_MISSING


def test_names_that_need_backticks_are_told() -> None:
    study = changed("eligibility", [{"label": "Adults", "expression": "age at entry >= 18"}])
    with pytest.raises(Refused, match="in backticks: `age at entry`"):
        check_study(study, "tiny.yaml", [*HEADER, "age at entry"])
    with pytest.raises(Refused, match=r"config/README\.md explains expressions"):
        check_study(
            changed("eligibility", [{"label": "Adults", "expression": "age >="}]), "tiny.yaml", HEADER
        )
