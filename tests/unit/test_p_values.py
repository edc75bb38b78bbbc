"""The sweep for p-values finds what the ledger lacks, wherever a stage put it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from p_values import unlisted


def test_a_p_value_that_the_ledger_lacks_is_found_in_tables_and_facts(tmp_path: Path) -> None:
    for folder in ("tables", "primary/new", "missingness"):
        (tmp_path / folder).mkdir(parents=True)
    pd.DataFrame({"p": [0.25, 0.5]}).to_parquet(tmp_path / "tables" / "ledger.parquet")
    made = pd.DataFrame({"p": [0.25, None], "crude_p": [0.5, 0.125], "p_adjusted": [0.75, 0.75]})
    made.to_parquet(tmp_path / "primary" / "new" / "tests.parquet")
    facts = {"content": {"model": [{"p": 0.5}, {"p": 0.0625}], "probability": 0.3, "p": None}}
    (tmp_path / "missingness" / "mechanism.json").write_text(json.dumps(facts))
    assert unlisted(tmp_path) == [
        "missingness/mechanism.json: p = 0.0625",
        "primary/new/tests.parquet: crude_p = 0.125",
    ]
