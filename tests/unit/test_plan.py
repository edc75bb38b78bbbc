"""The analysis plan: what it is made from, that it is never written over, and how it is amended."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hetflow.cohort import binary_formats, text_formats
from hetflow.errors import Refused
from hetflow.files import read_json, write_json
from hetflow.prespecified.agreement import agreement, deviations
from hetflow.prespecified.content import digest
from hetflow.prespecified.store import Frozen, read_plan
from hetflow.start import prepare
from in_process import ROOT, inside
from planned_study import AMENDED, ANALYSES, files, freeze, lay_out, planned, study
from small_project import small_data


def test_a_plan_is_a_document_and_its_hash_beside_the_study_file(tmp_path: Path, capsys: Any) -> None:
    assert freeze(tmp_path) == 0
    assert sorted(files(tmp_path)) == ["plan.json", "plan.md"]
    document = read_json(tmp_path / "small-plan" / "plan.json", "plan")
    said = capsys.readouterr().out
    page = (tmp_path / "small-plan" / "plan.md").read_text(encoding="utf-8")
    assert document["sha256"] == digest(document["content"])
    for found in (said, page):
        assert document["sha256"] in found
    assert document["document_sha256"] in said
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", document["frozen"]["date"])
    assert "frozen" not in document["content"]
    assert not document["frozen"]["outcomes_read_before"]
    for words in (
        "drug or placebo",
        "`lab0`",
        "`multiple_imputation`",
        "`forest.trees`",
        "older",
        "sequential",
    ):
        assert words in page, words


def test_outcomes_change_no_byte_of_a_plan_and_no_row_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def touched(*_: Any, **__: Any) -> None:
        raise AssertionError("a row of the data was read")

    for module in (text_formats, binary_formats):
        for reader in ("read", "count"):
            monkeypatch.setattr(module, reader, touched)
    for name, shift in (("one", 0.0), ("other", 7.5)):
        folder = tmp_path / name
        folder.mkdir()
        data = small_data()
        data["y0"] = data["y0"] * -1 + shift
        data.to_csv(folder / "small.csv", index=False)
        assert freeze(folder) == 0
    assert files(tmp_path / "one") == files(tmp_path / "other")
    with inside(tmp_path / "one"), pytest.raises(AssertionError, match="a row of the data was read"):
        prepare([Path("small.yaml")], {}, ROOT / "workflow", "python")


def test_the_hash_of_the_data_is_in_the_plan_only_on_request(tmp_path: Path) -> None:
    (tmp_path / "named").mkdir()
    assert freeze(tmp_path) == 0
    assert freeze(tmp_path / "named", study(plan={"hash_data": True})) == 0
    plain, named = (read_plan(folder / "small-plan") for folder in (tmp_path, tmp_path / "named"))
    assert plain is not None
    assert named is not None
    assert "data_sha256" not in plain.original
    assert re.fullmatch("[0-9a-f]{64}", named.original["data_sha256"])
    data = tmp_path / "named" / "small.csv"
    data.write_text(data.read_text().replace("North", "Nord"))
    assert freeze(tmp_path / "named") == 2


def test_no_path_of_the_data_is_in_a_plan(tmp_path: Path) -> None:
    assert freeze(tmp_path) == 0
    assert not any(b"small.csv" in one or str(tmp_path).encode() in one for one in files(tmp_path).values())


def test_a_plan_is_not_written_over(tmp_path: Path, capsys: Any) -> None:
    freeze(tmp_path)
    before = files(tmp_path)
    capsys.readouterr()
    assert freeze(tmp_path) == 0
    assert "nothing was written" in capsys.readouterr().out
    relabelled = study(title="Another title", analyses=ANALYSES | {"primary": {"label": "Main"}})
    assert freeze(tmp_path, relabelled) == 0
    assert freeze(tmp_path, study(forest={"trees": 120})) == 2
    said = capsys.readouterr().err
    assert "forest.trees was 80, is 120" in said
    assert "plan.amendments" in said
    assert files(tmp_path) == before


AGAIN = {"date": "2026-12-24", "reason": "Fewer folds were enough for all."}


def test_amendments_are_numbered_and_form_a_chain(tmp_path: Path, capsys: Any) -> None:
    freeze(tmp_path)
    first = files(tmp_path)
    more = {"forest": {"trees": 120}}
    assert freeze(tmp_path, study(**more, plan={"amendments": [AMENDED]})) == 0
    assert sorted(files(tmp_path)) == ["amendment-1.json", "amendment-1.md", "plan.json", "plan.md"]
    assert files(tmp_path) | first == files(tmp_path)
    both = study(**more, folds=4, plan={"amendments": [AMENDED, AGAIN]})
    assert freeze(tmp_path, both) == 0
    frozen = read_plan(tmp_path / "small-plan")
    assert frozen is not None
    assert [one["reason"] for one in frozen.amendments] == [AMENDED["reason"], AGAIN["reason"]]
    page = files(tmp_path)["amendment-1.md"].decode()
    assert AMENDED["reason"] in page
    assert "`forest.trees` | primary, complete\\_variables | `80` | `120`" in page
    assert freeze(tmp_path, both) == 0
    assert "amended 2 times" in capsys.readouterr().out
    now = planned(tmp_path, study(forest={"trees": 160}, folds=4))
    found = {(one.change.key, one.change.now): one.amendment for one in deviations(frozen, now)}
    assert found == {("forest.trees", "160"): 0, ("folds", "4"): 2}
    assert "1 not as planned: forest.trees" in agreement(frozen, now)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"plan": {"amendments": [AMENDED]}}, "amendment 1 and no change"),
        ({"folds": 4, "plan": {"amendments": [AMENDED, AGAIN]}}, "one amendment more than the 0"),
    ],
)
def test_an_amendment_that_does_not_fit_is_refused(
    tmp_path: Path, capsys: Any, changed: dict[str, Any], words: str
) -> None:
    freeze(tmp_path)
    before = files(tmp_path)
    assert freeze(tmp_path, study(**changed)) == 2
    assert words in capsys.readouterr().err
    assert files(tmp_path) == before


def test_an_amendment_needs_a_plan_and_stays_as_it_was_frozen(tmp_path: Path, capsys: Any) -> None:
    assert freeze(tmp_path, study(plan={"amendments": [AMENDED]})) == 2
    assert "no amendments before a plan is frozen" in capsys.readouterr().err
    assert freeze(tmp_path) == 0
    assert freeze(tmp_path, study(folds=4, plan={"amendments": [AMENDED]})) == 0
    assert freeze(tmp_path, study(folds=4)) == 2
    other = AMENDED | {"reason": "Something else altogether."}
    assert freeze(tmp_path, study(folds=4, plan={"amendments": [other]})) == 2
    said = capsys.readouterr().err
    assert "the 1 amendments that are frozen" in said
    assert "as in amendment-1.json" in said


def test_an_amendment_says_when_and_why(tmp_path: Path) -> None:
    wrong = [{"date": "soon", "reason": "Nobody knows when."}, {"date": "2026-12-01", "reason": ""}]
    with inside(tmp_path), pytest.raises(Refused) as refused:
        lay_out(tmp_path, study(plan={"amendments": wrong}))
    assert "plan.amendments.0.date" in str(refused.value)
    assert "plan.amendments.1.reason" in str(refused.value)
    with inside(tmp_path), pytest.raises(Refused, match=r"2026-12-24 or later"):
        lay_out(tmp_path, study(plan={"amendments": [AGAIN, AMENDED]}))


def _forge(folder: Path) -> None:
    """A plan whose content was changed by somebody who mended the file's own checksum."""
    path = folder / "plan.json"
    document = read_json(path, "plan")
    document["content"]["analyses"]["primary"]["forest"]["trees"] = 120
    write_json(document, path, "plan")


