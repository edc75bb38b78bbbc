"""The dictionary: exact names before patterns, disagreement and misspelling refused."""

import itertools
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hetflow.cohort.dictionary import resolve
from hetflow.cohort.draft import draft_frame
from hetflow.cohort.readers import read_raw
from hetflow.errors import Refused

HEADER = ["PID", "Age", "BL.PD.avg", "BL..BOP", "V5.PD.avg", "odd[1]"]


def said(dictionary: dict, header: list[str] | None = None, roles: dict[str, str] | None = None) -> str:
    with pytest.raises(Refused) as caught:
        resolve(dictionary, header or HEADER, roles=roles)
    return str(caught.value)


def test_exact_names_go_before_patterns_whatever_the_order() -> None:
    dictionary = {
        "BL.*": {"role": "covariate", "kind": "continuous", "unit": "mm"},
        "BL..BOP": {"unit": "%", "label": "Bleeding"},
        "*.avg": {"visit": 0, "kind": "continuous"},
        "V5.*": {"role": "ignore", "unit": None},
    }
    found = [resolve(dict(order), HEADER) for order in itertools.permutations(dictionary.items())]
    assert all(entries == found[0] for entries in found)
    assert found[0]["BL..BOP"].unit == "%"
    assert found[0]["BL.PD.avg"].unit == "mm"
    assert found[0]["BL..BOP"].kind == "continuous"
    assert found[0]["Age"].role == "ignore"


def test_a_dot_is_a_dot_and_brackets_in_names_are_names() -> None:
    entries = resolve({"BL.?D.*": {"role": "ignore", "label": "x"}, "odd[1]": {"role": "ignore"}}, HEADER)
    assert [name for name, entry in entries.items() if entry.label == "x"] == ["BL.PD.avg"]


def test_two_patterns_that_disagree_are_both_named() -> None:
    text = said({"BL.*": {"role": "ignore", "unit": "mm"}, "*.avg": {"role": "ignore", "unit": "cm"}})
    assert "'cm' by the pattern '*.avg' and 'mm' by 'BL.*'" in text
    resolve({"BL.*": {"role": "ignore", "unit": "mm"}, "*.avg": {"role": "ignore", "unit": "cm"}} | {
        "BL.PD.avg": {"unit": "mm"}}, HEADER)  # fmt: skip


@pytest.mark.parametrize(
    ("dictionary", "expected"),
    [
        ({"BL.PD.agv": {"role": "ignore"}}, "did you mean BL.PD.avg"),
        ({"V7.*": {"role": "ignore"}}, "a pattern that matches a column"),
        ({"Age": {"kind": "continuous"}}, "a role"),
        ({"Age": {"role": "covariate"}}, "a kind"),
        ({"V5.PD.avg": {"role": "covariate", "kind": "continuous", "visit": 5}}, "visit 5"),
        ({"Age": {"role": "treatment"}}, "treatment.column"),
        ({"PID": {"role": "covariate", "kind": "nominal"}}, "role unit"),
    ],
)
def test_refused(dictionary: dict, expected: str) -> None:
    assert expected in said(dictionary, roles={"PID": "unit"})


@pytest.mark.parametrize("name", ["unit", "weight", "treated", "x__applies", "x__missing"])
def test_reserved_names(name: str) -> None:
    assert "does not need for itself" in said({name: {"role": "covariate", "kind": "continuous"}}, [name])


def test_all_problems_at_once() -> None:
    text = said({"Agee": {"role": "ignore"}, "V7*": {"role": "ignore"}, "BL.PD.avg": {"role": "covariate"}})
    assert "3 things must be mended first" in text


def test_draft_of_opt_is_a_dictionary() -> None:
    raw = read_raw(Path(__file__).parents[2] / "workflow/resources/opt/opt.csv")
    text = draft_frame(raw, "opt.csv")
    drafted = yaml.safe_load(text)
    assert drafted["data"] == {"file": "opt.csv", "unit": "PID", "missing_codes": ["", "."]}
    assert "Group" in text.splitlines()[2]
    dictionary = drafted["dictionary"]
    assert dictionary["Clinic"] == {
        "role": "covariate",
        "kind": "nominal",
        "levels": ["KY", "MN", "MS", "NY"],
    }
    assert dictionary["BL.DNA"]["block"] == dictionary["BL..S7"]["block"]
    entries = resolve(dictionary, list(raw.columns), roles={"PID": "unit"})
    assert entries["Hisp"].levels == ("No", "Yes")


def test_draft_doubts_codes_and_constants() -> None:
    weeks = [str(value) for value in range(20)] + ["99"]
    frame = pd.DataFrame(
        {
            "id": [str(i) for i in range(21)],
            "w": weeks,
            "c": ["1"] * 21,
            "t": [f"note {i}" for i in range(21)],
        },
        dtype=object,
    )
    text = draft_frame(frame, "x.csv")
    assert "does 99 mean missing?" in text
    assert "the same value everywhere" in text
    assert yaml.safe_load(text)["dictionary"]["c"] == {"role": "ignore"}
