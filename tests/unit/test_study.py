"""The study file: what it accepts, and how it refuses."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, get_args

import pytest
from hetflow.errors import Refused
from hetflow.forest.engines import engine_facts
from hetflow.plan import make_plan
from hetflow.study.analyses import resolve, resolve_all
from hetflow.study.appraisals import APPRAISALS
from hetflow.study.load import check_study, merge, read_yaml
from hetflow.study.methods import Forest
from hetflow.study.owners import ancestors, fingerprint, owners
from hetflow.study.reference import with_keys
from hetflow.study.route_checks import ENGINES_THAT_TAKE_MISSING
from hetflow.study.schema import schema_text
from hetflow.study.slices import slices
from hypothesis import given
from hypothesis import strategies as st

CONFIG = Path(__file__).resolve().parents[2] / "config"
#: Files of that folder that are no studies: which study is the default, and what a computing site provides.
OTHERS = ("config.yaml", "site.yaml")
STUDIES = sorted(path for path in CONFIG.glob("*.yaml") if path.name not in OTHERS)

HEADER = ["id", "arm", "age", "site", "y0", "y1"]


def minimal() -> dict[str, Any]:
    """The smallest study that is accepted."""
    return {
        "study": "tiny",
        "title": "A tiny study",
        "data": {"file": "tiny.csv", "unit": "id"},
        "estimand": {
            "population": "adults",
            "treatments": "drug or placebo",
            "variable": "change at week 12",
            "intercurrent_events": "treatment policy",
            "summary": "difference of means",
        },
        "design": {"kind": "randomised", "probability": 0.5},
        "treatment": {"column": "arm", "treated": [1], "control": [0]},
        "outcomes": {"change": {"expression": "y1 - y0", "label": "Change", "better": "higher"}},
        "outcome": "change",
        "dictionary": {"age": {"role": "covariate", "kind": "continuous"}},
    }


def changed(path: str, value: Any) -> dict[str, Any]:
    """The minimal study with one key set; the path's parts are joined by slashes."""
    study = copy.deepcopy(minimal())
    *folders, last = path.split("/")
    inner = study
    for part in folders:
        inner = inner.setdefault(part, {})
    inner[last] = value
    return study


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


def several() -> dict[str, Any]:
    """A study with analyses that share stages."""
    return changed(
        "analyses",
        {
            "indicator": {"missingness": {"strategy": "indicator"}},
            "leaves": {"forest": {"min_leaf": 20}},
            "more_trees": {"forest": {"trees": 4000}},
            "twin": {},
        },
    )


def test_an_analysis_shares_the_stages_that_it_does_not_change() -> None:
    owner = owners(resolve_all(check_study(several(), "x.yaml")))
    assert owner["leaves", "deployment"] == owner["leaves", "nuisance"] == "primary"
    assert owner["leaves", "forest"] == "leaves"
    assert owner["indicator", "deployment"] == "indicator"
    assert owner["more_trees", "forest"] == "primary"
    assert owner["more_trees", "scores"] == "more_trees"
    assert {owner["twin", stage] for stage in ("deployment", "forest", "scores")} == {"primary"}


def test_imputed_outcomes_share_nuisances_and_forest_with_weighted_ones() -> None:
    """So that neither sees an imputed outcome."""
    routes = {
        name: {"missing_outcome": {"strategy": name, "learner": "linear"}}
        for name in ("weighting", "imputation")
    }
    study = check_study(changed("analyses", routes), "x.yaml")
    owner = owners(resolve_all(study))
    assert owner["imputation", "nuisance"] == owner["imputation", "forest"] == "weighting"
    assert owner["imputation", "scores"] == "imputation"
    plan = make_plan(study, rows=500, covariates=5)
    assert plan.score_sets("weighting") == ["shared"]
    assert plan.score_sets("imputation") == [f"{draw:02d}" for draw in range(10)]
    assert plan.nuisance_of("imputation", "03") == "weighting/nuisance/shared.parquet"
    assert plan.sensitive == ["weighting", "imputation"]
    assert "imputation/sensitivity/plane.parquet" in plan.artefacts()
    assert "draws" not in plan.stages("weighting")


