"""What the page shows of the appraisal `policy`: what rules that decide whom to treat would gain."""

from __future__ import annotations

from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report import picks
from hetflow.report.captions import Caption
from hetflow.report.drawn import Drawn, Shown
from hetflow.report.figures_policy import gains_figure
from hetflow.report.inputs import ReportInputs
from hetflow.report.policy_numbers import releasable, shown_curves
from hetflow.report.policy_tables import harms_table, ranking_table, trees_table, values_table
from hetflow.report.policy_text import policy_texts
from hetflow.report.tables import Table
from hetflow.report.words import Words

NAME = "policy"


def shown(inputs: ReportInputs, words: Words, minimum: int) -> Shown:
    """Tables, the figure of gain curves, and what may leave the study."""
    own = inputs.appraisal(NAME)
    if own is None or own.tables["values"].empty:
        return Shown()
    facts, held = own.facts, own.tables
    tables: list[Table] = [
        ranking_table(held["ranking"], facts["rules"], words),
        values_table(held["values"], facts, words, minimum),
    ]
    exported = {"policy_ranking": held["ranking"], "policy_values": releasable(held["values"], minimum)}
    if len(held["trees"]):
        tables.append(trees_table(held["trees"], inputs.cohort["columns"], facts))
        trees = held["trees"]  # of all units: beside those without a fold, counts of the fold could be told
        exported["policy_trees"] = trees[trees["fold"] == 0].reset_index(drop=True)
    if len(held["harms"]):
        tables.append(harms_table(held["harms"], facts, words, minimum))
        exported["policy_harms"] = releasable(held["harms"], minimum)
    curves = shown_curves(held["curves"], minimum, int(facts["judged"]), words.factor)
    figures = {NAME: _drawn(curves, facts["budget"], facts["cost"], words)} if len(curves) else {}
    return Shown(tables, figures, exported)


def _drawn(curves: pd.DataFrame, budget: float, cost: float, words: Words) -> Drawn:
    axis = f"Benefit a participant of all{', less cost' if cost else ''}{words.after_comma}"
    first = curves[curves["rule"] == curves["rule"].iloc[0]]
    near = first.iloc[(first["q"] - 0.25).abs().argsort()[:1]]
    at, value = float(near["q"].iloc[0]), float(near["estimate"].iloc[0])
    line = " The dotted line is the budget." if budget < 1 else ""
    caption = Caption(
        "What treating the first share would gain",
        "Benefit when only a share of the participants is treated, those first by each rule, against treating nobody "
        "(the Qini curve). All curves meet where everybody is treated; the straight line treats as many at random. The "
        f"band is the pointwise {words.level} interval of the first rule.{line}",
        f"Curves of gain against the share treated. By {first['label'].iloc[0]} it is "
        f"{fmt.with_unit(fmt.number(value, 2), words.unit)} at {fmt.percent(at)} treated.",
    )
    return Drawn(gains_figure(curves, budget, axis, caption.title, caption.alternative), caption, curves)


def parts(inputs: ReportInputs, words: Words, minimum: int) -> list[tuple[str, Any]]:
    """Sentences, figure and tables of the page; nothing where no policy was appraised."""
    own = inputs.appraisal(NAME)
    if own is None:
        return []
    notices = [("text", text) for text in own.facts["notices"]]
    values = own.tables["values"]
    if values.empty:
        return notices
    whole = picks.one(inputs.estimates, inputs.primary, "ATE", words, benefit=True)
    texts = policy_texts(values, own.tables["ranking"], own.facts, words, minimum, whole)
    drawn = [("figure", NAME)] if len(own.tables["curves"]) else []
    tables = [("table", "policy_values"), ("table", "policy_ranking")]
    tables += [("table", "policy_trees")] if len(own.tables["trees"]) else []
    tables += [("table", "policy_harms")] if len(own.tables["harms"]) else []
    return [*(("text", text) for text in texts), *drawn, *tables, *notices]
