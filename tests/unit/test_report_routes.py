"""The table of routes: who is a route, what it answers and rests on, how far routes differ."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hetflow.report.page import build_report
from hetflow.report.tables_routes import routes_frame, spread_frame
from report_fixture import report_inputs


def compared() -> pd.DataFrame:
    """Three analyses, as `analyses_frame` gives them."""
    facts = {"outcome": "y", "unit": "mm"}
    rows = [
        {
            "analysis": name,
            "label": name.title(),
            **facts,
            "ATE_estimate": ate,
            "ATE_se": 0.1,
            "AUTOC_estimate": autoc,
        }
        for name, ate, autoc in (("primary", 1.0, 0.2), ("indicator", 1.3, 0.25), ("leaves", 9.0, 9.0))
    ]
    empty = {
        f"{key}_{part}" for key in ("ATE", "AUTOC", "gap") for part in ("estimate", "se", "lower", "upper")
    }
    frame = pd.DataFrame(rows)
    return frame.assign(**dict.fromkeys(sorted(empty - set(frame.columns)), np.nan))


def methods() -> dict[str, dict]:
    """Of these: the second differs in its strategy and engine, the third in the forest's leaves."""
    first = {
        "missingness": {"strategy": "multiple_imputation"},
        "forest": {"engine": "econml", "min_leaf": 5},
    }
    second, third = copy.deepcopy(first), copy.deepcopy(first)
    second["missingness"]["strategy"], second["forest"]["engine"] = "indicator", "histogram"
    third["forest"]["min_leaf"] = 20
    return {"primary": first, "indicator": second, "leaves": third}


def test_a_route_differs_from_the_primary_in_how_missing_covariates_are_handled_alone() -> None:
    routes = routes_frame(compared(), methods(), randomised=True).set_index("analysis")
    assert list(routes.index) == ["primary", "indicator"]
    assert routes.loc["primary", "answers_projection"] == "if covariates were measured"
    assert routes.loc["indicator", "answers_projection"] == "as patients are seen"
    assert (routes["answers_CATE"] == "as patients are seen").all()
    assert routes.loc["indicator", "rests_on"].startswith("Randomisation alone")
    other = routes_frame(compared(), methods(), randomised=False).set_index("analysis")
    assert other.loc["indicator", "rests_on"].endswith("as the study states.")


def test_the_spread_is_the_range_in_standard_errors_of_the_primary() -> None:
    spread = spread_frame(routes_frame(compared(), methods(), True)).set_index("quantity")
    assert list(spread.index) == ["ATE", "AUTOC"], "of the gap there are no estimates"
    assert spread.loc["ATE", "spread"] == pytest.approx(0.3)
    assert spread.loc["ATE", "in_standard_errors"] == pytest.approx(3.0)
    assert np.isnan(spread.loc["AUTOC", "in_standard_errors"])


def test_the_page_sets_routes_side_by_side_and_a_statement_is_escaped() -> None:
    inputs = report_inputs(kind="observational")
    settings = copy.deepcopy(dict(inputs.settings))
    stated = settings["methods"]["primary"]["missingness"]
    stated |= {"strategy": "indicator", "unconfounded_despite_missingness": "They saw <b>the</b> same gaps."}
    report = build_report(replace(inputs, settings=settings))
    assert "Routes for missing covariates" in report.html
    assert "They saw &lt;b&gt;the&lt;/b&gt; same gaps." in report.html
    assert {"routes", "routes_spread"} <= set(report.tables)
    assert report.tables["routes"]["strategy"].tolist() == ["indicator", "indicator"]
