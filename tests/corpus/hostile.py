"""Expressions and keys of a study that would do harm, and those that cannot be meant."""

from __future__ import annotations

from corpus.table import BY_CHECK, REMOVED, Case, study


def outcome(expression: str) -> dict[str, object]:
    """The small study with another expression for its outcome."""
    return {"outcomes/change/expression": expression}


EXPRESSIONS: list[Case] = [
    study("a tower of powers", outcome("9**9**9"), "an expression over columns"),
    study("a call of nothing known", outcome("eval('1')"), "one of the functions"),
    study(
        "a level in small letters",
        {"eligibility": [{"label": "Not in the north", "expression": "site != 'north'"}]},
        "did you mean 'North'?",
        BY_CHECK,
    ),
    study(
        "a level that nobody has, in a list",
        {"derived/far": {"expression": "site in ['South', 'Overseas']"}},
        "declare it among the column's `levels`",
        BY_CHECK,
    ),
    study(
        "a condition of another level",
        {"dictionary/lab0": {"applicable_if": "not (female == 'yes')"}},
        "did you mean 'Yes'?",
        BY_CHECK,
    ),
    study("an attribute", outcome("y1.__class__.__bases__"), "a column of the data file"),
    study("a lambda", outcome("lambda: 0"), "a name, number, text or operator"),
    study("a comprehension", outcome("[x for x in y1]"), "a name, a number, a text or `(`"),
    study("an assignment", outcome("y1 := 3"), "a name, number, text or operator"),
    study("a single equals sign", outcome("y1 = 3"), "`==` to compare"),
    study("parentheses without end", outcome("(" * 1900), "expected"),
    study("parentheses too deep", outcome("(" * 100 + "y1" + ")" * 100), "40 levels of nesting"),
    study("signs without end", outcome("-" * 1900 + "y1"), "40 levels of nesting"),
    study(
        "a number beyond all bounds in an expression",
        outcome("y1 + 1e999"),
        "a number that can be represented",
    ),
    study("a number without end", outcome("y1 + " + "9" * 1900), "a number that can be represented"),
    study("sixty arguments", outcome(f"min({', '.join(['y1'] * 60)})"), "2 to 50 arguments"),
    study("a name in another alphabet", outcome("y1 - \u0443 0"), "an operator or the end"),
    study("a Greek letter that looks like a Latin one", outcome("\u03c51 - y0"), "a column of the data file"),
    study("a chain of comparisons", outcome("1 < y1 < 3"), "`and` between two comparisons"),
    study(
        "a text among numbers in a list",
        {"eligibility": [{"label": "x", "expression": "age in [1, 'a']"}]},
        "a list of numbers or a list of texts",
    ),
    study(
        "text compared with a number",
        {"eligibility": [{"label": "x", "expression": "site == 1"}]},
        "text with text",
        BY_CHECK,
    ),
    study(
        "an order of texts",
        {"eligibility": [{"label": "x", "expression": "site > 'A'"}]},
        "no order",
        BY_CHECK,
    ),
    study(
        "a rule that is no condition",
        {"eligibility": [{"label": "x", "expression": "age + 1"}]},
        "a condition",
        BY_CHECK,
    ),
    study("arithmetic with text", {"derived": {"z": {"expression": "site * 2"}}}, "which is text", BY_CHECK),
    study(
        "a terminal's command in an expression", outcome("y1 \\x1b[2J"), "a name, number, text or operator"
    ),
]

