"""`make verify-run` knows a run by what its manifest says of how it was started, not by the study file alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import manifest as manifest_script
import pytest
import verify_run
from hetflow.disk import sha256, write_text
from hetflow.files import read_json, stamped_json
from hetflow.run import Start
from hetflow.start import prepare
from in_process import ROOT, inside
from planned_study import lay_out


def finish(config: dict[str, Any]) -> Start:
    """A run that was started with `config` beside the study file, as far as the manifest looks at it."""
    begun = prepare([Path("small.yaml")], dict(config), ROOT / "workflow", "python")
    source = {"file": "small.csv", "sha256": sha256(begun.data_file)}
    write_text(stamped_json({"source": source}, "cohort_facts"), begun.place("cohort.json"))
    for name, content in begun.settings().items():
        write_text(stamped_json(content, "settings"), begun.place(name))
    places = {"results": begun.place(""), "data": begun.data_file, "lock": ROOT / "envs" / "lock.txt"}
    words = [word for name, place in places.items() for word in (f"--{name}", str(place))]
    words += ["--artefacts", str(begun.place("cohort.json")), "--settings"]
    words += [str(begun.place(name)) for name in begun.plan.all_settings()]
    words += ["--code", json.dumps(begun.codes()), "--config", begun.config()]
    assert manifest_script.main([*words, "--manifest", str(begun.place("manifest.json"))]) == 0
    return begun


def verified(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """Exit status and words of `make verify-run`."""
    capsys.readouterr()
    try:
        status = verify_run.main(["--study", "small.yaml"])
    except SystemExit as ended:
        status = int(str(ended))
    found = capsys.readouterr()
    return status, [line for line in (found.out + found.err).splitlines() if line]


def none(name: str) -> str:
    return f"results/{name}: 1 artefacts; differences from the manifest: none"


@pytest.mark.parametrize(
    ("config", "name"),
    [({"blinded": True}, "small-blinded"), ({"blinded": True, "seed": 5, "folds": 4}, "small-blinded"),
     ({"forest": {"trees": 200}, "new_data": "small.csv"}, "small"), ({}, "small")],
)  # fmt: skip
def test_a_run_is_held_to_the_study_as_it_was_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], config: dict[str, Any], name: str
) -> None:
    with inside(tmp_path):
        lay_out(tmp_path)
        begun = finish(config)
        listed = read_json(begun.place("manifest.json"), "facts")
        assert listed["config"] == {key: value for key, value in config.items() if key != "new_data"}
        assert verified(capsys) == (0, [none(name)])


def test_the_open_run_and_the_blinded_one_are_both_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with inside(tmp_path):
        lay_out(tmp_path)
        finish({})
        hidden = finish({"blinded": True, "seed": 5})
        assert verified(capsys) == (0, [none("small"), none("small-blinded")])
        hidden.place("cohort.json").write_text("{}")
        study = Path("small.yaml")
        study.write_text(study.read_text().replace("trees: 80", "trees: 120"))
        status, said = verified(capsys)
    assert status == verify_run.DIFFERS
    own = said[said.index(next(line for line in said if line.startswith("results/small:"))) + 1 :]
    assert any("artefact cohort.json: SHA-256 was" in line for line in own)
    for lines in (said[: -len(own)], own):
        assert any("forest.trees was 80, is 120" in line for line in lines)
        assert not any("seed" in line for line in lines)


def test_without_a_finished_run_it_is_said_where_one_would_lie(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with inside(tmp_path):
        lay_out(tmp_path)
        status, said = verified(capsys)
    assert status == 2
    assert "results/small or results/small-blinded: manifest.json" in " ".join(said)
    assert "run the study to its end first" in " ".join(said)
