"""Mistakes of study files and data: each is refused before the first long job, by name, in the user's words.

A case changes the small study, its data, or both; what is said must hold the words given.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hetflow.cohort.columns import columns_from_json
from hetflow.cohort.ingest import ingest
from hetflow.cohort.readers import read_raw
from hetflow.errors import Refused, refuse_all
from hetflow.feasible import feasibility_problems
from hetflow.nuisance.folds import draw_folds
from hetflow.start import prepare
from small_project import ROOT, STUDY, small_data

Change = dict[str, Any]
Edit = Callable[[pd.DataFrame], pd.DataFrame]
UNITS = 240
REMOVED = object()


def edited(change: Change) -> dict[str, Any]:
    """The small study with keys replaced: `{"forest/trees": 40}`."""
    study = yaml.safe_load(STUDY)
    for path, value in change.items():
        *parents, key = path.split("/")
        section = study
        for parent in parents:
            section = section.setdefault(parent, {})
        if value is REMOVED:
            del section[key]
        else:
            section[key] = value
    return study


def start(folder: Path, study: dict[str, Any] | str, data: bytes) -> None:
    """All that happens before the first long job, as the rules ingest, folds and feasible do it."""
    (folder / "small.csv").write_bytes(data)
    if isinstance(study, dict):
        if study["data"]["file"] == "small.csv":
            study["data"]["file"] = str(folder / "small.csv")
        study = yaml.safe_dump(study, sort_keys=False, allow_unicode=True)
    (folder / "study.yaml").write_text(study, encoding="utf-8")
    begun = prepare([folder / "study.yaml"], {}, ROOT / "workflow", "python")
    settings = json.loads(begun.study_settings("cohort"))["content"]
    needs = json.loads(begun.study_settings("feasible"))["content"]
    for analysis in begun.plan.analyses:
        for stage in ("deployment", "inference", "nuisance", "forest", "scores", "estimates"):
            begun.analysis_settings(analysis, stage)
    found = ingest(read_raw(begun.data_file, settings["data"]), settings)
    head = found.cohort
    fold = draw_folds(
        head["unit"], head["treated"], head["stratum"], head["cluster"], needs["folds"], needs["seed"]
    )
    columns = columns_from_json(found.facts["columns"])
    refuse_all(feasibility_problems(head, found.outcomes, fold, columns, needs))


def csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


def cells(column: str, value: object, *rows: int) -> Edit:
    """Some cells of a column, or all of them, replaced."""

    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.astype(object)
        frame.loc[list(rows) or frame.index, column] = value
        return frame

    return edit


def column(name: str, make: Callable[[pd.DataFrame], Any]) -> Edit:
    return lambda frame: frame.assign(**{name: make(frame)})


def refusal(folder: Path, study: dict[str, Any] | str, data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        start(folder, study, data)
    for problem in refused.value.problems:
        assert problem.where
        assert problem.expected
        assert problem.found
        assert problem.remedy
        assert len(problem.found) < 1000
    return str(refused.value)


def test_the_small_study_is_not_refused(tmp_path: Path) -> None:
    start(tmp_path, edited({}), csv(small_data()))


BY_LEVEL = {"column": "site", "levels": {"North": 0.5}}
STUDY_MISTAKES: dict[str, tuple[Change, str]] = {
    "text for a number": ({"folds": "three"}, "folds"),
    "a fraction of folds": ({"folds": 3.5}, "a whole number"),
    "an infinite cut": ({"estimates/rules/older/cuts": [float("inf")]}, "finite number"),
    "no share of covariates": ({"forest/max_features": 0}, "greater than 0"),
    "a broken number of covariates": ({"forest/max_features": 2.5}, "a share up to 1"),
    "shards of nothing": ({"forest/shard_bags": 0}, "greater than or equal to 1"),
    "a path for a name": ({"study": "../../x"}, "small letters, digits and underscores"),
    "a folder's name": ({"analyses/logs": {}}, "no folder of the results"),
    "no design probability": ({"design/probability": REMOVED}, "known chance of treatment"),
    "a sure treatment": ({"design/probability": 1}, "strictly between 0 and 1"),
    "another probability": ({"design/probability": 0.9}, "about 90% of the units treated"),
    "a level without probability": ({"design/probability": BY_LEVEL}, "none for South"),
    "one stratum as text": ({"design/strata": "site"}, "a list in square brackets"),
    "the treatment as stratum": ({"design/strata": ["arm"]}, "the treatment itself"),
    "the treatment as cluster": ({"design/cluster": "arm"}, "the treatment itself"),
    "two clusters": ({"design/cluster": "site"}, "no more folds than an arm has units (or clusters)"),
    "a text weight": ({"design/weight": "female"}, "design.weight: female"),
    "arms of one name": (
        {"treatment/treated_label": "A", "treatment/control_label": "A"},
        "different labels of the two arms",
    ),
    "a value in both arms": ({"treatment/treated": [1, 0]}, "0 in both lists"),
    "the outcome's column is the arm": (
        {"outcomes/change": {"column": "arm", "label": "A", "better": "higher"}},
        "arm, the treatment",
    ),
    "the outcome's column is the unit": (
        {"outcomes/change": {"column": "id", "label": "A", "better": "higher"}},
        "id, the unit's identifier",
    ),
    "the outcome is made of the arm": ({"outcomes/change/expression": "2 * arm"}, "not the treatment"),
    "covariates determine the outcome": (
        {"dictionary/y?": {"role": "covariate", "kind": "continuous"}},
        "an outcome that covariates do not determine",
    ),
    "an unknown outcome": ({"outcome": "chnge"}, "one of the outcomes change"),
    "code for an expression": (
        {"outcomes/change/expression": "__import__('os').system('id')"},
        "an expression over columns",
    ),
    "a very long expression": (
        {"outcomes/change/expression": "y1+" * 1000 + "y1"},
        "at most 2000 characters",
    ),
    "a division by zero": ({"outcomes/change/expression": "y1 / 0"}, "values in both arms"),
    "levels of a number": ({"outcomes/change/levels": ["a", "b"]}, "levels for a binary outcome alone"),
    "a misspelt column": ({"outcomes/change/expression": "y1 - y00"}, "did you mean y0"),
    "a dictionary of nothing": ({"dictionary/zz*": {"role": "ignore"}}, "a pattern that matches a column"),
    "a covariate without kind": ({"dictionary/age": {"role": "covariate"}}, "a kind (continuous"),
    "an entry without role": ({"dictionary/age": {"kind": "continuous"}}, "a column of role covariate"),
    "a covariate measured later": ({"dictionary/age/visit": 2}, "visit 2; treatment may have changed it"),
    "levels that are not there": (
        {"dictionary/female/levels": ["Nope", "Yes"]},
        "one of the levels Nope, Yes",
    ),
    "a condition on an unknown column": (
        {"dictionary/age/applicable_if": "femal == 'Yes'"},
        "did you mean female",
    ),
    "a condition on the outcome": (
        {"dictionary/age/applicable_if": "y1 > 3"},
        "over covariates and auxiliaries",
    ),
    "no covariate": ({"dictionary": {"age": {"role": "auxiliary", "kind": "continuous"}}}, "role covariate"),
    "a rule on an unknown column": ({"estimates/rules/older/covariate": "agee"}, "did you mean age"),
    "a rule on the outcome": ({"estimates/rules/older/covariate": "y0"}, "y0, whose role is ignore"),
    "levels of a continuous covariate": (
        {"estimates/rules/older": {"covariate": "age", "levels": True}},
        "give `cuts` or `quantiles`",
    ),
    "quantiles of a nominal covariate": (
        {"estimates/rules/older": {"covariate": "site", "quantiles": 3}},
        "write `levels: true`",
    ),
    "two ways to cut": ({"estimates/rules/older/quantiles": 3}, "exactly one of"),
    "an unknown projection": ({"estimates/projection": ["agee"]}, "estimates.projection[0]"),
    "an unknown display": ({"estimates/displays": ["nope"]}, "estimates.displays[0]"),
    "an analysis' unknown projection": (
        {"analyses/x": {"estimates": {"projection": ["agee"]}}},
        "analyses.x.estimates.projection[0]",
    ),
    "a projection twice": ({"estimates/projection": ["age", "age"]}, "each name once"),
    "nothing for trees": ({"analyses/x": {"forest": {"trees": None}}}, "analyses.x.forest.trees"),
    "too few trees": ({"forest/trees": 16}, "forest.trees"),
    "half a bag": ({"forest/trees": 82}, "a multiple of bag_trees"),
    "leaves for thousands": ({"forest/min_leaf": 100}, "units in each forest's sample"),
    "a learner in a trial": ({"nuisance/propensity": "stack"}, "`design` in a randomised design"),
    "a reversed trim": ({"nuisance/trim": [0.9, 0.1]}, "two ascending shares"),
    "a path too long": ({"data/file": "x" * 900}, "a data file"),
    "a delimiter that is none": ({"data/delimiter": "\n"}, "data.delimiter"),
    "the wrong delimiter": ({"data/delimiter": ";"}, "a data file of several columns"),
    "an unknown encoding": ({"data/encoding": "klingon"}, "a character encoding"),
    "a codec that is no encoding": ({"data/encoding": "rot13"}, "a character encoding"),
    "another encoding": ({"data/encoding": "utf-16"}, "text in utf-16"),
    "a circle of derived columns": (
        {"derived": {"a": {"expression": "b"}, "b": {"expression": "a"}}},
        "a circle",
    ),
    "nobody eligible": (
        {"eligibility": [{"label": "x", "expression": "age > 500"}]},
        "eligible units in each arm",
    ),
    "a missing code that is none": ({"data/missing_codes": [None]}, "text, or a whole number"),
}


@pytest.mark.parametrize("case", STUDY_MISTAKES)
def test_a_mistake_in_the_study_is_refused(tmp_path: Path, case: str) -> None:
    change, words = STUDY_MISTAKES[case]
    assert words in refusal(tmp_path, edited(change), csv(small_data()))


def with_villages(number: int) -> Edit:
    return lambda frame: frame.assign(village=[f"v{unit % number}" for unit in range(UNITS)])


def holed(frame: pd.DataFrame) -> pd.DataFrame:
    """Few units with all covariates."""
    return cells("age", "", *(unit for unit in range(UNITS) if unit % 16 not in (2, 3)))(frame)


OUTCOME_OF_TEXT = {"column": "cured", "kind": "binary", "label": "Cured", "better": "higher"}
DATA_MISTAKES: dict[str, tuple[Edit, Change, str]] = {
    "a repeated unit": (cells("id", 1000, 3), {}, "the same unit in data rows 1, 4"),
    "a unit without name": (cells("id", "", 3), {}, "an identifier in every row"),
    "a missing treatment": (cells("arm", "", 3), {}, "1 without, in data row 4"),
    "other treatments": (column("arm", lambda f: f["arm"] + 5), {}, "values of arm: 5, 6"),
    "an infinity": (cells("age", "inf", 3), {}, "'inf' in data row 4"),
    "text among numbers": (cells("age", "old", 3), {}, "'old' in data row 4"),
    "text in the outcome": (cells("y1", "n/a", 3), {}, "y1 is text because of 'n/a' in data row 4"),
    "a decimal comma": (cells("age", "3,5", 3), {}, "write 3.5 and not 3,5"),
    "a number beyond all bounds": (cells("age", "1e300", 3), {}, "numbers between -1e+50 and 1e+50"),
    "a huge outcome": (cells("y1", "1e300", 3), {}, "numbers between -1e+50 and 1e+50"),
    "three rows": (lambda f: f[:3], {}, "at least 30 eligible units in each arm"),
    "too few rows for folds": (lambda f: f[:60], {}, "units in each forest's sample"),
    "no rows": (lambda f: f[:0], {}, "at least one row of data"),
    "one outcome for all": (cells("y1", 3) and column("y1", lambda f: f["y0"]), {}, "values that differ"),
    "no outcome in an arm": (
        column("y1", lambda f: np.where(f["arm"] == 1, "", f["y1"])),
        {},
        "none in one arm",
    ),
    "one outcome in an arm": (
        column("y1", lambda f: np.where((f["arm"] == 1) & (f.index != 1), "", f["y1"])),
        {},
        "every fold holds units of every arm",
    ),
    "the treatment as covariate": (column("age", lambda f: f["arm"]), {}, "not the treatment itself"),
    "a covariate that tells the arm": (
        column("age", lambda f: f["arm"] + f["y0"] / 1000),
        {},
        "every value of one arm is above all of the other",
    ),
    "a covariate seen in one arm": (
        column("age", lambda f: np.where(f["arm"] == 1, "", f["age"].astype(str))),
        {},
        "none in the treated arm",
    ),
    "an empty covariate": (cells("age", ""), {}, "none at all"),
    "a rule on a constant": (cells("age", 3), {}, "which was left out: the same value in every unit"),
    "constants alone": (
        cells("age", 3),
        {"dictionary": {"age": {"role": "covariate", "kind": "continuous"}}, "estimates": {}},
        "none; constant: age",
    ),
    "a name as covariate": (
        column("site", lambda f: [f"s{unit}" for unit in range(UNITS)]),
        {"design/strata": []},
        "240 levels in 240 units",
    ),
    "few complete cases": (
        holed,
        {"missingness/strategy": "complete_case"},
        "units with all covariates in each arm",
    ),
    "no complete covariate": (
        lambda f: f,
        {"dictionary": {"lab0": {"role": "covariate", "kind": "continuous"}}, "estimates": {}},
        "at least one covariate without a gap",
    ),
    "few clusters": (with_villages(7), {"design/cluster": "village"}, "clusters in each forest's sample"),
    "a unit without cluster": (
        lambda f: cells("village", "", 4)(with_villages(40)(f)),
        {"design/cluster": "village"},
        "none in data row 5",
    ),
    "a missing stratum": (cells("site", "", 5), {}, "design.strata: site"),
    "a negative weight": (column("w", lambda f: -1), {"design/weight": "w"}, "a positive weight"),
    "a weight for all": (
        column("w", lambda f: np.where(f.index == 0, 1e12, 1)),
        {"design/weight": "w"},
        "an effective sample size",
    ),
    "text for a binary outcome": (
        column("cured", lambda f: np.where(f["y0"] > 10, "cured", "ill")),
        {"outcomes/cured": OUTCOME_OF_TEXT},
        "declare `levels: [none, some]`",
    ),
    "three levels of a binary outcome": (
        column("cured", lambda f: f.index % 3),
        {"outcomes/cured": OUTCOME_OF_TEXT},
        "two levels such as No and Yes",
    ),
    "a negative count": (
        column("cured", lambda f: f.index % 3 - 1),
        {"outcomes/cured": OUTCOME_OF_TEXT | {"kind": "count"}},
        "counts: whole numbers from 0",
    ),
    "an ordinal covariate without levels": (
        lambda f: f,
        {"dictionary/age/kind": "ordinal"},
        "ascending order",
    ),
}


@pytest.mark.parametrize("case", DATA_MISTAKES)
def test_a_mistake_in_the_data_is_refused(tmp_path: Path, case: str) -> None:
    edit, change, words = DATA_MISTAKES[case]
    assert words in refusal(tmp_path, edited(change), csv(edit(small_data())))


BYTES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "an empty file": (lambda _: b"", "an empty file"),
    "blank lines": (lambda _: b"\n \n", "column names in the first row"),
    "Latin letters": (lambda data: data.replace(b"North", b"Z\xfcrich"), "name the file's encoding"),
    "a spreadsheet's bytes": (lambda _: bytes(range(256)) * 9, "text in utf-8"),
    "a name twice": (lambda data: data.replace(b"lab1", b"lab0", 1), "'lab0' in columns 8, 9"),
    "a column without name": (lambda data: data.replace(b"lab1", b"", 1), "a name for every column"),
    "a short row": (lambda data: data.replace(b"\n", b"\n1,2,3\n", 1), "10 cells in every row"),
    "semicolons": (lambda data: data.replace(b",", b";"), "name the separator of the file"),
}


@pytest.mark.parametrize("case", BYTES)
def test_a_damaged_data_file_is_refused(tmp_path: Path, case: str) -> None:
    spoil, words = BYTES[case]
    assert words in refusal(tmp_path, edited({}), spoil(csv(small_data())))


TEXTS: dict[str, tuple[Callable[[str], str], str]] = {
    "a repeated key": (lambda text: text + "\nseed: 4\n", "'seed' stands twice"),
    "aliases": (lambda text: text + "\nreport: &a {}\nx: *a\n", "anchors and aliases"),
    "a tag that runs code": (
        lambda text: text.replace("title: A small study", "title: !!python/object/apply:os.getcwd []"),
        "could not determine a constructor",
    ),
    "a number as key": (lambda text: text + "\n3: 4\n", "keys that are text"),
    "two documents": (lambda text: text + "\n---\na: 1\n", "another document"),
    "brackets without end": (lambda text: text + "\nreport: " + "[" * 5000, "valid YAML"),
    "a tab": (lambda text: text + "\nreport:\n\tsummary: x\n", "line"),
    "a list": (lambda _: "- a\n- b\n", "keys and values"),
    "nothing": (lambda _: "", "keys and values"),
    "a date for a title": (lambda text: text.replace("A small study", "2020-01-01"), "title"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_damaged_study_file_is_refused(tmp_path: Path, case: str) -> None:
    spoil, words = TEXTS[case]
    assert words in refusal(tmp_path, spoil(STUDY), csv(small_data()))


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    change = {"estimates/rules/older/covariate": "agee", "design/strata": ["sitee"], "design/probability": 2}
    said = refusal(tmp_path, edited(change), csv(small_data()))
    for words in ("3 things", "did you mean age", "did you mean site", "strictly between"):
        assert words in said
