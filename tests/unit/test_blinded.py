"""Blinded runs: arms permuted as the design allows, before anything is written, and apart from the results."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import ingest as ingest_script
import numpy as np
import pandas as pd
import publish as publish_script
import pytest
from hetflow.cohort.blinded import blinded
from hetflow.cohort.ingest import ingest
from hetflow.cohort.permute import FEWEST, donors, pooled
from hetflow.errors import Refused
from hetflow.files import read_json, read_table
from hetflow.report.page import build_report
from hetflow.start import prepare
from hetflow.study.blinding import folder_problems, never_blinded
from in_process import ROOT, inside
from planned_study import freeze, lay_out, planned, study
from report_fixture import report_inputs
from small_project import small_data
from small_study import small_raw, small_settings

SEED = {"seed": 7}


def rng(seed: int = 1) -> np.random.Generator:
    """A generator of a seed."""
    return np.random.default_rng(seed)


def test_arms_are_permuted_within_strata_in_the_same_numbers() -> None:
    group = np.repeat([0, 1, 2], [40, 60, 20])
    arm = (rng(3).random(120) < 0.4).astype(np.int8)
    whose = donors(arm, group, None, rng())
    assert sorted(whose) == list(range(120))
    assert (group[whose] == group).all()
    assert (arm[whose] != arm).sum() > 20
    assert not np.array_equal(donors(arm, group, None, rng(2)), whose)


def test_strata_that_would_hide_nothing_are_taken_together() -> None:
    group = np.repeat([0, 1, 2, 3], [30, 3, 4, 2])
    arm = np.concatenate([np.arange(30) % 2, [1, 1, 1], [0, 0, 0, 1], [0, 0]]).astype(np.int8)
    whole = pooled(arm, group)
    assert set(whole[30:]) == {1}
    assert set(whole[:30]) == {0}
    alone = pooled(np.array([1, 1, 1, 0, 0, 1, 0], dtype=np.int8), np.array([0, 0, 0, 1, 1, 1, 1]))
    assert len(set(alone)) == 1, "the rest alone would have one arm"
    for one in np.unique(whole):
        assert min((arm[whole == one] == 1).sum(), (arm[whole == one] == 0).sum()) >= FEWEST


def test_whole_clusters_change_places_where_treatment_is_theirs() -> None:
    cluster = np.repeat(np.arange(20), np.arange(3, 23))
    treated = np.arange(20) % 2
    arm = treated[cluster].astype(np.int8)
    whose = donors(arm, np.zeros(len(arm), dtype=np.intp), cluster, rng())
    new = arm[whose]
    by_cluster = [set(new[cluster == one]) for one in range(20)]
    assert all(len(one) == 1 for one in by_cluster)
    assert sum(one == {1} for one in by_cluster) == 10
    assert (new != arm).any()
    strata = (cluster >= 10).astype(np.intp)
    within = arm[donors(arm, strata, cluster, rng())]
    assert sum(within[cluster == one][0] for one in range(10)) == 5


def test_treatment_of_units_in_clusters_is_permuted_by_units() -> None:
    cluster = np.repeat(np.arange(30), 4)
    arm = np.tile([0, 1], 60).astype(np.int8)
    whose = donors(arm, np.zeros(120, dtype=np.intp), cluster, rng())
    assert len({int(arm[whose][cluster == one].sum()) for one in range(30)}) > 1


def test_raw_data_are_left_alone_unless_a_run_is_blinded() -> None:
    raw = small_raw()
    assert blinded(raw, small_settings()) is raw


def test_only_the_treatment_moves_and_every_stratum_keeps_its_arms() -> None:
    raw, settings = small_raw(), small_settings(blinded=SEED)
    before = raw.copy()
    hidden = blinded(raw, settings)
    pd.testing.assert_frame_equal(raw, before)
    pd.testing.assert_frame_equal(hidden.drop(columns="arm"), raw.drop(columns="arm"))
    assert (hidden["arm"] != raw["arm"]).sum() > 20
    pd.testing.assert_frame_equal(
        pd.crosstab(hidden["site"], hidden["arm"]), pd.crosstab(raw["site"], raw["arm"])
    )
    pd.testing.assert_frame_equal(blinded(raw, settings), hidden)


def test_the_permutation_cannot_be_drawn_again_without_the_arms() -> None:
    """Its stream is keyed by the arms themselves: one pair of units exchanged gives another permutation."""
    raw, settings = small_raw(), small_settings(blinded=SEED)
    raw["row"] = np.arange(len(raw)).astype(str)
    raw["arm"] = [f"{arm}{row}" for arm, row in zip(raw["arm"], raw["row"], strict=True)]
    values = {arm: [one for one in raw["arm"] if one.startswith(arm)] for arm in "AB"}
    settings["treatment"] = settings["treatment"] | {"treated": values["A"], "control": values["B"]}

    def order(frame: pd.DataFrame) -> list[str]:
        return [cell[1:] for cell in blinded(frame, settings)["arm"]]

    other = raw.copy()
    first, second = (raw.index[(raw["site"] == "x") & raw["arm"].str.startswith(arm)][0] for arm in "AB")
    other.loc[[first, second], "arm"] = [raw.loc[second, "arm"], raw.loc[first, "arm"]]
    assert order(raw) != order(other)
    moved = sum(one != two for one, two in zip(order(raw), order(other), strict=True))
    assert moved > len(raw) / 2
    assert order(raw) != [cell[1:] for cell in blinded(raw, settings | {"blinded": {"seed": 8}})["arm"]]


def test_missing_outcomes_stay_with_their_units() -> None:
    raw, settings = small_raw(), small_settings(blinded=SEED)
    open_run, run = ingest(raw, small_settings()), ingest(blinded(raw, settings), settings)
    pd.testing.assert_frame_equal(run.outcomes, open_run.outcomes)
    pd.testing.assert_frame_equal(run.cohort.drop(columns="treated"), open_run.cohort.drop(columns="treated"))
    assert run.facts["arms"] == open_run.facts["arms"]
    assert not run.baseline.equals(open_run.baseline)


def test_eligible_arms_keep_their_numbers_and_rules_may_not_tell_them_apart() -> None:
    rule = [{"label": "Older", "expression": "age >= 22 and arm in ['A', 'B']"}]
    raw, settings = small_raw(), small_settings(blinded=SEED, eligibility=rule)
    assert ingest(blinded(raw, settings), settings).facts["arms"] == ingest(raw, settings).facts["arms"]
    telling = [{"label": "Odd", "expression": "arm == 'A' or age >= 25"}]
    with pytest.raises(Refused, match="do not tell the compared arms apart"):
        blinded(raw, small_settings(blinded=SEED, eligibility=telling))


def test_a_column_that_tells_the_true_arm_is_refused_as_in_an_open_run() -> None:
    """Beside permuted arms it would no longer look like the treatment, and would hand out the true ones."""
    raw = small_raw()
    raw["group"] = raw["arm"].map({"A": "new", "B": "old"})
    settings = small_settings(dictionary={"group": {"role": "covariate", "kind": "nominal"}})
    for one in (settings, settings | {"blinded": SEED}):
        with pytest.raises(Refused, match="the same as the treatment"):
            ingest(blinded(raw, one), one)


def _written(folder: Path, blind: bool) -> Path:
    """Everything that ingest writes for the small study."""
    with inside(folder):
        begun = lay_out(folder, study(blinded=blind))
        out = Path(begun.file(""))
        out.mkdir(parents=True)
        (folder / "cohort-settings.json").write_text(begun.study_settings("cohort") + "\n")
        names = {"cohort": "parquet", "outcomes": "parquet", "facts": "json"}
        names |= dict.fromkeys(("flow", "baseline", "reasons"), "parquet")
        writes = [
            word for name, ending in names.items() for word in (f"--{name}", str(out / f"{name}.{ending}"))
        ]
        words = ["--data", begun.data_file, "--settings", "cohort-settings.json", *writes]
        assert ingest_script.main([*words, "--log", str(out / "ingest.log")]) == 0
    return folder / out


def test_nothing_that_ingest_writes_holds_the_true_arms(tmp_path: Path) -> None:
    out = _written(tmp_path, blind=True)
    assert out.name == "small-blinded"
    truth = small_data()["arm"].to_numpy()
    cohort = read_table(out / "cohort.parquet", "cohort")
    permuted = cohort["treated"].to_numpy()
    assert permuted.sum() == truth.sum()
    assert 0.3 < (permuted != truth).mean() < 0.7  # 0.5 expected; 240 units, standard error 0.03
    for path in out.rglob("*.parquet"):
        for name, column in pd.read_parquet(path).items():
            if len(column) == len(truth) and pd.api.types.is_numeric_dtype(column):
                assert not np.array_equal(column.to_numpy(), truth), (path, name)
                assert not np.array_equal(1 - column.to_numpy(), truth), (path, name)
    facts = read_json(out / "facts.json", "cohort_facts")
    assert facts["blinded"]
    means = read_table(out / "baseline.parquet", "table").set_index("variable").loc["age"]
    age = small_data()["age"].to_numpy()
    assert means["mean_treated"] == pytest.approx(age[permuted == 1].mean())
    assert means["mean_treated"] != pytest.approx(age[truth == 1].mean())


def test_an_open_run_is_as_it_was(tmp_path: Path) -> None:
    out = _written(tmp_path, blind=False)
    assert out.name == "small"
    truth = small_data()["arm"].to_numpy()
    assert (read_table(out / "cohort.parquet", "cohort")["treated"].to_numpy() == truth).all()
    assert "blinded" not in read_json(out / "facts.json", "cohort_facts")
    with inside(tmp_path):
        begun = lay_out(tmp_path)
        assert not any("blinded" in begun.study_settings(stage) for stage in ("cohort", "report", "planned"))


def test_blinding_is_no_deviation_from_a_plan(tmp_path: Path) -> None:
    freeze(tmp_path)
    assert planned(tmp_path, study(blinded=True)) == planned(tmp_path)
    with inside(tmp_path):
        assert "agrees with it" in lay_out(tmp_path, study(blinded=True)).plan_state()


def test_a_blinded_run_is_neither_published_nor_asked_for_predictions(tmp_path: Path, capsys: Any) -> None:
    for target in ("publish", "predict"):
        problems = [*never_blinded(True, ["--cores", "2", target])]
        assert [problem.where for problem in problems] == [f"blinded: {target}"]
        assert "set `blinded: false`" in problems[0].remedy
        assert not [*never_blinded(False, [target])]
    assert not [*never_blinded(True, ["check", "plan", "all"])]
    with inside(tmp_path):
        begun = lay_out(tmp_path, study(blinded=True))
        named = {"settings": "report", "publish": "publish"}
        for option, stage in named.items():
            Path(f"{option}.json").write_text(begun.study_settings(stage) + "\n")
        words = [word for name in named for word in (f"--{name}", f"{name}.json")]
        others = ["results", "cohort", "manifest", "lock", "data", "records", "crate", "archive"]
        assert publish_script.main([*words, *(w for name in others for w in (f"--{name}", "none"))]) == 2
        assert "a study that is unblinded" in capsys.readouterr().err
        assert not Path("none").exists()


def test_results_of_permuted_arms_lie_apart_wherever_results_go(tmp_path: Path) -> None:
    with inside(tmp_path):
        lay_out(tmp_path)
        hidden = prepare([Path("small.yaml")], {"blinded": True}, ROOT / "workflow", "python").plan.study
        shown = prepare([Path("small.yaml")], {}, ROOT / "workflow", "python").plan.study
    assert not [*folder_problems(hidden, "results/small-blinded"), *folder_problems(shown, "results/small")]
    assert "ends in -blinded" in str(next(folder_problems(hidden, "study/results")))
    assert "does not end in -blinded" in str(next(folder_problems(shown, "study/x-blinded")))


def test_the_page_of_a_blinded_run_says_so_on_screen_and_paper() -> None:
    inputs = report_inputs()
    open_page = build_report(inputs).html
    report = build_report(replace(inputs, settings=dict(inputs.settings) | {"blinded": {"seed": 1}}))
    page = report.html
    for name in ("results.md", "methods.md", "checklists.md"):
        assert "Blinded, arms permuted, no results" in report.reporting[name].splitlines()[0]
    said = "Blinded: arms are permuted; no number here is a result."
    assert said in page
    assert "<title>Blinded: " in page
    assert 'class="permuted"' in page
    assert said not in open_page
    assert 'class="permuted"' not in open_page
    printed = page[page.index("@media print") :]
    assert ".permuted {" in printed
    assert json.dumps(said) not in open_page