HOSTILE: list[Case] = [
    study("a study of the folder above", {"study": ".."}, "small letters, digits and underscores"),
    study("a study in the root", {"study": "/etc/passwd"}, "small letters, digits and underscores"),
    study("a study with a line end", {"study": "small\n"}, "small letters, digits and underscores"),
    study("a study without a name", {"study": ""}, "small letters, digits and underscores"),
    study(
        "an analysis of the folder above", {"analyses/../../x": {}}, "small letters, digits and underscores"
    ),
    study(
        "an outcome that is a path",
        {"outcomes": {"../x": {"column": "y1", "label": "A", "better": "higher"}}},
        "small letters, digits and underscores",
    ),
    study("a device for a data file", {"data/file": "/dev/zero", "data/format": "csv"}, "a data file"),
    study("a folder for a data file", {"data/file": "/"}, "a data file"),
    study("an address for a data file", {"data/file": "https://example.org/trial.csv"}, "a data file"),
    study("the home of nobody", {"data/file": "~nobody_of_that_name/x.csv"}, "a data file"),
    study(
        "braces in the data file's name",
        {"data/file": "small{study}.csv"},
        "which Snakemake reads as patterns",
    ),
    study(
        "angle brackets in the data file's name",
        {"data/file": "<results>.csv"},
        "Snakemake reads as patterns",
    ),
    study(
        "a line end in the data file's name", {"data/file": "a\nb.csv"}, "which Snakemake reads as patterns"
    ),
    study("a command for a data file", {"data/file": "small.csv; rm -rf results"}, "a data file"),
    study("no character in the data file's name", {"data/file": "a\0b.csv"}, "without control characters"),
    study(
        "a terminal's command in the title", {"title": "\x1b[2J\x1b]0;x\x07"}, "without control characters"
    ),
    study("half a character in the title", {"title": "\ud800"}, "without control characters"),
    study("a terminal's command for a key", {"\x1b[31mred": 1}, "without control characters"),
    study("writing turned round in a key", {"\u202eeman": 1}, "\\u202eeman"),
    study("a seed beyond 64 bits", {"seed": 10**30}, "at most 18 digits"),
    study("a seed that is no number", {"seed": float("nan")}, "a finite number"),
    study("a negative seed", {"seed": -1}, "greater than or equal to 0"),
    study(
        "millions of jobs",
        {"forest/trees": 1_000_000, "forest/shard_bags": 1, "missingness/imputations": 1000},
        "files of trees",
    ),
    study("a million imputations", {"missingness/imputations": 10**6}, "less than or equal to 1000"),
    study("ten million trees", {"forest/trees": 10**7}, "less than or equal to 1000000"),
    study("a missing code that is not a number", {"data/missing_codes": [float("nan")]}, "a finite number"),
    study("one missing code without brackets", {"data/missing_codes": "NA"}, "a list in square brackets"),
    study("an infinite treatment", {"treatment/treated": [float("inf")]}, "treatment.treated"),
    study("a treatment that is no number", {"treatment/treated": [float("nan")]}, "treatment.treated"),
    study("nobody treated", {"treatment/treated": []}, "at least 1 item"),
    study("a probability that is no number", {"design/probability": float("nan")}, "finite number"),
    study("a probability in percent", {"design/probability": 50}, "strictly between 0 and 1"),
    study("a design of another name", {"design/kind": "rct"}, "'randomised' or 'observational'"),
    study(
        "a trial called observational",
        {"design/kind": "observational"},
        "remove it: the propensity is estimated",
    ),
    study("two folds", {"folds": 2}, "greater than or equal to 3"),
    study("an unknown engine", {"forest/engine": "grf"}, "'econml'"),
    study(
        "an engine that cannot take gaps",
        {"missingness/strategy": "native", "forest/engine": "econml"},
        "refuses them",
    ),
    study("a strategy of another package", {"missingness/strategy": "mice"}, "'multiple_imputation'"),
    study("a confidence in percent", {"estimates/confidence": 95}, "less than 1"),
    study("one group", {"estimates/groups": 1}, "greater than or equal to 2"),
    study("cuts that descend", {"estimates/rules/older/cuts": [60, 40]}, "cut points that ascend"),
    study("no outcomes", {"outcomes": {}}, "at least 1 item"),
    study("no dictionary", {"dictionary": {}}, "at least 1 item"),
    study("no title", {"title": REMOVED}, "the key is required"),
    study("an empty title", {"title": None}, "an empty value"),
    study("a page of nonsense for a key", {"x" * 50_000: 1}, "a key that hetflow knows"),
    study("thousands of unknown keys", {f"key{number}": 1 for number in range(5000)}, "and 4,970 more"),
    study("what a draft leaves open", {"title": "FILL_IN"}, "the study's own words"),
    study("an outcome both ways", {"outcomes/change/column": "y1"}, "exactly one of"),
    study("direction left open", {"outcomes/change/better": "unclear"}, "'higher' or 'lower'"),
    study(
        "an ORCID of someone", {"report": {"authors": [{"name": "A", "orcid": "0000"}]}}, "an ORCID such as"
    ),
    study(
        "levels for a binary covariate: three",
        {"dictionary/female/levels": ["a", "b", "c"]},
        "two levels",
        BY_CHECK,
    ),
    study("a level twice", {"dictionary/female/levels": ["No", "No"]}, "each level once", BY_CHECK),
    study(
        "a constant that is no level",
        {
            "dictionary/female": {
                "role": "covariate",
                "kind": "binary",
                "applicable_if": "age > 50",
                "not_applicable": "Perhaps",
            }
        },
        "one of the levels",
        BY_CHECK,
    ),
    study(
        "patterns that disagree",
        {"dictionary/la*": {"role": "auxiliary", "kind": "continuous"}},
        "one value of `role`",
    ),
    study(
        "a condition that is contradicted",
        {"dictionary/age/applicable_if": "female == 'Yes'"},
        "no values where the column does not apply",
        BY_CHECK,
    ),
    study(
        "a circle of conditions",
        {"dictionary/age/applicable_if": "female == 'Yes'", "dictionary/female/applicable_if": "age > 3"},
        "a circle",
        BY_CHECK,
    ),
    study(
        "a derived column of a taken name", {"derived": {"age": {"expression": "y0"}}}, "a new name", BY_CHECK
    ),
    study(
        "hundreds of columns that are not there",
        {f"dictionary/none{number}": {"role": "ignore"} for number in range(500)},
        "a column of the data file",
    ),
]
