"""What an unmeasured confounder could do, on the page of an observational study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.captions import Caption
from hetflow.report.confounding_tables import (
    MODELLED,
    benchmarks_table,
    bounds_table,
    controls_table,
    label_of,
    visible,
)
from hetflow.report.disclosure import mask_counts
from hetflow.report.drawn import Drawn, Shown
from hetflow.report.figures_confounding import MOST_MARKS, contour_figure
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from hetflow.report.picks import between
from hetflow.report.words import Words, opening


def shown(inputs: ReportInputs, words: Words, minimum: int) -> Shown:
    """Tables, figure, and what may leave the study."""
    found = inputs.appraisal("confounding")
    if found is None or found.tables["robustness"].empty:
        return Shown()
    tables = [bounds_table(found, words, minimum), benchmarks_table(found, words)]
    controls = controls_table(inputs, found, words)
    tables += [controls] if controls else []
    exported = {
        f"confounding_{name}": mask_counts(visible(found.tables[name], minimum), ["n"], minimum)
        for name in ("robustness", "bounds", "benchmarks")
    }
    exported["confounding_controls"] = mask_counts(found.tables["controls"], ["n"], minimum)
    figure = _draw(found, words)
    return Shown(tables, {"confounding": figure}, exported)


def parts(inputs: ReportInputs, words: Words, minimum: int) -> list[tuple[str, Any]]:
    """Sentences, figure and tables of the section; nothing in a trial."""
    found = inputs.appraisal("confounding")
    if found is None:
        return []
    left_out = [("text", f"{opening(str(notice))}.") for notice in found.facts["notices"]]
    if found.tables["robustness"].empty:
        return left_out
    texts = [_what(found), _robust(found, words), _compared(found, words), _trimmed(found, words, minimum)]
    texts += [_groups(found, words, minimum), _ratio(found, words), _controls(inputs, found, words)]
    return [
        *(("text", text) for text in texts if text),
        ("figure", "confounding"),
        ("table", "confounding"),
        ("table", "confounding_benchmarks"),
        ("table", "confounding_controls"),
        *left_out,
    ]


def _what(found: AppraisalInputs) -> str:
    rho = float(found.facts["rho"])
    worst = "in the worst case" if rho == 1 else f"at a correlation of its two parts of {fmt.number(rho, 2)}"
    lost = (
        " Outcomes that are missing are taken to be missing at random: the bounds are about treatment alone."
        if found.facts.get("lost")
        else ""
    )
    return (
        "All effects rest on the covariates holding every common cause of treatment and outcome. No data can show "
        "that. What they can show is how strong a cause that was not measured would have to be. Its strength has two "
        "parts: the share that it explains of what covariates and treatment leave unexplained of the outcome, and the "
        "share that it adds to how far treatment can be predicted. Bounds are where the effect could lie "
        f"{worst}.{lost}"
    )


def first(table: pd.DataFrame, **where: object) -> Mapping[str, Any] | None:
    """The first row that fits, or None."""
    keep = pd.Series(True, index=table.index)
    for column, value in where.items():
        keep &= table[column] == value
    rows = table[keep].to_dict("records")
    return {str(key): value for key, value in rows[0].items()} if rows else None


def _effect(
    row: Mapping[Any, Any], words: Words, names: tuple[str, str, str] = ("estimate", "lower", "upper")
) -> str:
    value, low, high = (words.factor * float(row[name]) for name in names)
    places = fmt.decimals(fmt.half_width(low, high))
    bounds = f"{words.level}\u00a0CI {fmt.interval(low, high, places)}"
    return f"{fmt.with_unit(fmt.number(value, places), words.unit)} ({bounds})"


def _robust(found: AppraisalInputs, words: Words) -> str:
    row = first(found.tables["robustness"], estimand="ATE")
    if row is None:
        return ""
    share = fmt.percent(row["rv"], 1)
    if row["rv_interval"] == 0:
        tail = "its interval holds no effect even without one."
    else:
        tail = f"for the interval to reach it, {fmt.percent(row['rv_interval'], 1)} would do."
    return (
        f"The average effect is {_effect(row, words)}. To bring it to nothing, a confounder that is as strong on both "
        f"sides would have to have a strength of {share} (robustness value); {tail}"
    )


def strongest(benchmarks: pd.DataFrame) -> pd.DataFrame:
    """Benchmarks as they are (not multiplied), those that could move the effect most first."""
    once = (
        benchmarks[benchmarks["multiple"] == benchmarks["multiple"].min()] if len(benchmarks) else benchmarks
    )
    return once.assign(reach=once["c_y"] * once["c_t"] / (1 - once["c_t"])).sort_values(
        ["reach", "benchmark"], ascending=[False, True], kind="stable"
    )


def _compared(found: AppraisalInputs, words: Words) -> str:
    table = found.tables["benchmarks"]
    order = strongest(table)
    if order.empty or order["reach"].iloc[0] <= 0:
        return (
            "Of the measured covariates, none added to both outcome and treatment beside the others."
            if len(order)
            else ""
        )
    name = str(order["benchmark"].iloc[0])
    rows = table[table["benchmark"] == name].sort_values("multiple")
    once = rows.iloc[0]
    told = [f"{_times(float(row['multiple']))}, {_interval(row, words)}" for row in rows.to_dict("records")]
    excluded = [
        float(row["multiple"]) for row in rows.to_dict("records") if row["lower"] > 0 or row["upper"] < 0
    ]
    verdict = (
        f"the effect would keep its sign, with confidence, up to {_times(max(excluded))}"
        if excluded
        else "none of these intervals leaves 0 out"
    )
    part = fmt.count(found.facts["benchmark_units"])
    drawn = (
        ""
        if found.facts["benchmark_units"] >= found.facts["units"]
        else f" (refitted on {part} participants)"
    )
    return (
        f"For comparison, measured covariates were left out in turn{drawn}. The strongest was "
        f"“{label_of(name, words)}” ({fmt.percent(once['c_y'], 1)} on the side of the outcome, "
        f"{fmt.percent(once['c_t'], 1)} on that of treatment). Under a confounder of such a strength the effect could "
        f"lie anywhere within these limits: {'; '.join(told)}. So {verdict}."
    )


def _times(multiple: float) -> str:
    return (
        "as strong"
        if multiple == 1
        else f"{fmt.number(multiple, 0 if multiple == int(multiple) else 1)} times as strong"
    )


def _interval(row: Mapping[Any, Any], words: Words) -> str:
    low, high = words.factor * row["lower"], words.factor * row["upper"]
    return fmt.with_unit(fmt.interval(low, high, fmt.decimals(fmt.half_width(low, high))), words.unit)


def _trimmed(found: AppraisalInputs, words: Words, minimum: int) -> str:
    table = visible(found.tables["robustness"], minimum)
    rows = [
        row
        for row in table.to_dict("records")
        if row["estimand"] in ("trimmed ATE", "ATO") and fmt.known(row["estimate"])
    ]
    if not rows:
        return ""
    said = [
        f"{_effect(row, words)} {'in the overlap population' if row['estimand'] == 'ATO' else 'for ' + row['group']}"
        + ("" if row["estimand"] == "ATO" else f" ({fmt.percent(row['share'])} of participants)")
        for row in rows
    ]
    return (
        "Participants who could hardly have had the other treatment carry the least information and the most weight. "
        f"Without them, the effect is {'; '.join(said)}. Scores were used as they are, so that only the target changes."
    )


def _groups(found: AppraisalInputs, words: Words, minimum: int) -> str:
    table = visible(found.tables["robustness"], minimum)
    groups = table[(table["estimand"] == "rule_groups") & table["rv_interval"].notna()]
    if groups.empty:
        return ""
    weakest = groups.sort_values(["rv_interval", "rv"], kind="stable").iloc[0]
    return (
        f"By group, robustness values reach from {fmt.percent(groups['rv'].min(), 1)} to "
        f"{fmt.percent(groups['rv'].max(), 1)}; those of the intervals are least, "
        f"{fmt.percent(weakest['rv_interval'], 1)}, for {between(str(weakest['group']))} "
        f"(“{words.rules.get(str(weakest['term']), str(weakest['term']))}”)."
    )


def _ratio(found: AppraisalInputs, words: Words) -> str:
    facts = found.facts.get("ratio")
    if not facts:
        return ""
    bounds = f"{words.level}\u00a0CI {fmt.interval(facts['lower'], facts['upper'], 2)}"
    return (
        f"On the scale of ratios the risk is {fmt.number(facts['risk_ratio'], 2)} times ({bounds}). Its E-value is "
        f"{fmt.number(facts['e_value'], 2)}, that of the limit nearer to 1 {fmt.number(facts['e_value_limit'], 2)}: "
        "the least risk ratio that a confounder would need with treatment and with outcome, both."
    )


def _controls(inputs: ReportInputs, found: AppraisalInputs, words: Words) -> str:
    table = found.tables["controls"]
    if table.empty:
        return ""
    apart = table[table["apart"] == 1]
    if apart.empty:
        return (
            "Treatment cannot change the negative-control outcomes, and no effect on them is shown: that is what "
            "follows without confounding, though a control need not share every confounder with the outcome."
        )
    names = ", ".join(f"“{name}”" for name in apart["label"])
    return (
        f"{opening('an effect')} is shown on {names}, which treatment cannot change. That speaks for confounding (or "
        "chance), and the estimates above should be read as associations."
    )


def _draw(found: AppraisalInputs, words: Words) -> Drawn:
    grid = found.tables["contour"]
    benchmarks = strongest(found.tables["benchmarks"]).head(MOST_MARKS)
    marks = benchmarks.assign(label=[label_of(str(name), words) for name in benchmarks["benchmark"]])
    row = first(found.tables["robustness"], estimand="ATE") or {}
    caption = _caption(words, row, list(marks["label"]))
    frame = grid.assign(bound=words.factor * grid["bound"], limit=words.factor * grid["limit"])
    svg = contour_figure(frame, marks, float(row["estimate"]) > 0, caption.title, caption.alternative)
    return Drawn(svg, caption, frame)


def _caption(words: Words, row: Mapping[str, Any], labels: list[str]) -> Caption:
    named = f" Marks: as strong as {', '.join(f'“{label}”' for label in labels)}." if labels else ""
    return Caption(
        "What an unmeasured confounder could do",
        "Lines join strengths of a confounder that could bring the average effect to the written value"
        f"{words.in_unit}; on the thick line it could bring it to nothing, and in the shade the {words.level} interval "
        f"of the bound reaches nothing.{named} {MODELLED}",
        "Contour lines of the effect's bound nearest to nothing over the strength of a confounder with outcome and "
        f"with treatment. The robustness value is {fmt.percent(row['rv'], 1)}, that of the interval "
        f"{fmt.percent(row['rv_interval'], 1)}. The tables below have the numbers.",
    )
