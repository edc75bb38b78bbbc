"""The page on several arms: its example runs and finds the effects that it made; the study file's refusal names it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hetflow.study.messages import INSTEAD

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "several_arms.md"


@pytest.fixture(scope="module")
def world():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.S)
    names: dict[str, object] = {}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102 (the page's own text)
    return names


def test_the_example_finds_its_effects(world):
    # Average effects are 1/2 and 1/2; five standard errors: false alarm below 1e-6 a contrast. The seed is fixed.
    assert np.all(np.abs(world["average"] - world["effect"].mean(axis=0)) < 5 * world["error"])
    for column in (0, 1):
        assert np.corrcoef(world["cate"][:, column], world["effect"][:, column])[0, 1] > 0.6
    difference = world["cate"][:, 1] - world["cate"][:, 0]
    np.testing.assert_allclose(world["between"][:, 0], difference, rtol=1e-9, atol=1e-9)
    assert np.all(world["between_variance"] > 0)


def test_the_refusal_names_the_page_and_the_study_of_two_arms():
    assert "docs/several_arms.md" in INSTEAD["treatment.arms"]
    assert "one study for each arm" in INSTEAD["treatment.arms"]
