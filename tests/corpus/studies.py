"""Study files whose keys are wrong: slips, misunderstandings and attacks."""

from __future__ import annotations

from corpus.table import BY_CHECK, REMOVED, Case, study

BY_LEVEL = {"column": "site", "levels": {"North": 0.5}}
STUDIES: list[Case] = [
    study("text for a number", {"folds": "three"}, "folds"),
    study("a fraction of folds", {"folds": 3.5}, "a whole number"),
    study("an infinite cut", {"estimates/rules/older/cuts": [float("inf")]}, "finite number"),
    study("no share of covariates", {"forest/max_features": 0}, "greater than 0"),
    study("a broken number of covariates", {"forest/max_features": 2.5}, "a share up to 1"),
    study("shards of nothing", {"forest/shard_bags": 0}, "greater than or equal to 1"),
    study("a path for a name", {"study": "../../x"}, "small letters, digits and underscores"),
    study("a folder's name", {"analyses/logs": {}}, "no folder of the results"),
    study("no design probability", {"design/probability": REMOVED}, "known chance of treatment"),
    study("a sure treatment", {"design/probability": 1}, "strictly between 0 and 1"),
    study("another probability", {"design/probability": 0.9}, "about 90% of the units treated", BY_CHECK),
    study("a level without probability", {"design/probability": BY_LEVEL}, "none for South", BY_CHECK),
    study("one stratum as text", {"design/strata": "site"}, "a list in square brackets"),
    study("the treatment as stratum", {"design/strata": ["arm"]}, "the treatment itself"),
    study("the treatment as cluster", {"design/cluster": "arm"}, "the treatment itself"),
    study(
        "two clusters",
        {"design/cluster": "site"},
        "no more folds than an arm has units (or clusters)",
        BY_CHECK,
    ),
    study("a text weight", {"design/weight": "female"}, "design.weight: female", BY_CHECK),
    study(
        "arms of one name",
        {"treatment/treated_label": "A", "treatment/control_label": "A"},
        "different labels of the two arms",
    ),
    study("a value in both arms", {"treatment/treated": [1, 0]}, "0 in both lists"),
    study(
        "the outcome's column is the arm",
        {"outcomes/change": {"column": "arm", "label": "A", "better": "higher"}},
        "arm, the treatment",
    ),
    study(
        "the outcome's column is the unit",
        {"outcomes/change": {"column": "id", "label": "A", "better": "higher"}},
        "id, the unit's identifier",
    ),
    study(
        "the outcome is made of the arm",
        {"outcomes/change/expression": "2 * arm"},
        "not the treatment",
        BY_CHECK,
    ),
    study(
        "covariates determine the outcome",
        {"dictionary/y?": {"role": "covariate", "kind": "continuous"}},
        "an outcome that covariates do not determine",
    ),
    study("an unknown outcome", {"outcome": "chnge"}, "one of the outcomes change"),
    study(
        "code for an expression",
        {"outcomes/change/expression": "__import__('os').system('id')"},
        "an expression over columns",
    ),
    study(
        "a very long expression",
        {"outcomes/change/expression": "y1+" * 1000 + "y1"},
        "at most 2000 characters",
    ),
    study("a division by zero", {"outcomes/change/expression": "y1 / 0"}, "values in both arms", BY_CHECK),
    study("levels of a number", {"outcomes/change/levels": ["a", "b"]}, "levels for a binary outcome alone"),
    study("several arms", {"treatment/arms": {"low": [1], "high": [2]}}, "one study for each arm"),
    study("a misspelt column", {"outcomes/change/expression": "y1 - y00"}, "did you mean y0"),
    study(
        "a dictionary of nothing", {"dictionary/zz*": {"role": "ignore"}}, "a pattern that matches a column"
    ),
    study("a covariate without kind", {"dictionary/age": {"role": "covariate"}}, "a kind (continuous"),
    study("an entry without role", {"dictionary/age": {"kind": "continuous"}}, "a column of role covariate"),
    study(
        "a covariate measured later", {"dictionary/age/visit": 2}, "visit 2; treatment may have changed it"
    ),
    study(
        "levels that are not there",
        {"dictionary/female/levels": ["Nope", "Yes"]},
        "one of the levels Nope, Yes",
        BY_CHECK,
    ),
    study(
        "a condition on an unknown column",
        {"dictionary/age/applicable_if": "femal == 'Yes'"},
        "did you mean female",
    ),
    study(
        "a condition on the outcome",
        {"dictionary/age/applicable_if": "y1 > 3"},
        "over covariates and auxiliaries",
        BY_CHECK,
    ),
    study(
        "no covariate", {"dictionary": {"age": {"role": "auxiliary", "kind": "continuous"}}}, "role covariate"
    ),
    study("a rule on an unknown column", {"estimates/rules/older/covariate": "agee"}, "did you mean age"),
    study("a rule on the outcome", {"estimates/rules/older/covariate": "y0"}, "y0, whose role is ignore"),
    study(
        "levels of a continuous covariate",
        {"estimates/rules/older": {"covariate": "age", "levels": True}},
        "give `cuts` or `quantiles`",
    ),
    study(
        "quantiles of a nominal covariate",
        {"estimates/rules/older": {"covariate": "site", "quantiles": 3}},
        "write `levels: true`",
    ),
    study("two ways to cut", {"estimates/rules/older/quantiles": 3}, "exactly one of"),
    study("an unknown projection", {"estimates/projection": ["agee"]}, "estimates.projection[0]"),
    study("an unknown display", {"estimates/displays": ["nope"]}, "estimates.displays[0]"),
    study(
        "an analysis' unknown projection",
        {"analyses/x": {"estimates": {"projection": ["agee"]}}},
        "analyses.x.estimates.projection[0]",
    ),
    study("a projection twice", {"estimates/projection": ["age", "age"]}, "each name once"),
    study("nothing for trees", {"analyses/x": {"forest": {"trees": None}}}, "analyses.x.forest.trees"),
    study("too few trees", {"forest/trees": 16}, "forest.trees"),
    study(
        "refits that may leave a unit without an effect",
        {"stability": {"trees": 80, "held_out_trees": 80}},
        "whichever tenth of the bags is taken away",
    ),
    study("half a bag", {"forest/trees": 82}, "a multiple of bag_trees"),
    study("leaves for thousands", {"forest/min_leaf": 100}, "units in each forest's sample", BY_CHECK),
    study("a learner in a trial", {"nuisance/propensity": "stack"}, "`design` in a randomised design"),
    study("a reversed trim", {"nuisance/trim": [0.9, 0.1]}, "two ascending shares"),
    study("a path too long", {"data/file": "x" * 900}, "a data file"),
    study("a delimiter that is none", {"data/delimiter": "\n"}, "data.delimiter"),
    study("a second treatment", {"dictionary/y0": {"role": "treatment"}}, "a study has one treatment column"),
    study("a name cut short", {"treatment/column": "ar"}, "did you mean arm?"),
    study("a name in capitals", {"treatment/column": "ARM"}, "did you mean arm?"),
    study("the wrong delimiter", {"data/delimiter": ";"}, "a data file of several columns"),
    study("an unknown encoding", {"data/encoding": "klingon"}, "a character encoding"),
    study("a codec that is no encoding", {"data/encoding": "rot13"}, "a character encoding"),
    study("another encoding", {"data/encoding": "utf-16"}, "text in utf-16"),
    study(
        "a circle of derived columns",
        {"derived": {"a": {"expression": "b"}, "b": {"expression": "a"}}},
        "a circle",
        BY_CHECK,
    ),
    study(
        "nobody eligible",
        {"eligibility": [{"label": "x", "expression": "age > 500"}]},
        "eligible units in each arm",
        BY_CHECK,
    ),
    study("a missing code that is none", {"data/missing_codes": [None]}, "text, or a whole number"),
]
