"""The dictionary: exact names before patterns, disagreement and misspelling refused."""

import itertools
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hetflow.cohort.dictionary import resolve
from hetflow.cohort.draft import draft_frame
from hetflow.cohort.readers import read_raw
from hetflow.errors import Refused
from hetflow.start_checks import count_covariates
from hetflow.study.load import read_yaml, validated
from minimal_study import HEADER as HEADER_OF_STUDY
from minimal_study import minimal

ROOT = Path(__file__).resolve().parents[2]

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


def test_a_column_s_name_is_no_pattern_for_another_column() -> None:
    """`Pain?` is a column here; else `Pain2`, of a later visit perhaps, would be read as a covariate, too."""
    entries = resolve({"Pain?": {"role": "covariate", "kind": "continuous"}}, ["Pain?", "Pain2"])
    assert (entries["Pain?"].role, entries["Pain2"].role) == ("covariate", "ignore")


def test_covariates_are_counted_by_name_by_pattern_and_among_derived_columns() -> None:
    study = minimal() | {
        "derived": {"old": {"expression": "age > 60"}},
        "dictionary": {
            "CRP [mg/L]": {"role": "covariate", "kind": "continuous"},
            "lab*": {"role": "covariate", "kind": "continuous"},
            "lab2": {"role": "ignore"},
            "old": {"role": "covariate", "kind": "binary", "levels": [0, 1]},
        },
    }
    header = [*HEADER_OF_STUDY, "CRP [mg/L]", "lab1", "lab2", "lab3"]
    assert count_covariates(validated(study, "x.yaml"), header) == 4


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


def test_a_draft_says_what_the_file_was_read_by(tmp_path: Path) -> None:
    """And a bound among numbers is named, not taken for text."""
    file = tmp_path / "x.csv"
    ages = [*map(str, range(30, 70)), ">90"]
    rows = "".join(f"p{unit};{age};Zürich\n" for unit, age in enumerate(ages))
    file.write_bytes(f"id;age, years;site\n{rows}".encode("cp1252"))
    script = [sys.executable, str(ROOT / "workflow" / "scripts" / "dictionary.py"), f"--data={file}"]
    said = subprocess.run(
        [*script, "--delimiter=;", "--encoding=cp1252"], capture_output=True, check=True
    ).stdout
    (tmp_path / "draft.yaml").write_bytes(said)
    found = read_yaml(tmp_path / "draft.yaml")
    assert (found["data"]["delimiter"], found["data"]["encoding"]) == (";", "cp1252")
    assert list(found["dictionary"]) == ["id", "age, years", "site"]
    assert "numbers but for '>90'" in said.decode()
    refused = subprocess.run([*script, "--delimiter=;;"], capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "one plain character" in refused.stderr


def test_the_first_command_of_all_writes_nothing_but_the_draft(tmp_path: Path) -> None:
    """`make dictionary DATA=... > config/mine.yaml` sets up the environment, silently on standard output."""
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs" / "lock.txt").touch()
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\necho said\n[ "$2" = venv ] && mkdir -p .venv/bin && cp "$0" .venv/bin/python\nexit 0\n'
    )
    python.chmod(0o755)
    command = ["make", "--no-print-directory", ".venv/.ready", f"PYTHON={python}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr.count("said") == 2
