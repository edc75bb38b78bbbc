"""All figures of the report: which there are, and from what they are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from hetflow.report import captions as cap
from hetflow.report import captions_mechanism, captions_structure, picks, tables, tables_compared
from hetflow.report.captions import Caption
from hetflow.report.disclosure import enough
from hetflow.report.figures_cohort import flow_figure, overlap_figure
from hetflow.report.figures_effects import analyses_figure, curve_figure, displays_figure, dots_figure
from hetflow.report.figures_mechanism import dependence_figure, dropout_figure
from hetflow.report.figures_missing import masks_figure, missing_figure
from hetflow.report.figures_sensitivity import sensitivity_figure
from hetflow.report.figures_structure import nesting_figure, network_figure, patterns_figure
from hetflow.report.frames_cohort import flow_steps, overlap_frames, with_outcome
from hetflow.report.frames_mechanism import MOST_ROWS, dropout_frame, labelled_masks
from hetflow.report.frames_missing import missing_shares, pattern_map
from hetflow.report.frames_structure import nesting_frames, network_frames, node_labels, seriated
from hetflow.report.inputs import ReportInputs
from hetflow.report.observation import outcomes_left_out
from hetflow.report.sensitivity import shown_analysis
from hetflow.report.sentences import Number
from hetflow.report.words import Words

EFFECT_COLUMNS = ("estimate", "se", "lower", "upper")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure with its caption and the table it was drawn from."""

    svg: str
    caption: Caption
    table: pd.DataFrame


def draw_all(inputs: ReportInputs, words: dict[str, Words]) -> dict[str, Drawn]:
    """Every figure that the study has data for, in the page's order.

    Parameters
    ----------
    inputs : ReportInputs
    words : dict of str to Words
        By analysis.
    """
    primary = words[inputs.primary]
    minimum = int(inputs.settings["minimum_cell_count"])
    found = {
        "flow": _flow(inputs, primary, minimum),
        "missingness": _missingness(inputs, primary, minimum),
        "masks": _masks(inputs, primary, minimum),
        "patterns": _patterns(inputs, primary, minimum),
        "comissing": _network(inputs, primary, minimum),
        "nesting": _nesting(inputs, primary, minimum),
        "dependence": _dependence(inputs, primary, minimum),
        "dropout": _dropout(inputs, primary, minimum),
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


def _missingness(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    if inputs.variables.empty:
        return None
    shares = missing_shares(inputs.variables, inputs.masks, inputs.cohort["columns"], words, minimum)
    if shares.empty:
        return None
    caption = cap.missingness_caption(shares)
    return Drawn(missing_figure(shares, caption.title, caption.alternative), caption, shares)


def _masks(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    if inputs.masks.empty:
        return None
    patterns, masks = pattern_map(inputs.patterns, inputs.masks, inputs.cohort["columns"], words, minimum)
    if patterns.empty or len(masks) < 2:
        return None
    patterns, masks = seriated(patterns, masks)
    caption = cap.masks_caption(patterns, minimum)
    return Drawn(masks_figure(patterns, masks, caption.title, caption.alternative), caption, patterns)


def _patterns(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    if inputs.masks.empty:
        return None
    patterns, masks = pattern_map(inputs.patterns, inputs.masks, inputs.cohort["columns"], words, minimum)
    patterns = patterns[patterns["label"] == "pattern"]
    if len(patterns) < 2 or len(masks) < 2:
        return None
    caption = captions_structure.patterns_caption(patterns, masks, minimum)
    svg = patterns_figure(patterns, masks, caption.title, caption.alternative)
    return Drawn(svg, caption, patterns)


def _nodes(inputs: ReportInputs, words: Words, minimum: int) -> pd.DataFrame | None:
    nodes = inputs.structure_tables.get("nodes")
    if nodes is None or nodes.empty:
        return None
    units = int(inputs.structure["units"])
    return node_labels(nodes, inputs.cohort, words, units, minimum)


def _network(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    labelled = _nodes(inputs, words, minimum)
    if labelled is None:
        return None
    nodes, edges = network_frames(labelled, inputs.structure_tables["network"], minimum)
    if edges.empty:
        return None
    caption = captions_structure.network_caption(nodes, edges)
    return Drawn(network_figure(nodes, edges, caption.title, caption.alternative), caption, edges)


def _nesting(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    labelled = _nodes(inputs, words, minimum)
    if labelled is None:
        return None
    nodes, edges = nesting_frames(labelled, inputs.structure_tables["nesting"])
    if edges.empty:
        return None
    caption = captions_structure.nesting_caption(edges)
    return Drawn(nesting_figure(nodes, edges, caption.title, caption.alternative), caption, edges)


def masks_of(inputs: ReportInputs, words: Words, minimum: int) -> pd.DataFrame:
    """Masks with what they depend on; no rows where the stage was not run."""
    tables_of = inputs.mechanism_tables
    if "labels" not in tables_of:
        return pd.DataFrame({"label": [], "values": []})
    return labelled_masks(tables_of["labels"], tables_of["dependence"], inputs.cohort, words, minimum)


def _dependence(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    masks = masks_of(inputs, words, minimum).head(MOST_ROWS)
    if masks.empty:
        return None
    caption = captions_mechanism.dependence_caption(masks)
    return Drawn(dependence_figure(masks, caption.title, caption.alternative), caption, masks)


def _dropout(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    table = inputs.mechanism_tables.get("dropout")
    curves = pd.DataFrame() if table is None else dropout_frame(table, words, minimum)
    if curves.empty:
        return None
    caption = captions_mechanism.dropout_caption(curves)
    svg = dropout_figure(curves, (words.treated, words.control), caption.title, caption.alternative)
    return Drawn(svg, caption, curves)


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
    caption = cap.groups_caption(words, list(dict.fromkeys(frame["section"])))
    average = picks.one(inputs.estimates, inputs.primary, "ATE", words)
    mark = average.estimate if average else None
    svg = dots_figure(frame, "groups", words.effect_axis, caption.title, caption.alternative, mark)
    return Drawn(svg, caption, frame.drop(columns="text"))


def _displays(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    table = inputs.analyses[inputs.primary].displays
    if table.empty:
        return None
    table = _printed(enough(table, "n", minimum), words)
    if table.empty:
        return None
    average = picks.one(inputs.estimates, inputs.primary, "ATE", words)
    caption = cap.displays_caption(words, table)
    mark = average.estimate if average else None
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
    frame = tables_compared.analyses_frame(inputs.estimates, _names(inputs, same), same)
    if len(frame) < 2:
        return None
    caption = cap.analyses_caption(words[inputs.primary], list(frame["label"]))
    return Drawn(analyses_figure(frame, panels(same), caption.title, caption.alternative), caption, frame)


def comparable(words: dict[str, Words]) -> dict[str, Words]:
    """Analyses of the primary outcome: others have another unit and do not share an axis."""
    first = next(iter(words.values()))
    return {
        name: one for name, one in words.items() if (one.outcome, one.unit) == (first.outcome, first.unit)
    }


def _names(inputs: ReportInputs, words: dict[str, Words]) -> dict[str, str]:
    labels = inputs.settings["labels"]
    return {name: labels.get(name) or name for name in words}
