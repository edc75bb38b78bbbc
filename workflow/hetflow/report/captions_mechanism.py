"""Captions and alternative texts of the figures of what missing values depend on."""

from __future__ import annotations

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.captions import Caption


def dependence_caption(masks: pd.DataFrame) -> Caption:
    """Of the bars of information."""
    top = "; ".join(
        f"{row['label']}: {fmt.number(row['nats'], 2)} nats, {row['values']}"
        for row in masks.head(4).to_dict("records")
    )
    return Caption(
        "What observed values tell about who misses a value",
        "Bars: gain in log-likelihood over the share missing alone, out of sample, from baseline covariates (not arm, "
        "not outcome); open bars: no dependence found. To the right: the AUC, and with what else the value goes "
        "missing. Dependence on the missing value itself is not in this figure, for it cannot be seen in data.",
        f"Bar chart of {len(masks)} sets of variables. {top}.",
    )


def dropout_caption(curves: pd.DataFrame) -> Caption:
    """Of the drop-out curves."""
    last = curves[curves["place"] == curves["place"].max()]
    said = "; ".join(f"{row['arm']} {fmt.percent(row['seen'])}" for row in last.to_dict("records"))
    return Caption(
        "Who is still seen, by arm",
        "Share of participants whom no visit so far has missed. Arms that part show that drop-out depends on the arm.",
        f"Two step curves that start at 100 per cent. At the end: {said}.",
    )
