"""Nothing is published of which nobody has said what it is: the gate, and the declarations against what is made."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hetflow import report
from hetflow.contracts import CONTRACTS
from hetflow.effects import confounding, controls, risk_models
from hetflow.effects.policy.appraise import TABLES as POLICY_TABLES
from hetflow.effects.policy.tables import RANKING_COLUMNS
from hetflow.errors import Refused
from hetflow.publish.declarations import analysis, appraisals, exported
from hetflow.publish.declared import KINDS, UNITS, Declared, kind_of, kinds, leaves
from hetflow.publish.gate import exported_kind, refuse_exports, refuse_undeclared, small_facts
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from hetflow.report.page import build_report
from hetflow.study.appraisals import APPRAISALS
from report_fixture import report_inputs
from report_fixture_evidence import evidence
from report_fixture_learners import learner_inputs_of_page
from report_fixture_modifiers import modifier_inputs
from report_fixture_policy import appraised
from report_fixture_risk import confounding_appraisal, risk_appraisal
from report_fixture_splits import split_inputs
from report_fixture_stability import SECTION, stability_inputs
from report_fixture_whole import whole_inputs


def _appraisals() -> dict[str, AppraisalInputs]:
    """Every appraisal, by the functions that make it or, where those take long, in the shapes of its stage."""
    policy = appraised(harm=True)
    return {
        "evidence": evidence(),
        "splits": split_inputs(),
        "modifiers": modifier_inputs().analyses["primary"].appraisals["modifiers"],
        "policy": AppraisalInputs(policy.tables, policy.facts),
        "risk": risk_appraisal(),
        "confounding": confounding_appraisal(),
        "learners": learner_inputs_of_page(),
        "stability": stability_inputs(),
    }


@pytest.fixture(scope="module")
def full() -> ReportInputs:
    """The made-up study with every appraisal."""
    inputs = report_inputs()
    one = inputs.analyses["primary"]
    primary = replace(one, appraisals=_appraisals(), displays=one.displays.drop(columns="kind"))
    methods = {"primary": inputs.settings["methods"]["primary"] | {"stability": SECTION}}
    settings = dict(inputs.settings) | {"methods": dict(inputs.settings["methods"]) | methods}
    return replace(inputs, settings=settings, analyses=inputs.analyses | {"primary": primary})


def _with(inputs: ReportInputs, **changes: Any) -> ReportInputs:
    return replace(
        inputs, analyses=inputs.analyses | {"primary": replace(inputs.analyses["primary"], **changes)}
    )


def test_everything_that_the_stages_make_is_declared(full: ReportInputs) -> None:
    refuse_undeclared(full)


def test_every_table_of_every_appraisal_is_declared_and_none_that_is_not_made() -> None:
    for name, one in APPRAISALS.items():
        assert set(appraisals.TABLES[name]) == set(one.tables), name
        assert name in appraisals.FACTS
    assert set(appraisals.TABLES) == set(APPRAISALS)
    assert set(POLICY_TABLES) == set(appraisals.TABLES["policy"])


@pytest.mark.parametrize(
    ("declared", "made"),
    [
        (analysis.TABLES["estimates"], CONTRACTS["estimates"].columns),
        (analysis.TABLES["joint"], CONTRACTS["joint"].columns),
        (appraisals.TABLES["policy"]["ranking"], RANKING_COLUMNS),
        (appraisals.TABLES["confounding"]["controls"], controls.COLUMNS),
        *((appraisals.TABLES["confounding"][name], made) for name, made in confounding.COLUMNS.items()),
        *((appraisals.TABLES["risk"][name], made) for name, made in risk_models.COLUMNS.items()),
    ],
)
def test_declarations_are_those_of_the_contracts(declared: Declared, made: Any) -> None:
    assert set(declared.columns) == set(made)


@dataclass(frozen=True, slots=True)
class _More(ReportInputs):
    """The report's inputs with a field that nobody has declared."""

    patients: Any = None


def _leaks(full: ReportInputs) -> dict[str, tuple[ReportInputs, list[str]]]:
    """Inputs with something undeclared, and what the refusal has to name."""
    primary = full.analyses["primary"]
    policy = primary.appraisals["policy"]
    values = policy.tables["values"].assign(youngest=19.0)

    def appraisal(tables: Any, facts: Any) -> ReportInputs:
        return _with(full, appraisals=primary.appraisals | {"policy": AppraisalInputs(tables, facts)})

    own = {name: getattr(full, name) for name in ReportInputs.__slots__}
    return {
        "a column of an appraisal": (
            appraisal(policy.tables | {"values": values}, policy.facts),
            ["primary/policy/values", "youngest", "appraisals.py"],
        ),
        "a table of an appraisal": (
            appraisal(policy.tables | {"patients": values}, policy.facts),
            ["primary/policy/patients", "appraisals.py"],
        ),
        "a fact of an appraisal": (
            appraisal(policy.tables, policy.facts | {"worst": {"patient": [3.5]}}),
            ["worst.patient.*", "appraisals.py"],
        ),
        "an appraisal": (
            _with(full, appraisals=primary.appraisals | {"twins": policy}),
            ["primary/twins/values", "appraisals.py"],
        ),
        "a column of the estimates": (
            replace(full, estimates=full.estimates.assign(smallest=1.0)),
            ["estimates", "smallest", "analysis.py"],
        ),
        "a fact of the cohort": (
            replace(full, cohort=dict(full.cohort) | {"oldest": 91.0}),
            ["cohort: oldest", "cohort.py"],
        ),
        "a field of the inputs": (_More(**own, patients=[1]), ["patients", "gate.py"]),
    }


