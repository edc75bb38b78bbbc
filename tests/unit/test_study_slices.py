"""Which stages a key reaches, which stages analyses share, and what is written of the keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hetflow.errors import Refused
from hetflow.plan import make_plan
from hetflow.study.analyses import resolve, resolve_all
from hetflow.study.appraisals import APPRAISALS
from hetflow.study.load import check_study
from hetflow.study.owners import ancestors, fingerprint, owners
from hetflow.study.reference import with_keys
from hetflow.study.schema import schema_text
from hetflow.study.slices import slices
from minimal_study import CONFIG, HEADER, STUDIES, changed, minimal


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
    ("estimates/average", ["ATE"], {"estimates"}),
    ("estimates/confidence", 0.9, {"estimates", "sensitivity", *EVERY_APPRAISAL} - {"evidence"}),
    (
        "estimates/ranking_draws",
        100,
        {"estimates", "learners", "policy", "refit", "sensitivity", "stability"},
    ),
    ("minimum_cell_count", 12, {"modifiers", "policy", "splits"}),
    ("splits/groups", 3, {"split", "splits"}),
    ("splits/learners", ["linear"], {"split", "splits"}),
    ("splits/strategy", "horvitz_thompson", {"splits"}),
    ("splits/leading", 2, {"splits"}),
    ("splits/number", 60, set()),
    ("splits/job_splits", 10, set()),
    ("modifiers/trees", 60, {"modifiers"}),
    ("policy/cost", 0.5, {"policy"}),
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
    (
        "outcomes/change/better",
        "lower",
        {"estimates", "scores", "sensitivity", "refit", "split", *EVERY_APPRAISAL},
    ),
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
