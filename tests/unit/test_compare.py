"""Two runs compared: conclusions, causes, what cannot be compared, and the exit status."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import compare as script
import pytest
from compared_runs import SEEDED, Made, compared, crate_files, crate_zip, made_up, run_folder, said
from hetflow.compare.compared import compare
from hetflow.compare.explain import causes
from hetflow.compare.page import comparison_page, conclusion_headline
from hetflow.compare.read import read_run
from hetflow.errors import Refused
from hetflow.report.page import build_report
from report_fixture import report_inputs


def test_the_same_run_twice_differs_in_nothing(tmp_path: Path, base: Made) -> None:
    found = compared(tmp_path, base, base)
    assert causes(found) == []
    assert found.identical
    assert not found.conclusion_changed
    assert not found.number_changed
    assert found.pictures == []
    assert conclusion_headline(found) == "No conclusion changed"
    assert "so is every file, byte for byte" in said(found)


def test_numbers_that_moved_without_a_cause_are_not_explained_away(
    tmp_path: Path, base: Made, other: Made
) -> None:
    found = compared(tmp_path, base, other)
    assert causes(found) == []
    assert "which should not be" in said(found)


def test_only_another_seed_is_chance_and_a_conclusion_that_it_changes_is_not_settled(
    tmp_path: Path, base: Made, other: Made
) -> None:
    found = compared(tmp_path / "one", base, base, **SEEDED)
    assert [(one.key, one.b, len(one.files)) for one in found.settings] == [("seed", "7", 3)]
    assert causes(found) == ["the seed"]
    assert "chance of the computation" in said(found)
    assert "should not be reported as settled" not in said(found)
    assert (
        "The files of cohort are the same, byte for byte; the first that differ are of the stage “folds”."
        in said(found)
    )
    assert "should not be reported as settled" in said(compared(tmp_path / "two", base, other, **SEEDED))


def test_each_cause_is_told_by_its_own_words_and_several_are_not_told_apart(
    tmp_path: Path, base: Made
) -> None:
    forest = {"settings": {"primary/settings/forest.json": {"forest": {"trees": 500}}}}
    found = compared(tmp_path / "1", base, base, **forest)
    assert [(one.key, one.a, one.b, one.stages) for one in found.settings] == [
        ("forest.trees", "2000", "500", ("forest",))
    ]
    assert "They are read by the stages forest." in said(found)
    words = compared(tmp_path / "2", base, base, report={"title": "Another"})
    assert "No stage that makes an estimate reads them" in said(words)
    data = compared(tmp_path / "3", base, base, data={"sha256": "e" * 64, "rows": 824})
    assert "Only the data file differs" in said(data)
    assert ("Rows of the file", "823", "824") in data.data.facts
    software = compared(tmp_path / "4", base, base, versions={"packages": {"numpy": "2.1.0"}})
    assert software.versions == [("numpy", "2.0.0", "2.1.0")]
    assert "Only code or versions differ" in said(software)
    code = compared(tmp_path / "5", base, base, code={"page": "f" * 64})
    assert code.code == [("page", "c" * 64, "f" * 64)]
    both = compared(tmp_path / "6", base, base, data={"sha256": "e" * 64}, **forest)
    assert "Settings and the data differ at once" in said(both)
    assert "Whatever differs follows" not in said(both)


def test_a_key_that_is_null_and_one_that_is_not_there_are_told_apart(tmp_path: Path, base: Made) -> None:
    a = {"settings": {"primary/settings/forest.json": {"depth": None, "old": 1, "kept": [1, 2]}}}
    b = {
        "primary/settings/forest.json": {"depth": 3, "new": None, "kept": [1, 2]},
        "x/settings/draws.json": {},
    }
    found = compared(tmp_path, base, base, a, settings=b)
    assert [(one.key, one.a, one.b) for one in found.settings] == [
        ("", "not there", "there"),
        ("depth", "null", "3"),
        ("new", "not there", "null"),
        ("old", "1", "not there"),
    ]


def test_changed_conclusions_are_those_of_the_answers(tmp_path: Path, base: Made, other: Made) -> None:
    found = compared(tmp_path, base, other)
    changed = {one.asked: (one.a, one.b) for one in found.changed_conclusions}
    assert changed["On average, does it help?"] == (
        "shown to be a benefit",
        "neither shown to help nor to harm",
    )
    assert changed["Would we find it again?"][0].startswith(
        "Found again within this trial, by every analysis"
    )
    assert set(changed) == {
        "On average, does it help?",
        "Is there heterogeneity?",
        "For whom?",
        "Would we find it again?",
    } - {one.asked for one in found.conclusions if not one.changed}
    (test,) = found.changed_decisions
    assert test.name == "ranking by predicted benefit, sequential (RATE)"
    assert (test.p_a, test.p_b) == (2e-4, 0.8)
    assert "conclusions changed, and 1 decision of a test" in conclusion_headline(found)


def test_a_decision_changes_where_p_or_its_adjustment_crosses_five_per_cent(
    tmp_path: Path, base: Made
) -> None:
    near = made_up(score_residual_all=0.049)
    beyond = made_up(score_residual_all=0.051)
    found = compared(tmp_path / "1", near, beyond)
    assert len(found.changed_decisions) == 1
    assert found.conclusion_changed
    within = compared(tmp_path / "2", near, made_up(score_residual_all=0.048))
    assert not within.changed_decisions
    assert within.number_changed


def test_a_global_test_is_matched_by_its_name_whatever_learner_it_chose(tmp_path: Path, base: Made) -> None:
    ledger = (
        base[1].tables["ledger"].assign(of=lambda table: table["of"].where(table["in_family"] != 1, "linear"))
    )
    found = compared(tmp_path, base, base, files={"tables/ledger.csv": ledger.to_csv(index=False).encode()})
    family = [one for one in found.decisions if one.in_family]
    assert len(family) == 8
    assert all(one.in_both and ":" not in one.name for one in family)


def test_a_renamed_arm_changes_no_conclusion_on_the_average_effect(tmp_path: Path, base: Made) -> None:
    inputs = base[0]
    treatment = dict(inputs.settings["treatment"]) | {"treated_label": "Drug"}
    settings = dict(inputs.settings) | {"treatment": treatment}
    renamed = made_up()[0].__class__(
        **{name: getattr(inputs, name) for name in inputs.__slots__} | {"settings": settings}
    )
    found = compared(tmp_path, base, (renamed, build_report(renamed)))
    assert not found.conclusion_changed
    assert "do not name the treatments alike" in unescape(comparison_page(found))


def test_runs_of_two_kinds_of_study_are_refused_and_other_outcomes_are_told(
    tmp_path: Path, base: Made
) -> None:
    inputs = report_inputs(kind="observational", autoc_p=float("nan"), rate_p=float("nan"))
    with pytest.raises(Refused, match="randomised and observational"):
        compared(tmp_path / "1", base, (inputs, build_report(inputs)))
    found = compared(tmp_path / "2", base, base, report={"outcome": "birth_weight", "study": "another"})
    page = unescape(comparison_page(found))
    assert "do not have the same primary outcome: A has pd_reduction, B has birth_weight" in page
    assert "do not have the same study" in page


def test_a_crate_and_a_folder_of_one_run_are_told_apart_by_form_alone(tmp_path: Path, base: Made) -> None:
    crate = crate_zip(tmp_path / "a.zip", crate_files(base))
    found = compare(read_run(crate), read_run(run_folder(tmp_path / "b", base)))
    assert causes(found) == []
    assert found.settings == []
    assert found.identical  # by hashes that are keyed in one and plain in the other
    assert "A is a crate, in which small counts are suppressed" in said(found)
    assert "keyed by its data file" not in said(found)
    assert "for the study team: it shows a run" in comparison_page(found)
    assert "for the study team" not in comparison_page(compare(read_run(crate), read_run(crate)))
    assert "/home/somebody" not in comparison_page(found)


def test_crates_of_other_data_say_that_their_hashes_are_keyed(tmp_path: Path, base: Made) -> None:
    other = {"data": {"sha256": "f" * 64, "artefact_key": "a" * 64}}
    crates = [
        crate_zip(tmp_path / "a.zip", crate_files(base)),
        crate_zip(tmp_path / "b.zip", crate_files(base, **other)),
    ]
    found = compare(*map(read_run, crates))
    assert not any(stage.same for stage in found.stages)
    assert "for the study team: what differs between two data files" in comparison_page(found)
    assert "keyed by its data file, so that of other data every file counts as another" in said(found)


def test_a_run_without_the_key_is_not_compared_with_a_crate(tmp_path: Path, base: Made) -> None:
    crate = read_run(crate_zip(tmp_path / "a.zip", crate_files(base)))
    folder = run_folder(tmp_path / "b", base, data={"artefact_key": None})
    with pytest.raises(Refused, match="made by an earlier hetflow"):
        compare(crate, read_run(folder))


@pytest.mark.parametrize(
    ("which", "fail_on", "status"),
    [
        ("same", "change", 0),
        ("moved", "conclusion", 0),
        ("moved", "change", 1),
        ("other", "nothing", 0),
        ("other", "conclusion", 1),
        ("other", "change", 1),
    ],
)
def test_the_exit_status_says_what_was_asked(
    tmp_path: Path, base: Made, other: Made, which: str, fail_on: str, status: int
) -> None:
    second = {"same": base, "other": other}.get(which) or made_up(ate=0.387)
    paths = [run_folder(tmp_path / "a", base), run_folder(tmp_path / "b", second)]
    options = [
        "--a",
        str(paths[0]),
        "--b",
        str(paths[1]),
        "--page",
        str(tmp_path / "c.html"),
        "--fail-on",
        fail_on,
    ]
    if status:
        with pytest.raises(SystemExit) as ended:
            script.main(options)
        assert ended.value.code == status
    else:
        assert script.main(options) == 0
    assert (tmp_path / "c.html").is_file()


def test_what_cannot_be_compared_has_status_two(tmp_path: Path, base: Made, capsys) -> None:
    run_folder(tmp_path / "a", base)
    options = ["--a", str(tmp_path / "a"), "--b", str(tmp_path / "none"), "--page", str(tmp_path / "c.html")]
    assert script.main(options) == 2
    assert "nothing of that name" in capsys.readouterr().err
    assert not (tmp_path / "c.html").exists()
