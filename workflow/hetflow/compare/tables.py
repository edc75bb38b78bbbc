"""Tables of the page that compares two runs."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from hetflow.compare.artefacts import Stage
from hetflow.compare.cells import DIFFERENT, ROUNDING, TableChange
from hetflow.compare.conclusions import Conclusion, Decision
from hetflow.compare.data import Rows
from hetflow.compare.estimates import ONLY_A, ONLY_B, Estimate
from hetflow.compare.settings import Changed
from hetflow.errors import plain
from hetflow.report import formats as fmt
from hetflow.report.tables import Cell, Table

#: Rows of one table that are printed; more are counted.
MOST_ROWS = 1_000
_LONG = 200
#: A hash in full; its beginning is enough to look at.
_HASH = re.compile(r"^([0-9a-f]{16})[0-9a-f]{48}$")


def table(
    name: str,
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    text: Sequence[int] = (0,),
    note: str = "",
    folded: bool = False,
) -> Table:
    """A table of at most `MOST_ROWS` rows; its small print says how many were left out."""
    left_out = len(rows) - MOST_ROWS
    more = f"{fmt.count(left_out)} more rows are not printed." if left_out > 0 else ""
    cells = tuple(Cell(tuple(row)) for row in rows[:MOST_ROWS])
    notes = " ".join(part for part in (note, more) if part)
    return Table(name, caption, tuple(head), cells, tuple(text), notes, folded)


def conclusions_table(found: Sequence[Conclusion]) -> Table:
    """Every question with both answers."""
    rows = [(one.asked, one.a, one.b, "changed" if one.changed else "the same") for one in found]
    note = (
        "Of the average effect the direction counts (whether its interval lies on the side of benefit, of harm, or "
        "holds zero); of the others the answer, its grade and its direction. The last is answered in the report's "
        "section on policies."
    )
    return table(
        "conclusions", "What each run concludes", ("Question", "A", "B", ""), rows, (0, 1, 2, 3), note
    )


def decisions_table(found: Sequence[Decision]) -> Table:
    """The global tests of heterogeneity."""
    rows = [
        (
            one.name,
            *(fmt.p_cell(p) or fmt.NONE for p in (one.p_a, one.p_b, one.holm_a, one.holm_b)),
            _decision(one),
        )
        for one in found
    ]
    head = ("Test", "p, A", "p, B", "Holm, A", "Holm, B", "At 5\u202f%")
    note = (
        "The pre-specified global tests of the primary analysis. Holm: p adjusted for their number in its own run. A "
        "decision is another where p or the adjusted p lies on the other side of 5 %."
    )
    return table("tests", "Does the effect vary at all? The tests", head, rows, (0, 5), note)


def _decision(one: Decision) -> str:
    if not one.in_both:
        return f"made in {'A' if math.isfinite(one.p_a) else 'B'} only"
    return "changed" if one.changed else "the same"


def other_tests_table(found: Sequence[Decision]) -> Table:
    """Other tests whose decision changed."""
    rows = [(one.analysis or "all", one.name, fmt.p_cell(one.p_a), fmt.p_cell(one.p_b)) for one in found]
    head = ("Analysis", "Test", "p, A", "p, B")
    note = "Not adjusted for their number: of many tests some change sides by little."
    caption = f"Other tests that change sides at 5\u202f% ({len(rows)})"
    return table("other_tests", caption, head, rows, (0, 1), note, True)


def settings_table(found: Sequence[Changed]) -> Table:
    """Changed settings with the stages that read them."""
    rows = [
        (
            plain(one.key, _LONG) or f"all of {one.files[0]}",
            plain(one.a, _LONG),
            plain(one.b, _LONG),
            ", ".join(one.stages),
            fmt.count(len(one.files)),
        )
        for one in found
    ]
    head = ("Key", "A", "B", "Read by", "Files")
    note = "From the resolved study: defaults are written out. Values are JSON. Files: settings files that hold it."
    return table("settings", f"Settings that differ ({len(rows)})", head, rows, (0, 1, 2, 3), note)


def values_table(
    name: str, caption: str, what: str, rows: Rows, note: str = "", folded: bool = False
) -> Table:
    """Three columns: what, A, B."""
    short = [tuple(_HASH.sub(r"\1…", plain(cell, _LONG)) for cell in row) for row in rows]
    return table(name, caption, (what, "A", "B"), short, (0, 1, 2), note, folded)


def stages_table(found: Sequence[Stage]) -> Table:
    """Files of every stage."""
    rows = [
        (one.name, *(fmt.count(number) for number in (one.same, one.differ, one.only_a, one.only_b)))
        for one in found
    ]
    head = ("Stage", "Same", "Different", "Only in A", "Only in B")
    note = (
        "Files by their SHA-256, as the two manifests list them, in the order of the workflow. Files of rows of units "
        "are compared by their hash alone and are not read."
    )
    return table("stages", "Files of each stage, byte for byte", head, rows, (0,), note)


def estimates_table(
    name: str, caption: str, found: Sequence[Estimate], folded: bool, whose: bool = False
) -> Table:
    """Estimates that differ; `whose` puts the analysis first."""
    rows = []
    for one in found:
        places = fmt.decimals(min((se for se in (one.se_a, one.se_b) if se > 0), default=None))
        cells = [_value(one.a, one.se_a, places), _value(one.b, one.se_b, places), *_gap(one, places)]
        rows.append((*([one.analysis] if whose else []), one.label, *cells))
    head = ("Estimate", "A (SE)", "B (SE)", "B minus A", "In SE", "Beyond Monte Carlo error")
    note = (
        "In SE: in units of the larger standard error, which says how much it matters and is no test, for the runs "
        "share their participants. Beyond Monte Carlo error: more than chance of the computation explains, as the "
        "stability stage measured it or, where both runs have the same scores, as finitely many imputations bring it "
        "about; empty where it is not known of both runs."
    )
    text = (0, 1, 6) if whose else (0, 5)
    return table(name, caption, ("Analysis", *head) if whose else head, rows, text, note, folded)


def _value(value: float, se: float, places: int) -> str:
    text = fmt.number(value, places)
    return f"{text} ({fmt.number(se, places)})" if fmt.known(se) else text


def _gap(one: Estimate, places: int) -> tuple[str, str, str]:
    if one.state in (ONLY_A, ONLY_B):
        return fmt.NONE, fmt.NONE, f"in {one.state.removeprefix('only ')} only"
    if one.state == ROUNDING:
        return "rounding", "", ""
    small = one.difference != 0 and abs(one.difference) < 0.5 * 10.0**-places
    gap = f"<{fmt.SPACE}{10.0**-places:.{places}f}" if small else fmt.signed(one.difference, places)
    beyond = {None: "", True: "yes", False: "no"}[one.beyond]
    return gap, _errors(one.in_errors), beyond


def _errors(value: float) -> str:
    if not fmt.known(value):
        return fmt.NONE
    return (
        fmt.number(0.0, 2)
        if value == 0
        else f"<{fmt.SPACE}0.01"
        if abs(value) < 0.005
        else fmt.signed(value, 2)
    )


def tables_table(found: Sequence[TableChange]) -> Table:
    """Exported tables that differ."""
    rows = [
        (
            one.name,
            *(fmt.NONE if rows is None else fmt.count(rows) for rows in (one.rows_a, one.rows_b)),
            f"{fmt.count(one.differ)} {one.counted}",
            fmt.count(one.rounding),
        )
        for one in found
    ]
    head = ("Table", "Rows, A", "Rows, B", "Differ", "By rounding")
    note = (
        "Cells, where both have the same columns and as many rows; else rows that one of them has and the other has "
        "not."
    )
    return table("tables", f"Exported tables that differ ({len(rows)})", head, rows, (0, 3), note)


def moved(found: Sequence[Estimate]) -> list[Estimate]:
    """Estimates whose numbers are not the same, those that agree to rounding left out."""
    return [one for one in found if one.state in (DIFFERENT, ONLY_A, ONLY_B)]
