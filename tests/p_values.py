"""A sweep over a run's artefacts: every p-value in them stands in the ledger."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

#: A column or fact that holds a p-value.
P_VALUE = re.compile(r"p|p[-_]?values?|p_\w+|\w+_p(_?values?)?")
#: The same tests again: adjusted for their number, or by the law of large samples.
AGAIN = {"p_adjusted", "p_holm", "p_bh", "p_asymptotic"}
#: The report's own tables repeat what the stages found.
REPEATED = ("tables", "figures", "crate")


def p_values(results: Path) -> Iterator[tuple[str, str, float]]:
    """Artefact, column or fact, and value of every p-value that a run left behind.

    Parameters
    ----------
    results : Path
        ``results/<study>`` of a finished run.
    """
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results).as_posix()
        if path.parts[len(results.parts)] in REPEATED:
            continue
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
            facts: Any = {
                column: frame[column].tolist() for column in frame if P_VALUE.fullmatch(str(column))
            }
        elif path.suffix == ".json":
            facts = json.loads(path.read_text(encoding="utf-8"))
        else:
            continue
        for key, value in _numbers(facts, ""):
            if P_VALUE.fullmatch(key) and key not in AGAIN and np.isfinite(value):
                yield name, key, value


def unlisted(results: Path) -> list[str]:
    """p-values of a run that its ledger lacks, as ``artefact: column = value``."""
    ledger = np.sort(pd.read_parquet(results / "tables" / "ledger.parquet")["p"].to_numpy())
    lacking = []
    for name, key, value in p_values(results):
        if not np.isclose(ledger, value, rtol=1e-7, atol=1e-300).any():
            lacking.append(f"{name}: {key} = {value}")
    return lacking


def _numbers(facts: Any, key: str) -> Iterator[tuple[str, float]]:
    """Every number below a mapping, with the key that it stands under (through lists)."""
    if isinstance(facts, dict):
        for name, value in facts.items():
            yield from _numbers(value, str(name))
    elif isinstance(facts, list):
        for value in facts:
            yield from _numbers(value, key)
    elif isinstance(facts, int | float) and not isinstance(facts, bool):
        yield key, float(facts)
