"""Every strategy x design x kind of outcome x engine: it runs to its estimates, or is refused before the first job."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hetflow.errors import Refused
from hetflow.study.routes import ROUTES
from in_process import estimates, run_study
from route_study import DESIGNS, EFFECTS, ENGINES, KINDS, STATEMENT, data, study

FAR = 5.0
"""Standard errors from the truth: false alarm 6e-7 a cell of the table."""


def refused_here(strategy: str, design: str, engine: str) -> str:
    """Part of the refusal, or nothing."""
    if strategy == "native" and engine == "econml":
        return "forest.engine econml, which refuses them"
    if design == "observational" and strategy == "blockwise":
        return "in an observational design one of"
    if design == "observational" and ROUTES[strategy].unconfounded_despite:
        return "unconfounded_despite_missingness"
    return ""


TABLE = list(product(ROUTES, DESIGNS, KINDS, ENGINES))


def in_verify(cell: tuple[str, str, str, str]) -> bool:
    """Two kinds of outcome in three wait for `make verify`; over the table every pair of attributes is left."""
    strategy, design, kind, engine = cell
    turn = list(ROUTES).index(strategy) + DESIGNS.index(design) + ENGINES.index(engine)
    return KINDS.index(kind) != turn % len(KINDS)


CELLS = [
    pytest.param(*cell, id="-".join(cell), marks=[pytest.mark.verify] if in_verify(cell) else [])
    for cell in TABLE
]


@pytest.mark.parametrize(("strategy", "design", "kind", "engine"), CELLS)
def test_a_route_runs_to_its_estimates_or_is_refused_by_name(
    tmp_path: Path, strategy: str, design: str, kind: str, engine: str
) -> None:
    values = study(strategy, design, kind, engine)
    said = refused_here(strategy, design, engine)
    if said:
        with pytest.raises(Refused) as refused:
            run_study(values, data(), tmp_path)
        assert said in str(refused.value)
        if "unconfounded" not in said:
            return
        values["missingness"]["unconfounded_despite_missingness"] = STATEMENT
    begun = run_study(values, data(), tmp_path)
    table = estimates(begun, tmp_path)
    average = table.query("estimand == 'ATE'").iloc[0]
    assert abs(average["estimate"] - EFFECTS[kind]) < FAR * average["se"]
    assert 0.02 < average["se"] < 1.0
    seen = {"AUTOC", "rule_groups", "projection", "calibration"}
    assert seen <= set(table["estimand"])
    measured = table.query("estimand in ['rule_groups', 'projection']")["target"]
    answer = ROUTES[strategy].answers["projection"] == "measured"
    assert measured.str.contains("measured").all() == answer