@pytest.mark.parametrize(
    "leak",
    [
        "a column of an appraisal",
        "a table of an appraisal",
        "a fact of an appraisal",
        "an appraisal",
        "a column of the estimates",
        "a fact of the cohort",
        "a field of the inputs",
    ],
)
def test_what_is_not_declared_is_refused_by_name_with_the_file_to_declare_it_in(
    full: ReportInputs, leak: str
) -> None:
    inputs, named = _leaks(full)[leak]
    with pytest.raises(Refused) as refused:
        refuse_undeclared(inputs)
    said = str(refused.value)
    assert all(word in said for word in named), said
    assert "nothing was published" in said


def test_every_exported_column_is_declared(full: ReportInputs) -> None:
    tables = build_report(full).tables | build_report(whole_inputs()).tables
    assert len(tables) > 30
    left = [
        (name, column)
        for name, table in tables.items()
        for column in table
        if not exported_kind(name, column)
    ]
    assert left == []


def test_an_exported_column_without_declaration_and_a_small_number_are_refused() -> None:
    refuse_exports(
        {"fine": pd.DataFrame({"group": ["a"], "n": [10]}), "text": pd.DataFrame({"n": ["<10"]})}, 10
    )
    with pytest.raises(Refused, match=r"column age of tables/odd\.csv"):
        refuse_exports({"odd": pd.DataFrame({"age": [50.0]})}, 10)
    with pytest.raises(Refused, match=r"column n of tables/few\.csv") as refused:
        refuse_exports({"few": pd.DataFrame({"n": [9, 40]})}, 10)
    assert "9" not in str(refused.value).split("found")[1].split("\n")[0]


def test_kinds_are_found_by_path_with_any_key_and_any_rest() -> None:
    declared = kinds(units="a.*.n", setting="b.**", overall="c")
    assert kind_of(("a", "0.05", "n"), declared) == UNITS
    assert kind_of(("b", "x", "*", "y"), declared) == "setting"
    assert kind_of(("a", "n"), declared) is None
    assert kind_of(("d",), declared) is None
    assert [path for path, _ in leaves({"a": [{"n": 1}], "e": [], "f": {}})] == [("a", "*", "n")]
    with pytest.raises(ValueError, match="no such kind"):
        kinds(anything="x")


def test_a_small_number_of_units_among_facts_is_a_problem_and_not_quoted() -> None:
    (problem,) = small_facts("primary/policy", {"n": 7, "judged": 70}, appraisals.FACTS["policy"], 10)
    assert "policy: n" in problem.where
    assert "7" not in problem.found


def test_words_of_the_declarations_are_known_kinds() -> None:
    declared = [one.columns for tables in appraisals.TABLES.values() for one in tables.values()]
    assert {kind for columns in [*declared, exported.COLUMNS] for kind in columns.values()} <= KINDS


READS = {
    "read_table",
    "read_json",
    "read_parquet",
    "read_csv",
    "read_text",
    "read_bytes",
    "open",
    "glob",
    "rglob",
}
#: The page's own style sheet, and the works that hetflow may cite.
OWN_FILES = {("templating.py", "read_text"), ("bibliography.py", "read_text")}


def test_the_page_and_its_figures_read_nothing_but_what_they_are_given() -> None:
    """What is declared and made public is then all that they can show."""
    modules = sorted(Path(report.__file__).parent.rglob("*.py"))
    assert len(modules) > 60
    found = set()
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func
                name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                if name in READS:
                    found.add((path.name, name))
    assert found <= OWN_FILES


def test_facts_of_other_designs_and_of_stages_that_found_nothing_are_declared(full: ReportInputs) -> None:
    unchecked = {"checked": False, "reason": "treatment was not randomised", "notices": [], "engine": ""}
    missing = dict(full.structure) | {
        "structure_index": None,
        "blocks": {"exact": 0, "near": 0, "largest": None},
    }
    inputs = _with(report_inputs(kind="observational"), guards=unchecked)
    plain = inputs.analyses["primary"].displays.drop(columns="kind")
    refuse_undeclared(
        replace(
            _with(inputs, displays=plain),
            structure=missing,
            mechanism=dict(full.mechanism) | {"attrition": None},
            cohort=dict(full.cohort) | {"blinded": True},
        )
    )