def test_outcomes_of_clusters_are_not_imputed() -> None:
    study = changed("missing_outcome", {"strategy": "imputation"})
    study["design"] = study["design"] | {"cluster": "site"}
    with pytest.raises(Refused, match="drawn without what they share"):
        check_study(study, "x.yaml", HEADER)


def test_an_override_changes_only_what_it_names() -> None:
    study = check_study(several(), "x.yaml")
    assert resolve(study, "leaves").forest.min_leaf == 20
    assert resolve(study, "leaves").forest.trees == study.forest.trees


#: Of a trial: what an unmeasured confounder could do is asked of cohorts alone.
EVERY_APPRAISAL = set(APPRAISALS) - {"confounding"}
KEYS = [
    ("title", "Another", set()),
    ("estimates/groups", 5, {"estimates", "learners", "refit", "sensitivity", "splits", "stability"}),
    ("learners/base", "linear", {"learner", "learners"}),
    ("learners/methods", ["t"], {"learners"}),
    ("sensitivity/deltas", [-2], {"sensitivity"}),
    ("policy/budget", 0.5, {"policy"}),
    ("forest/min_leaf", 7, {"forest", "modifiers", "refit"}),
    ("stability/permitted", 0.2, {"stability"}),
    ("stability/folds", 9, set()),
    ("stability/tunings", {"deep": {"forest": {"min_leaf": 2}}}, set()),
    ("stability/imputations", 2, {"stability"}),
    ("stability/trees", 800, {"refit", "stability"}),
    ("modifiers/draws", 3, {"modifiers"}),
    ("forest/trees", 4000, set()),
    ("forest/shard_bags", 10, set()),
    ("missingness/imputations", 20, set()),
    ("missingness/donors", 3, {"deployment", "draws", "inference"}),
    ("missingness/minimum_pattern", 90, set()),
    ("missingness/unconfounded_despite_missingness", "They saw the same gaps.", set()),
    ("forest/permutations", 50, set()),
    ("nuisance/outcome", "linear", {"nuisance", "refit"}),
    ("outcomes/change/better", "lower", {"estimates", "scores", "sensitivity", "refit", *EVERY_APPRAISAL}),
    ("risk/groups", 5, {"risk"}),
    ("evidence/permutations", 999, {"evidence"}),
    ("outcomes/change/label", "Improvement", set()),
]


@pytest.mark.parametrize(("path", "value", "stages"), KEYS, ids=[key[0] for key in KEYS])
def test_a_key_changes_the_slices_of_the_stages_that_read_it(path: str, value: Any, stages: set[str]) -> None:
    before = slices(check_study(minimal(), "x.yaml"))
    after = slices(check_study(changed(path, value), "x.yaml"))
    assert {stage for stage in before if before[stage] != after[stage]} == stages


def test_order_of_keys_changes_no_slice() -> None:
    study = minimal()
    backwards = dict(reversed(list(study.items())))
    one, other = check_study(study, "x.yaml"), check_study(backwards, "x.yaml")
    assert [fingerprint(one, s) for s in slices(one)] == [fingerprint(other, s) for s in slices(other)]


def test_a_trial_s_nuisances_never_read_inference_covariates() -> None:
    assert "inference" not in ancestors("scores", randomised=True)
    assert "inference" in ancestors("nuisance", randomised=False)


def test_the_committed_schema_is_current() -> None:
    assert (CONFIG / "schema.json").read_text(encoding="utf-8") == schema_text(), "run `make schema`"


def test_the_list_of_keys_is_current() -> None:
    page = (CONFIG / "README.md").read_text(encoding="utf-8")
    assert with_keys(page) == page, "run `make schema`"


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_editors_find_the_schema(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=schema.json\n")


def test_missing_values_may_reach_an_engine_that_takes_them_and_studies_know_which_do() -> None:
    values = minimal() | {"missingness": {"strategy": "native"}, "forest": {"engine": "histogram"}}
    study = check_study(values, "tiny.yaml", HEADER)
    assert study.forest.engine == "histogram"
    engines = get_args(Forest.model_fields["engine"].annotation)
    taking = tuple(name for name in engines if engine_facts(name).handles_missing)
    assert taking == ENGINES_THAT_TAKE_MISSING