TAMPERED = {
    "the document": lambda folder: (folder / "plan.md").write_text("# Another plan\n"),
    "no document": lambda folder: (folder / "plan.md").unlink(),
    "a byte": lambda folder: (folder / "plan.json").write_text(
        (folder / "plan.json").read_text().replace('"trees":80', '"trees":90')
    ),
    "the content": _forge,
    "no plan": lambda folder: (folder / "plan.json").unlink(),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_plan_that_was_tampered_with_is_refused(tmp_path: Path, how: str) -> None:
    freeze(tmp_path)
    TAMPERED[how](tmp_path / "small-plan")
    with inside(tmp_path), pytest.raises(Refused) as refused:
        prepare([Path("small.yaml")], {}, ROOT / "workflow", "python")
    assert "small-plan" in str(refused.value)
    assert "put the file back as it was frozen" in str(refused.value)


def test_amendments_of_another_plan_are_refused(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("other", 6)):
        (tmp_path / name).mkdir()
        freeze(tmp_path / name, study(seed=seed))
        freeze(tmp_path / name, study(seed=seed, folds=4, plan={"amendments": [AMENDED]}))
    for ending in ("md", "json"):
        strange = tmp_path / "other" / "small-plan" / f"amendment-1.{ending}"
        strange.replace(tmp_path / "one" / "small-plan" / strange.name)
    with pytest.raises(Refused, match="an amendment of the plan"):
        read_plan(tmp_path / "one" / "small-plan")


def test_without_a_plan_check_says_how_to_freeze_one(tmp_path: Path) -> None:
    with inside(tmp_path):
        assert "none is frozen" in lay_out(tmp_path).plan_state()
    freeze(tmp_path)
    with inside(tmp_path):
        assert "the study agrees with it" in lay_out(tmp_path).plan_state()
        assert "1 not as planned: folds" in lay_out(tmp_path, study(folds=4)).plan_state()


def test_a_frozen_plan_holds_its_first_and_its_last_content() -> None:
    frozen = Frozen(({"content": {"a": 1}}, {"content": {"a": 2}}))
    assert (frozen.original, frozen.latest, len(frozen.amendments)) == ({"a": 1}, {"a": 2}, 1)
