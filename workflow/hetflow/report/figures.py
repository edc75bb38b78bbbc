"""All figures of the report: which there are, and from what they are drawn."""

from __future__ import annotations

import pandas as pd

from hetflow.report import captions as cap
from hetflow.report import drawn_missing, picks, tables, tables_compared
from hetflow.report.disclosure import enough
from hetflow.report.drawn import Drawn
from hetflow.report.figures_cohort import flow_figure, overlap_figure
from hetflow.report.figures_displays import displays_figure
from hetflow.report.figures_effects import analyses_figure, curve_figure, dots_figure
from hetflow.report.figures_sensitivity import sensitivity_figure
from hetflow.report.frames_cohort import flow_steps, overlap_frames, with_outcome
from hetflow.report.inputs import ReportInputs
from hetflow.report.observation import outcomes_left_out
from hetflow.report.printed import Number
from hetflow.report.sensitivity import shown_analysis
from hetflow.report.words import Words

EFFECT_COLUMNS = ("estimate", "se", "lower", "upper")


def draw_all(inputs: ReportInputs, words: dict[str, Words]) -> dict[str, Drawn]:
    """Every figure that the study has data for, in the page's order.

    Parameters
    ----------
    inputs : ReportInputs
    words : dict of str to Words
        By analysis.
    """
    primary = words[inputs.primary]
    minimum = inputs.minimum
    found = {
        "flow": _flow(inputs, primary, minimum),
        "missingness": drawn_missing.draw_missingness(inputs, primary, minimum),
        "masks": drawn_missing.draw_masks(inputs, primary, minimum),
        "patterns": drawn_missing.draw_patterns(inputs, primary, minimum),
        "comissing": drawn_missing.draw_network(inputs, primary, minimum),
        "nesting": drawn_missing.draw_nesting(inputs, primary, minimum),
        "dependence": drawn_missing.draw_dependence(inputs, primary, minimum),
        "dropout": drawn_missing.draw_dropout(inputs, primary, minimum),
        "sensitivity": _sensitivity(inputs, words, minimum),
        "overlap": _overlap(inputs, primary, minimum),
        "average": _average(inputs, primary),
        "toc": _toc(inputs, primary, minimum),
        "groups": _groups(inputs, primary, minimum),
        "displays": _displays(inputs, primary, minimum),
        "analyses": _analyses(inputs, words),
    }
    return {name: found[name] for name in cap.ORDER if found[name] is not None}  # type: ignore[misc]


