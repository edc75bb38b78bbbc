"""The pages that a browser opens, and two runs to compare, made once for all tests of a worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def pages(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The whole page, one whose effects are displayed in bins, and one in which every word of a user is hostile."""
    from hetflow.report.page import build_report
    from hostile_report import HOSTILE, hostile_inputs
    from report_fixture_whole import whole_inputs

    word = f"{HOSTILE}{'ungebrochenlangeswort' * 5} \u202e\u0627\u0644\u062e\u0637 `x`"
    made = {
        "whole": whole_inputs(),
        "bins": whole_inputs(smooth=False),
        "hostile": whole_inputs(hostile_inputs(word)),
    }
    folder = tmp_path_factory.mktemp("pages")
    for name, inputs in made.items():
        (folder / f"{name}.html").write_text(build_report(inputs).html, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in made}


@pytest.fixture(scope="session")
def base() -> Any:
    """A made-up run, to compare with others."""
    from compared_runs import made_up

    return made_up()


@pytest.fixture(scope="session")
def other() -> Any:
    """Another: heterogeneity no longer shown by the sequential test, and a smaller average effect."""
    from compared_runs import made_up

    return made_up(ate=0.02, ate_p=0.4, rate=0.01, rate_p=0.8)
