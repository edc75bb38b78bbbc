"""Policies, curves and trees in their public form: none treats, leaves out or tells apart few units."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hetflow.publish import cuts
from hetflow.publish.appraisals import public_appraisal
from hetflow.publish.log import Log
from hetflow.publish.policy import gain_curves, published_trees, treated_shares
from hetflow.report.inputs import AppraisalInputs
from published_rules import ESTIMATES, public


def _shares(**treated: float) -> pd.DataFrame:
    rows = [
        {"policy": name, "budget": 0.5 if name.endswith("_budget") else 1.0, "quantity": quantity, "n": 150}
        | {"estimate": count / 150 if quantity == "share" else 0.1}
        for name, count in treated.items()
        for quantity in ("share", "value")
    ]
    return pd.DataFrame(rows)


def test_policies_that_treat_or_leave_out_few_or_differ_by_few_go() -> None:
    table = _shares(
        none=0, all=150, few=7, nearly=144, effect_above_cost=80, effect_budget=75, risk_budget=75
    )
    kept = treated_shares(table, public(), "values")
    assert set(kept["policy"]) == {"none", "all", "effect_above_cost", "risk_budget"}


def test_a_curve_has_no_point_near_a_policy_or_a_group_of_its_ranking() -> None:
    sizes = list(range(5, 151, 5))
    curves = pd.DataFrame({"rule": "effect", "q": np.array(sizes) / 150, "n": sizes, "estimate": 0.1})
    values = _shares(effect_budget=78)
    kept = gain_curves(curves, values, public(), "curves")["n"].to_numpy()
    assert np.diff(kept).min() >= 10
    assert np.abs(kept - 78).min() >= 10  # the budget's policy
    assert all(size == 72 or abs(size - 72) >= 10 for size in kept)  # the group of greatest benefit
    free = gain_curves(curves, values.iloc[:0], public(estimates=ESTIMATES.iloc[:1]), "curves")["n"]
    assert np.abs(free - 78).min() < 10  # the power: without the rule there is such a point


def _tree(name: str, cut: float, below: int, total: int = 240) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "tree": name,
            "fold": 0,
            "node": [0, 1, 2],
            "parent": [-1, 0, 0],
            "side": ["", "below", "above"],
            "column": ["age", "", ""],
            "cut": [cut, np.nan, np.nan],
            "treat": [0, 1, 0],
            "n": [total, below, total - below],
        }
    )


def test_trees_go_unless_they_are_allowed_and_tell_of_no_few() -> None:
    fold = _tree("tree_1", 50.0, 90).assign(fold=1)
    trees = pd.concat([_tree("tree_1", 50.0, 100), fold], ignore_index=True)
    assert published_trees(trees, public(), "trees").empty
    allowed = published_trees(trees, public(trees=True), "trees")
    assert allowed["fold"].unique().tolist() == [0]
    assert published_trees(_tree("tree_1", 20.0, 7), public(trees=True), "trees").empty
    near = pd.concat([_tree("tree_1", 50.0, 100), _tree("tree_2", 50.4, 104)], ignore_index=True)
    assert published_trees(near, public(trees=True), "trees")["tree"].unique().tolist() == ["tree_1"]
    rare = _tree("tree_1", 0.5, 100).assign(column=["ward=Zanzibarith", "", ""])
    assert published_trees(rare, public(trees=True, rare={"ward": ["Zanzibarith"]}), "trees").empty


def _ends(*cut_sizes: tuple[str, int]) -> pd.DataFrame:
    return pd.DataFrame(cut_sizes, columns=["level", "n"])


def test_a_covariate_cut_twice_nearby_is_shown_once() -> None:
    """80 up to 48 and 84 up to 48.9: four units between them, whose mean effect the two tables would tell."""
    first = _ends(("<= 48", 80), ("(48, 55.5]", 80), ("> 55.5", 80))
    second = _ends(("<= 48.9", 84), ("> 48.9", 156))
    apart = _ends(("<= 52", 110), ("> 52", 130))

    def cut(table: str, frame: pd.DataFrame) -> cuts.Cut:
        return cuts.Cut(table, "age", "age", cuts.ends_of(frame["level"], frame["n"]))

    assert cuts.near([cut("rules", first), cut("displays", second)], 10, "primary", Log()) == {
        ("displays", "age")
    }
    assert cuts.near([cut("rules", first), cut("displays", apart)], 10, "primary", Log()) == set()
    assert cuts.near([cut("rules", first), cut("cells", first)], 10, "primary", Log()) == set()
    assert cuts.ends_of(pd.Series(["East", "West"]), pd.Series([1, 2])) == {}
    tree = [*cuts.of_trees(_tree("tree_1", 48.5, 84))]
    assert tree == [cuts.Cut("trees", "tree_1", "age", {"48.5": 84.0})]
    assert cuts.near([cut("rules", first), *tree], 10, "primary", Log()) == {("trees", "tree_1")}
    displays = pd.DataFrame({"covariate": ["age", "bmi"], "bin": 0})
    assert cuts.left(displays, "displays", {("displays", "age")})["covariate"].tolist() == ["bmi"]


def test_an_appraisal_s_facts_keep_no_tree_that_is_not_published() -> None:
    facts = {"trees": [{"name": "tree_1"}], "notices": []}
    tables = {"values": _shares(all=150), "trees": _tree("tree_1", 50.0, 100)}
    held = AppraisalInputs(tables, facts)
    assert public_appraisal("primary: policy", "policy", held, public()).facts["trees"] == []
    assert public_appraisal("primary: policy", "policy", held, public(trees=True)).facts["trees"]
