"""What tells a suppressed count beside the tables that hold it: boxes of the flow, hashes of what is withheld."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hetflow.disk import sha256
from hetflow.files import write_table
from hetflow.manifest import artefact_key
from hetflow.publish.content import manifest_file
from hetflow.report.frames_cohort import flow_table
from hetflow.report.words import words
from published_attack import ALLOWED, THRESHOLD
from report_fixture import settings


def _flow(end: int, lost: list[int]) -> pd.DataFrame:
    """A flow that ends with `end` units after `lost` were left out, step by step."""
    totals = [end + sum(lost[place:]) for place in range(len(lost) + 1)]
    return pd.DataFrame(
        {
            "step": range(len(totals)),
            "label": [f"step {place}" for place in range(len(totals))],
            "total": totals,
            "treated": end // 2,
            "control": end - end // 2,
            "excluded": [0, *lost],
            "unknown": 0,
        }
    )


def _printed(end: int, lost: list[int]) -> str:
    own = words(settings() | {"minimum_cell_count": THRESHOLD}, [], "primary")
    return str(flow_table(_flow(end, lost), own, THRESHOLD)[1].to_csv())


@pytest.mark.parametrize("more", [[], [25], [3], [0]])
@pytest.mark.parametrize("end", range(840, 850))
def test_no_box_of_the_flow_tells_how_few_were_left_out(end: int, more: list[int]) -> None:
    printed: dict[str, list[int]] = {}
    for few in range(1, THRESHOLD):
        printed.setdefault(_printed(end, [few, *more]), []).append(few)
        printed.setdefault(_printed(end, [*more, few]), []).append(few)
    assert min(map(len, printed.values())) >= ALLOWED
    assert f",{end + 25}," in _printed(end, [25])  # where enough were left out, all is told


def _guesses(folder: Path) -> dict[int, str]:
    """SHA-256 of the flow's table by how many were left out: whoever has source and environment can make them all."""
    found = {}
    for few in range(1, THRESHOLD):
        write_table(_flow(840, [few]), folder / f"{few}.parquet", "table")
        found[few] = sha256(folder / f"{few}.parquet")
    return found


def test_no_published_hash_tells_a_right_guess_of_a_suppressed_count(tmp_path: Path) -> None:
    """A dictionary attack: nine candidates of a withheld table, made anew and compared by hash."""
    guesses = _guesses(tmp_path)
    assert len(set(guesses.values())) == THRESHOLD - 1  # its power: plain hashes tell the count
    data = tmp_path / "trial.csv"
    data.write_text("id,arm\n1,0\n")
    manifest: dict[str, Any] = {
        "data": {"sha256": sha256(data), "rows": 843, "columns": 2, "artefact_key": artefact_key(data)},
        "artefacts": {"flow.parquet": {"sha256": guesses[3], "bytes": 2858}},
        "settings": {},
        "code": {},
        "versions": {},
    }
    text = manifest_file(manifest)["manifest.json"].decode()
    assert not [few for few, digest in guesses.items() if digest in text]
    assert artefact_key(data) not in text
    published = json.loads(text)
    assert published["data"] == {"sha256": sha256(data)}  # no rows: 843 less 840 is the suppressed count
    assert set(published["artefacts"]["flow.parquet"]) == {"hmac_sha256"}
    data.write_text("id,arm\n1,1\n")
    manifest["data"]["artefact_key"] = artefact_key(data)
    assert manifest_file(manifest)["manifest.json"].decode() != text
