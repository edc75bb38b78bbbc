"""What the page shows of what missing values depend on, from the tables of the mechanism stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.disclosure import small
from hetflow.report.mask_names import MaskNames
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words

MOST_ROWS = 16
"""Sets of variables in the figure; of more, those that observed values say most about."""
LEAST = 0.002
"""Nats out of sample below which a dependence that a test finds is called faint."""
FAINT = "faintly"
_VALUES = {"deterministic": "by rule", "probabilistic": "in part", "none": "none found"}
_STRUCTURE = {
    ("U", "none"): "none found",
    ("WS", "block"): "weakly, as a block",
    ("WS", "sequential"): "weakly, step after step",
    ("WS", "not identifiable"): "weakly",
    ("SS", "block"): "as a block",
    ("SS", "sequential"): "one within another",
}


def labelled_masks(
    labels: pd.DataFrame, dependence: pd.DataFrame, cohort: Mapping[str, Any], words: Words, minimum: int
) -> pd.DataFrame:
    """Studied masks of at least `minimum` units, with what to call them; by falling information.

    Returns
    -------
    DataFrame
        label, share (missing, of all units), nats, auc, detectable, values (words on dimensions 1 and 2), others (on 3
        and 4), difference, lower, upper (share missing, treated minus control).
    """
    studied = labels[(labels["relation"] != "not assessed") & (labels["rows"] >= minimum)]
    arm = dependence[dependence["on"] == "arm"].set_index("mask")
    called = MaskNames.of(cohort["columns"], words, cohort.get("outcomes"))
    rows = []
    for row in studied.to_dict("records"):
        own = arm.loc[row["mask"]]
        rows.append(
            {
                "label": called.label(called.split(row["columns"])),
                "share": row["rows"] / own["units"],
                "nats": row["nats"],
                "auc": row["auc"],
                "detectable": row["detectable"],
                "values": FAINT
                if row["nature"] == "probabilistic" and row["nats"] < LEAST
                else _VALUES[row["nature"]],
                "others": _STRUCTURE[row["structure"], row["form"]],
            }
            | {name: own[name] for name in ("difference", "lower", "upper")}
        )
    columns = [
        "label",
        "share",
        "nats",
        "auc",
        "detectable",
        "values",
        "others",
        "difference",
        "lower",
        "upper",
    ]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["nats", "share"], ascending=False, kind="stable", ignore_index=True)


def mechanism_table(masks: pd.DataFrame, words: Words) -> Table:
    """The masks' places, as text."""
    body = tuple(
        Cell(
            (
                row["label"],
                fmt.percent(row["share"]),
                f"{row['values']} ({fmt.number(row['nats'], 3)}; {fmt.number(row['auc'], 2)})",
                _points(row["difference"], row["lower"], row["upper"]),
                row["others"],
            )
        )
        for row in masks.to_dict("records")
    )
    return Table(
        "mechanism",
        "On what missing values depend",
        (
            "Variables",
            "Missing",
            "On observed values (nats; AUC)",
            f"{words.treated} minus {words.control}, points",
            "Missing together with others",
        ),
        body,
        (0, 2, 4),
        "Nats: what observed baseline values tell about who misses the value, out of sample; 0 is nothing. AUC: 0.5 is "
        "chance, 1 a rule without exception. Points: percentage points missing, with 95 % intervals. Dependence on "
        "the missing value itself is not identifiable for any of them.",
        True,
    )


def _points(difference: float, lower: float, upper: float) -> str:
    if not fmt.known(difference):
        return fmt.NONE
    return f"{fmt.signed(100 * difference, 1)} ({fmt.interval(100 * lower, 100 * upper, 1)})"


def dropout_frame(dropout: pd.DataFrame, words: Words, minimum: int) -> pd.DataFrame:
    """Share of each arm that no visit so far has missed; empty for a single visit or where a count is small.

    Returns
    -------
    DataFrame
        arm (its name), place (0 is the start), visit, seen.
    """
    columns = ["arm", "place", "visit", "seen"]
    if dropout.empty or dropout["visit"].nunique() < 2 or not dropout["missed"].any():
        return pd.DataFrame(columns=columns)
    parts = []
    for arm, name in (("control", words.control), ("treated", words.treated)):
        rows = dropout[dropout["arm"] == arm].sort_values("order")
        lost = rows["missed"].cumsum()
        hidden = np.array([small(float(count), minimum) for count in lost])
        first = {"arm": name, "place": 0, "visit": "start", "seen": 1.0}
        later = pd.DataFrame(
            {"arm": name, "place": rows["order"], "visit": rows["visit"], "seen": rows["seen"]}
        )[~hidden]
        parts += [pd.DataFrame([first]), later]
    return pd.concat(parts, ignore_index=True)[columns]
