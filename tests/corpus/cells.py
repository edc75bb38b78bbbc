"""Data whose cells are wrong: slips of collecting, exporting and joining, and attacks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from corpus.table import AT_START, UNITS, Case, Edit, cells, column, data


def with_villages(number: int) -> Edit:
    """A column of clusters."""
    return lambda frame: frame.assign(village=[f"v{unit % number}" for unit in range(UNITS)])


def holed(frame: pd.DataFrame) -> pd.DataFrame:
    """Few units with all covariates."""
    return cells("age", "", *(unit for unit in range(UNITS) if unit % 16 not in (2, 3)))(frame)


def ages(say: Callable[[float], object]) -> Edit:
    """All ages, written in another way."""
    return column("age", lambda frame: [say(age) for age in frame["age"]])


OUTCOME_OF_TEXT = {"column": "cured", "kind": "binary", "label": "Cured", "better": "higher"}
DATA: list[Case] = [
    data("a repeated unit", cells("id", 1000, 3), "the same unit in data rows 1, 4"),
    data("a unit without name", cells("id", "", 3), "an identifier in every row"),
    data("a missing treatment", cells("arm", "", 3), "1 without, in data row 4"),
    data("other treatments", column("arm", lambda f: f["arm"] + 5), "values of arm: 5, 6"),
    data("an infinity", cells("age", "inf", 3), "'inf' in data row 4"),
    data("text among numbers", cells("age", "old", 3), "'old' in data row 4"),
    data("text in the outcome", cells("y1", "n/a", 3), "y1 is text because of 'n/a' in data row 4"),
    data("a decimal comma", cells("age", "3,5", 3), "write 3.5 and not 3,5"),
    data("ages that are bounds", cells("age", ">90", 3), 'missing: {">90": out of range}'),
    data(
        "an outcome of two texts",
        column("recovery", lambda f: ["well", "ill"] * (len(f) // 2)),
        "the text that counts 0, then the one that counts 1",
        change={"outcomes/change": {"column": "recovery", "label": "Recovery", "better": "higher"}},
    ),
    data("a number beyond all bounds", cells("age", "1e300", 3), "numbers between -1e+50 and 1e+50"),
    data("a huge outcome", cells("y1", "1e300", 3), "numbers between -1e+50 and 1e+50"),
    data("three rows", lambda f: f[:3], "at least 30 eligible units in each arm"),
    data("too few rows for folds", lambda f: f[:60], "units in each forest's sample"),
    data("no rows", lambda f: f[:0], "at least one row of data"),
    data("one outcome for all", cells("y1", 3) and column("y1", lambda f: f["y0"]), "values that differ"),
    data(
        "no outcome in an arm",
        column("y1", lambda f: np.where(f["arm"] == 1, "", f["y1"])),
        "none in one arm",
    ),
    data(
        "one outcome in an arm",
        column("y1", lambda f: np.where((f["arm"] == 1) & (f.index != 1), "", f["y1"])),
        "every fold holds units of every arm",
    ),
    data("the treatment as covariate", column("age", lambda f: f["arm"]), "not the treatment itself"),
    data(
        "a covariate that tells the arm",
        column("age", lambda f: f["arm"] + f["y0"] / 1000),
        "every value of one arm is above all of the other",
    ),
    data(
        "a covariate seen in one arm",
        column("age", lambda f: np.where(f["arm"] == 1, "", f["age"].astype(str))),
        "none in the treated arm",
    ),
    data("an empty covariate", cells("age", ""), "none at all"),
    data("a rule on a constant", cells("age", 3), "which was left out: the same value in every unit"),
    data(
        "constants alone",
        cells("age", 3),
        "none; constant: age",
        change={"dictionary": {"age": {"role": "covariate", "kind": "continuous"}}, "estimates": {}},
    ),
    data(
        "a name as covariate",
        column("site", lambda f: [f"s{unit}" for unit in range(UNITS)]),
        "240 levels in 240 units",
        change={"design/strata": []},
    ),
    data(
        "few complete cases",
        holed,
        "units with all covariates in each arm",
        change={"missingness/strategy": "complete_case"},
    ),
    data(
        "no complete covariate",
        lambda f: f,
        "at least one covariate without a gap",
        change={"dictionary": {"lab0": {"role": "covariate", "kind": "continuous"}}, "estimates": {}},
    ),
    data(
        "few clusters",
        with_villages(7),
        "clusters in each forest's sample",
        change={"design/cluster": "village"},
    ),
    data(
        "a unit without cluster",
        lambda f: cells("village", "", 4)(with_villages(40)(f)),
        "none in data row 5",
        change={"design/cluster": "village"},
    ),
    data("a missing stratum", cells("site", "", 5), "design.strata: site"),
    data("a negative weight", column("w", lambda f: -1), "a positive weight", change={"design/weight": "w"}),
    data(
        "a weight for all",
        column("w", lambda f: np.where(f.index == 0, 1e12, 1)),
        "an effective sample size",
        change={"design/weight": "w"},
    ),
    data(
        "text for a binary outcome",
        column("cured", lambda f: np.where(f["y0"] > 10, "cured", "ill")),
        "declare `levels: [cured, ill]`, or the other way round: the first one counts 0",
        change={"outcomes/cured": OUTCOME_OF_TEXT},
    ),
    data(
        "three levels of a binary outcome",
        column("cured", lambda f: f.index % 3),
        "two levels such as No and Yes",
        change={"outcomes/cured": OUTCOME_OF_TEXT},
    ),
    data(
        "a negative count",
        column("cured", lambda f: f.index % 3 - 1),
        "counts: whole numbers from 0",
        change={"outcomes/cured": OUTCOME_OF_TEXT | {"kind": "count"}},
    ),
    data(
        "an ordinal covariate without levels",
        lambda f: f,
        "ascending order",
        change={"dictionary/age/kind": "ordinal"},
    ),
    data("NaN as a treatment", cells("arm", "NaN", 3), "'NaN' in data row 4"),
    data("a code for missing as a treatment", cells("arm", "n/a", 3, 5), "'n/a' in data rows 4, 6"),
    data(
        "NaN as a treatment that is declared missing",
        cells("arm", "NaN", 3),
        "1 without, in data row 4",
        change={"data/missing_codes": ["", ".", "NaN"]},
    ),
    data("infinity as a treatment", cells("arm", "inf", 3), "'inf' in data row 4"),
    data("everyone treated", cells("arm", 1), "values of arm: 1"),
    data(
        "labels for codes of treatment",
        column("arm", lambda f: f["arm"].map({0: "Placebo", 1: "Drug"})),
        "values of arm: Drug, Placebo",
    ),
    data("dates as text", ages(lambda age: f"2020-01-{int(age) % 28 + 1:02d}"), "numbers, not dates"),
    data("dates of another country", ages(lambda age: f"{int(age) % 28 + 1}.3.2020"), "numbers, not dates"),
    data("dates in the outcome", column("y1", lambda f: "2020-05-17"), "which is text"),
    data("minus infinity", cells("age", "-Infinity", 3), "finite numbers"),
    data("a number that no computer holds", cells("age", "1e400", 3), "finite numbers"),
    data("an infinite outcome", cells("y1", "inf", 3), "y1 is text because of 'inf' in data row 4"),
    data(
        "an infinite weight",
        column("w", lambda f: np.where(f.index == 3, "inf", "1")),
        "finite numbers",
        change={"design/weight": "w"},
    ),
    data(
        "a weight of nought",
        column("w", lambda f: (f.index != 3) * 1),
        "a positive weight",
        change={"design/weight": "w"},
    ),
    data(
        "a missing weight",
        column("w", lambda f: np.where(f.index == 3, "", "1")),
        "a positive weight",
        change={"design/weight": "w"},
    ),
    data("percent signs", ages(lambda age: f"{age:.0f}%"), "numbers"),
    data("thousands with commas", ages(lambda age: f"{age * 100:,.1f}"), "numbers"),
    data("a printer's minus", cells("age", "\u22123", 3), "'\u22123' in data row 4"),
    data("wide digits", cells("age", "\uff15\uff10", 3), "in data row 4"),
    data("Arabic digits", cells("age", "\u0665", 3), "in data row 4"),
    data("a number with a unit", cells("age", "50 years", 3), "'50 years' in data row 4"),
    data("a hexadecimal number", cells("age", "0x1F", 3), "'0x1F' in data row 4"),
    data("a number with an underscore", cells("age", "5_0", 3), "'5_0' in data row 4"),
    data("a spreadsheet's error", cells("age", "#DIV/0!", 3), "'#DIV/0!' in data row 4"),
    data("a comparison for a number", cells("age", "<0.5", 3), "'<0.5' in data row 4"),
    data("a formula for a number", cells("age", "=cmd|'/c calc'!A0", 3), "in data row 4"),
    data("HTML for a number", cells("age", "<script>alert(1)</script>", 3), "<script>alert(1)</script>"),
    data("a terminal's command for a number", cells("age", "\x1b[2J", 3), "x1b[2J"),
    data("a page for a number", cells("age", "x" * 100_000, 3), "numbers"),
    data("a bell in a level", cells("site", "North\x07", 3), "levels without control characters"),
    data("a level in other letters", cells("female", "YES", 3), "one of the levels No, Yes"),
    data("a level that nobody declared", cells("female", "Unknown", 3), "one of the levels No, Yes"),
    data(
        "a category in one arm only",
        column("site", lambda f: np.where((f["arm"] == 1) & (f.index % 4 == 1), "West", f["site"])),
        "levels that occur in both arms",
    ),
    data(
        "a category for each arm",
        column("site", lambda f: f["arm"].map({0: "a", 1: "b"})),
        "a column that is not the treatment itself",
        change={"design/strata": []},
    ),
    data(
        "a covariate that is the outcome",
        column("z", lambda f: pd.to_numeric(f["y1"]) - f["y0"]),
        "the same as the outcome change",
        change={"dictionary/z": {"role": "covariate", "kind": "continuous"}},
    ),
    data(
        "an outcome that is the treatment",
        column("y1", lambda f: f["y0"] + 2 * f["arm"]),
        "an outcome that is not the treatment",
    ),
    data("a code for missing among numbers", cells("age", "NA", 3), "add such codes to data.missing_codes"),
    data("every unit twice", lambda f: pd.concat([f, f]), "one row a unit"),
    data("an identifier with a blank behind it", cells("id", "1000 ", 3), "the same unit in data rows 1, 4"),
    data("one row", lambda f: f[:1], "values of arm"),
    data("thirty rows", lambda f: f[:30], "at least 30 eligible units in each arm"),
    data(
        "one stratum to each unit",
        column("site", lambda f: [f"s{unit}" for unit in range(UNITS)]),
        "levels that units share",
    ),
    data(
        "a column of a name that hetflow needs",
        column("treated", lambda f: f["age"] + 1),
        "a name that hetflow does not need for itself",
        AT_START,
        {"dictionary/treated": {"role": "covariate", "kind": "continuous"}},
    ),
    data(
        "a column of an ending that hetflow needs",
        column("age__missing", lambda f: f["age"] + 1),
        "a name that hetflow does not need for itself",
        AT_START,
        {"dictionary/age__missing": {"role": "covariate", "kind": "continuous"}},
    ),
    data(
        "a count with halves",
        column("cured", lambda f: f.index % 3 / 2),
        "counts: whole numbers from 0",
        change={"outcomes/cured": OUTCOME_OF_TEXT | {"kind": "count"}},
    ),
    data(
        "an ordinal level that is not declared",
        column("stage", lambda f: f.index % 4),
        "one of the levels",
        change={"dictionary/stage": {"role": "covariate", "kind": "ordinal", "levels": [0, 1, 2]}},
    ),
    data(
        "a level of probability that nobody named",
        cells("site", "West", 0, 1, 2, 3),
        "none for West",
        change={"design/probability": {"column": "site", "levels": {"North": 0.5, "South": 0.5}}},
    ),
    data(
        "10,000 columns with one name",
        lambda f: pd.concat([f, pd.DataFrame(1, index=f.index, columns=["x"] * 10_000)], axis=1),
        "each column name once",
        AT_START,
    ),
    data(
        "10,000 columns and a name that is none of them",
        lambda f: pd.concat(
            [f, pd.DataFrame(1, index=f.index, columns=[f"x{place}" for place in range(10_000)])], axis=1
        ),
        "did you mean x1000",
        AT_START,
        {"estimates/projection": ["x10000"], "dictionary/x*": {"role": "covariate", "kind": "continuous"}},
    ),
    data(
        "many columns named one by one",
        lambda f: pd.concat(
            [f, pd.DataFrame(1, index=f.index, columns=[f"x{place}" for place in range(1500)])], axis=1
        ),
        "name columns by patterns",
        AT_START,
        {f"dictionary/x{place}": {"role": "covariate", "kind": "continuous"} for place in range(1500)},
    ),
    data(
        "hundreds of columns of text",
        lambda f: pd.concat(
            [f, pd.DataFrame("a", index=f.index, columns=[f"x{place}" for place in range(300)])], axis=1
        ),
        "and 270 more",
        change={"dictionary/x*": {"role": "covariate", "kind": "continuous"}},
    ),
]
