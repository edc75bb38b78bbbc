"""Modifiers say the same whatever the outcome's scale and origin, the covariates' scale and the clusters' names."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.effects import curves
from hetflow.effects.modifiers import evidence_of, rank_modifiers
from modifier_simulation import scores_of, trial
from numpy.typing import NDArray

UNITS = 300
#: Powers of two change no digit of a double; sums of squares are then the same to rounding.
ROUNDING = 1e-9
ASKED = {"draws": 2, "trees": 10, "most_units": 1000, "top": 1}
COLUMNS = [Column("x", "continuous"), Column("z", "continuous")]


def _data() -> tuple[pd.DataFrame, NDArray, NDArray]:
    x, score, cluster = trial(UNITS, np.random.default_rng(3), size=3)
    z = np.random.default_rng(4).normal(size=UNITS)
    return pd.DataFrame({"unit": np.arange(UNITS), "x": x, "z": z}), score, cluster


def _ranked(frame: pd.DataFrame, score: NDArray, **more: NDArray) -> pd.DataFrame:
    return rank_modifiers([scores_of(score, **more)], [frame], COLUMNS, ASKED, 3, 5).table


def _curve(frame: pd.DataFrame, score: NDArray, **more: NDArray) -> pd.DataFrame:
    known = {"confidence": 0.95, "minimum": 10, "target": "", "seed": 1}
    return curves.display(evidence_of([scores_of(score, **more)], [frame], COLUMNS, None, **known), "x")


def test_an_outcome_in_other_units_scales_importance_and_curves() -> None:
    frame, score, _ = _data()
    one, four = _ranked(frame, score), _ranked(frame, 4 * score)
    for measure, factor in (("permutation", 16), ("shapley", 4)):
        ours, theirs = (table.loc[table["measure"] == measure, "estimate"] for table in (one, four))
        np.testing.assert_allclose(theirs, factor * ours, rtol=ROUNDING)
    assert four["rank"].tolist() == one["rank"].tolist()
    narrow, wide = _curve(frame, score), _curve(frame, 4 * score)
    for name in ("estimate", "se", "uniform_upper"):
        np.testing.assert_allclose(wide[name], 4 * narrow[name], rtol=ROUNDING)


def test_a_constant_added_to_every_effect_moves_curves_alone() -> None:
    frame, score, _ = _data()
    np.testing.assert_allclose(
        _curve(frame, score + 8)["estimate"], _curve(frame, score)["estimate"] + 8, rtol=ROUNDING
    )
    ours, theirs = _ranked(frame, score), _ranked(frame, score + 8)
    np.testing.assert_allclose(theirs["estimate"], ours["estimate"], rtol=1e-6)


def test_a_covariate_in_other_units_changes_its_axis_alone() -> None:
    frame, score, _ = _data()
    other = frame.assign(x=8 * frame["x"])
    pd.testing.assert_frame_equal(_ranked(other, score), _ranked(frame, score))
    ours, theirs = _curve(frame, score), _curve(other, score)
    np.testing.assert_allclose(theirs[["x", "bandwidth"]], 8 * ours[["x", "bandwidth"]], rtol=ROUNDING)
    np.testing.assert_allclose(theirs[["estimate", "se"]], ours[["estimate", "se"]], rtol=1e-6)


def test_clusters_of_one_are_none_and_names_of_clusters_do_not_count() -> None:
    frame, score, cluster = _data()
    pd.testing.assert_frame_equal(_ranked(frame, score, cluster=10 * np.arange(UNITS)), _ranked(frame, score))
    pd.testing.assert_frame_equal(
        _ranked(frame, score, cluster=7 * cluster + 1), _ranked(frame, score, cluster=cluster)
    )
    pd.testing.assert_frame_equal(
        _curve(frame, score, cluster=7 * cluster + 1), _curve(frame, score, cluster=cluster)
    )
    joined = _curve(frame, score, cluster=cluster).merge(_curve(frame, score), on="x")
    np.testing.assert_allclose(joined["estimate_x"], joined["estimate_y"], rtol=ROUNDING)
    assert not np.allclose(joined["se_x"], joined["se_y"], rtol=0.05)


def test_weights_count_up_to_a_common_factor_and_units_of_no_weight_not_at_all() -> None:
    frame, score, _ = _data()
    weight = np.random.default_rng(6).uniform(0.5, 2, UNITS)
    pd.testing.assert_frame_equal(
        _curve(frame, score, weight=weight), _curve(frame, score, weight=4 * weight), rtol=ROUNDING
    )
    pd.testing.assert_frame_equal(
        _ranked(frame, score, weight=weight), _ranked(frame, score, weight=4 * weight), rtol=ROUNDING
    )
    gone = np.where(np.arange(UNITS) < 20, 0.0, 1.0)
    wild = np.where(gone > 0, score, 1e6)
    for made in (_curve, _ranked):
        pd.testing.assert_frame_equal(made(frame, wild, weight=gone), made(frame, score, weight=gone))