def _flow(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    if inputs.flow.empty:
        return None
    flow = with_outcome(inputs.flow, outcomes_left_out(inputs), inputs.outcome)
    steps, arms = flow_steps(flow, words, minimum)
    caption = cap.flow_caption(steps)
    return Drawn(flow_figure(steps, arms, caption.title, caption.alternative), caption, steps)


def _sensitivity(inputs: ReportInputs, words: dict[str, Words], minimum: int) -> Drawn | None:
    name = shown_analysis(inputs)
    if not name:
        return None
    analysis, own = inputs.analyses[name], words[name]
    facts, shifts = analysis.sensitivity, analysis.shifts
    effects = shifts[(shifts["estimand"] == "ATE") & (shifts["assumption"] == "shift")]
    effects = _printed(enough(effects, "n", minimum), own)
    if effects.empty or min(facts["lost"].values()) < minimum:
        return None
    ranked = "AUTOC" in set(analysis.plane["estimand"])
    caption = cap.sensitivity_caption(own, facts["share_lost"], ranked, facts["reach"])
    unit = "sd" if facts["units"] == "sd" else own.unit or "own unit"
    svg = sensitivity_figure(
        analysis.plane,
        analysis.tipping,
        effects,
        own.sign,
        (unit, own.unit),
        caption.title,
        caption.alternative,
    )
    return Drawn(svg, caption, effects)


def _overlap(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    histogram, balance = overlap_frames(inputs.analyses[inputs.primary].nuisance, words, minimum)
    if balance.empty and histogram.empty:
        return None
    caption = cap.overlap_caption(words, balance, len(histogram) > 0)
    arms = (words.treated, words.control)
    return Drawn(
        overlap_figure(histogram, balance, arms, caption.title, caption.alternative), caption, balance
    )


def _average(inputs: ReportInputs, words: Words) -> Drawn | None:
    table = pd.concat([picks.rows(inputs.estimates, inputs.primary, name) for name in picks.AVERAGES])
    effects = picks.numbers(table, words)
    if not effects:
        return None
    caption = cap.average_caption(words, effects)
    rows = pd.DataFrame([_dot(effect.label, effect) for effect in effects])
    svg = dots_figure(rows, "average", words.effect_axis, caption.title, caption.alternative)
    return Drawn(svg, caption, rows.drop(columns="text"))


def _dot(label: str, number: Number, section: str | None = None) -> dict[str, object]:
    row: dict[str, object] = {
        "label": label,
        "estimate": number.estimate,
        "lower": number.lower,
        "upper": number.upper,
    }
    row["text"] = tables.estimate_text(number)
    return row if section is None else {"section": section} | row


def _toc(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    curve = inputs.analyses[inputs.primary].curves
    if curve.empty:
        return None
    if "curve" in curve:
        curve = curve[curve["curve"] == "TOC"]
    curve = _printed(enough(curve, "n", minimum), words)
    caption = cap.toc_caption(words, curve)
    svg = curve_figure(
        curve, f"Benefit beyond the average{words.in_unit}", caption.title, caption.alternative
    )
    return Drawn(svg, caption, curve)


def _printed(frame: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Effects multiplied by the factor under which they are printed."""
    columns = [column for column in EFFECT_COLUMNS if column in frame]
    return frame.assign(**{column: frame[column] * words.factor for column in columns})


def _groups(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    rows = []
    for heading, _, table, _ in tables.group_sections(inputs.estimates, inputs.primary, words):
        table = enough(table, "n", minimum)
        rows += [_dot(number.label, number, heading) for number in picks.numbers(table, words)]
    if not rows:
        return None
    frame = pd.DataFrame(rows)
    caption = cap.groups_caption(words, frame)
    mark = picks.average(inputs, words)
    svg = dots_figure(frame, "groups", words.effect_axis, caption.title, caption.alternative, mark)
    return Drawn(svg, caption, frame.drop(columns="text"))


def _displays(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    table = inputs.analyses[inputs.primary].displays
    if table.empty:
        return None
    table = _printed(enough(table, "n", minimum), words)
    if table.empty:
        return None
    caption = cap.displays_caption(words, table)
    mark = picks.average(inputs, words)
    svg = displays_figure(table, words.effect_axis, mark, caption.title, caption.alternative)
    return Drawn(svg, caption, table)


def panels(words: dict[str, Words]) -> list[tuple[str, str]]:
    """Quantities compared over analyses, with their headings."""
    first = next(iter(words.values()))
    same = all(one.unit == first.unit and one.outcome == first.outcome for one in words.values())
    unit = first.in_unit if same else ""
    return [
        ("ATE", f"Average effect{unit}"),
        ("AUTOC", f"AUTOC{unit}"),
        ("gap", f"Gap, greatest to least{unit}"),
    ]


def _analyses(inputs: ReportInputs, words: dict[str, Words]) -> Drawn | None:
    if len(inputs.analyses) < 2:
        return None
    same = comparable(words)
    names = {name: inputs.label(name) for name in same}
    frame = tables_compared.analyses_frame(inputs.estimates, names, same)
    if len(frame) < 2:
        return None
    caption = cap.analyses_caption(words[inputs.primary], frame)
    return Drawn(analyses_figure(frame, panels(same), caption.title, caption.alternative), caption, frame)


def comparable(words: dict[str, Words]) -> dict[str, Words]:
    """Analyses of the primary outcome: others have another unit and do not share an axis."""
    first = next(iter(words.values()))
    return {
        name: one for name, one in words.items() if (one.outcome, one.unit) == (first.outcome, first.unit)
    }
