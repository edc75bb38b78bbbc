"""What is known of OPT's missing values is found by the stage, with and without the dictionary's conditions."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hetflow.cohort.columns import columns_from_json
from hetflow.cohort.ingest import Cohort, ingest
from hetflow.cohort.readers import read_raw
from hetflow.missingness.structure.stage import Structure, describe_structure
from hetflow.study.model import Study
from hetflow.study.study_slices import study_slices
from opt_frame import LABORATORY, RAW, SERUM

ROOT = Path(__file__).parents[2]


@cache
def opt(conditions: bool = True) -> tuple[Cohort, Structure]:
    """The cohort and its structure; without the conditions of the dictionary if so wished."""
    study = yaml.safe_load((ROOT / "config" / "opt.yaml").read_text(encoding="utf-8"))
    if not conditions:
        for entry in study["dictionary"].values():
            entry.pop("applicable_if", None)
    slices = study_slices(Study.model_validate(study))
    cohort = ingest(read_raw(RAW, slices["cohort"]["data"]), slices["cohort"])
    columns = columns_from_json(cohort.facts["columns"])
    return cohort, describe_structure(
        cohort.cohort, cohort.outcomes, columns, cohort.reasons, slices["structure"]
    )


def rules(conditions: bool) -> pd.DataFrame:
    table = opt(conditions)[1].tables["rules"]
    return table.assign(columns=table["columns"].str.split(", ")).explode("columns").set_index("columns")


def test_the_laboratory_and_serum_blocks() -> None:
    blocks = opt()[1].tables["blocks"]
    assert blocks.loc[0, ["kind", "width", "any_missing", "declared"]].tolist() == [
        "exact",
        18,
        430,
        "as declared",
    ]
    assert set(blocks.loc[0, "columns"].split(", ")) == set(LABORATORY)
    assert blocks.loc[1, ["kind", "width", "any_missing", "declared"]].tolist() == [
        "exact",
        15,
        27,
        "part of serum",
    ]
    assert set(blocks.loc[1, "columns"].split(", ")) == set(SERUM)


def test_who_misses_the_serum_misses_the_endotoxin_category() -> None:
    nodes = opt()[1].tables["nodes"].set_index("mask")["columns"]
    edges = {
        (nodes[row["inner"]], nodes[row["outer"]]) for row in opt()[1].tables["nesting"].to_dict("records")
    }
    assert any(inner.startswith("O1B1") and outer == "ETXU_CAT1" for inner, outer in edges)


@pytest.mark.parametrize("conditions", [True, False])
def test_questions_after_a_pregnancy_and_of_tobacco_users(conditions: bool) -> None:
    found = rules(conditions)
    status = "confirmed" if conditions else "undeclared"
    asked_after_pregnancy = (
        "N.prev.preg",
        "Live.PTB",
        "Any.stillbirth",
        "Any.live.ptb.sb.sp.ab.in.ab",
        "N.living.kids",
    )
    for name in asked_after_pregnancy:
        assert found.loc[name, ["condition", "units", "absent", "status"]].tolist() == [
            *("Prev.preg == 'No'", 212, 212, status)
        ]
    tobacco = found.loc["BL.Cig.Day"]
    assert tobacco[["condition", "units", "absent", "unknown", "status"]].tolist() == [
        *("Use.Tob == 'No'", 704, 704, 26, status)
    ]
    assert found.loc["BL.Diab.Type", "condition"] == "Diabetes == 'No'"
    if not conditions:
        assert found.loc["BL.Cig.Day", "suggestion"] == "Use.Tob == 'Yes'"
        assert found.loc["Live.PTB", "suggestion"] == "Prev.preg == 'Yes'"


def test_a_value_that_the_dictionary_rules_out_is_reported() -> None:
    facts = opt()[1].facts
    assert facts["contradictions"] == [
        {"columns": "Spont.ab", "declared": "Any.live.ptb.sb.sp.ab.in.ab == 'Yes'", "contradictions": 1}
    ]
    assert facts["rules"] == {"confirmed": 7, "contradicted": 1}


def test_drop_out_is_unequal_by_arm() -> None:
    (outcome,) = opt()[1].facts["outcomes"]
    assert outcome["treated"] == 93 / 413
    assert outcome["control"] == 71 / 410
    assert outcome["difference"] == pytest.approx(0.0520, abs=5e-5)
    assert (round(outcome["lower"], 3), round(outcome["upper"], 3)) == (-0.003, 0.106)


def test_missing_by_clinic_adds_up() -> None:
    groups = opt()[1].tables["groups"]
    own = groups[(groups["column"] == "BL.DNA") & (groups["by"] == "Clinic")]
    assert own["level"].tolist() == ["KY", "MN", "MS", "NY"]
    assert (own["missing"].sum(), own["units"].sum()) == (430, 823)
    clinic, black = opt()[1].facts["groups"]
    assert (clinic["by"], black["by"]) == ("Clinic", "Black")
    cohort = opt()[0].cohort
    shares = cohort["Hisp"].isna().groupby(cohort["Black"]).mean()
    assert (black["column"], black["highest"]["level"]) == ("Hisp", "Yes")
    assert (black["lowest"]["share"], black["highest"]["share"]) == (shares[0.0], shares[1.0])


def test_the_null_leaves_the_known_pairs() -> None:
    tables = opt()[1].tables
    number = {row["columns"]: row["mask"] for row in tables["nodes"].to_dict("records")}
    edges = tables["network"][tables["network"]["edge"] == "together"]
    pairs = {frozenset((row["first"], row["second"])) for row in edges.to_dict("records")}
    assert frozenset((number["Induced.ab"], number["Spont.ab"])) in pairs
    assert frozenset((number["Use.Tob"], number["Use.Alc"])) in pairs


def test_no_value_is_missing_for_a_declared_reason_and_none_is_claimed_not_to_exist() -> None:
    cohort, found = opt()
    assert cohort.reasons.empty
    assert set(found.tables["reasons"]["reason"]) == {"not stated"}
    assert "dictionary alone" in found.facts["not_identifiable"]
