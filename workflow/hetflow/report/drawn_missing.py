"""The figures of what is missing: from what they are drawn."""

from __future__ import annotations

import pandas as pd

from hetflow.report import captions as cap
from hetflow.report import captions_mechanism, captions_structure
from hetflow.report.drawn import Drawn
from hetflow.report.figures_mechanism import dependence_figure, dropout_figure
from hetflow.report.figures_missing import masks_figure, missing_figure
from hetflow.report.figures_structure import nesting_figure, network_figure, patterns_figure
from hetflow.report.frames_mechanism import MOST_ROWS, dropout_frame, labelled_masks
from hetflow.report.frames_missing import missing_shares, pattern_map
from hetflow.report.frames_structure import nesting_frames, network_frames, node_labels, seriated
from hetflow.report.inputs import ReportInputs
from hetflow.report.words import Words


def draw_missingness(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    """Bars of the share missing."""
    if inputs.variables.empty:
        return None
    shares = missing_shares(inputs.variables, inputs.masks, inputs.cohort["columns"], words, minimum)
    if shares.empty:
        return None
    caption = cap.missingness_caption(shares)
    return Drawn(missing_figure(shares, caption.title, caption.alternative), caption, shares)


def draw_masks(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    """The seriated map of patterns."""
    if inputs.masks.empty:
        return None
    patterns, masks = pattern_map(inputs.patterns, inputs.masks, inputs.cohort["columns"], words, minimum)
    if patterns.empty or len(masks) < 2:
        return None
    patterns, masks = seriated(patterns, masks)
    caption = cap.masks_caption(patterns, minimum)
    return Drawn(masks_figure(patterns, masks, caption.title, caption.alternative), caption, patterns)


def draw_patterns(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    """The most frequent patterns."""
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


def draw_network(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    """What goes missing together beyond chance."""
    labelled = _nodes(inputs, words, minimum)
    if labelled is None:
        return None
    nodes, edges = network_frames(labelled, inputs.structure_tables["network"], minimum)
    if edges.empty:
        return None
    caption = captions_structure.network_caption(nodes, edges)
    return Drawn(network_figure(nodes, edges, caption.title, caption.alternative), caption, edges)


def draw_nesting(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    """Masks within masks."""
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


def draw_dependence(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    """What masks depend on."""
    masks = masks_of(inputs, words, minimum).head(MOST_ROWS)
    if masks.empty:
        return None
    caption = captions_mechanism.dependence_caption(masks)
    return Drawn(dependence_figure(masks, caption.title, caption.alternative), caption, masks)


def draw_dropout(inputs: ReportInputs, words: Words, minimum: int) -> Drawn | None:
    """Drop-out over visits."""
    table = inputs.mechanism_tables.get("dropout")
    curves = pd.DataFrame() if table is None else dropout_frame(table, words, minimum)
    if curves.empty:
        return None
    caption = captions_mechanism.dropout_caption(curves)
    svg = dropout_figure(curves, (words.treated, words.control), caption.title, caption.alternative)
    return Drawn(svg, caption, curves)
