"""What the page shows of the appraisals: each is a module of its own, and one entry here.

A module offers ``shown(inputs, words, minimum)``: its tables, its figures and what of it may leave the study. Its
``parts`` stand in the section of the page to which they belong (`hetflow.report.sections`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from hetflow.report.drawn import Drawn
from hetflow.report.inputs import ReportInputs
from hetflow.report.tables import Table
from hetflow.report.words import Words


@dataclass(frozen=True, slots=True)
class Shown:
    """What an appraisal adds to the page.

    Attributes
    ----------
    tables : list of Table
    figures : dict of str to Drawn
        By name, in the order of the page.
    exported : dict of str to DataFrame
        Tables by name as they may leave the study: small counts replaced.
    """

    tables: list[Table] = field(default_factory=list)
    figures: dict[str, Drawn] = field(default_factory=dict)
    exported: dict[str, pd.DataFrame] = field(default_factory=dict)


#: In the page's order.
SHOWN: tuple[Callable[[ReportInputs, Words, int], Shown], ...] = ()


def all_shown(inputs: ReportInputs, words: Words) -> Shown:
    """What all appraisals of the primary analysis add."""
    minimum = int(inputs.settings["minimum_cell_count"])
    whole = Shown()
    for show in SHOWN:
        one = show(inputs, words, minimum)
        whole.tables.extend(one.tables)
        whole.figures.update(one.figures)
        whole.exported.update(one.exported)
    return whole
