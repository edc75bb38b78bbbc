"""What a run left behind, as the checklists ask about it: which places exist, which appraisals were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hetflow.report.drawn import Drawn
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from hetflow.report.observation import outcomes_lost
from hetflow.report.planned import when
from hetflow.report.sensitivity import examined
from hetflow.report.tables import Table
from hetflow.report.words import Words

#: Files beside the page that every run leaves, in the study's folder and in the published crate.
FILES: Mapping[str, str] = {
    "manifest.json": "Manifest",
    "settings/report.json": "Settings of the report",
    "settings/cohort.json": "Settings of the cohort",
    "reporting/methods.md": "Methods, as text",
    "reporting/results.md": "Results, as text",
    "reporting/references.bib": "References",
}
ANSWERS, PLAN = "#answers", "#planned"
"""The first screen; the section on the analysis plan, which answers only where one was frozen."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the checklists see it.

    Attributes
    ----------
    inputs : ReportInputs
    words : Words
        Of the primary analysis.
    places : dict of str to str
        Every place that an item may point to, and its title: ``#<id>`` of the page, or a file of the results.
    """

    inputs: ReportInputs
    words: Words
    places: Mapping[str, str]

    @property
    def randomised(self) -> bool:
        """Whether treatment was."""
        return self.words.randomised

    @property
    def methods(self) -> Mapping[str, Any]:
        """Resolved settings of the primary analysis."""
        return self.inputs.methods

    @property
    def outcome(self) -> Mapping[str, Any]:
        """What the study file says of the primary analysis' outcome."""
        outcome: Mapping[str, Any] = self.inputs.settings["outcomes"][self.inputs.outcome]
        return outcome

    @property
    def lost(self) -> int | None:
        """Participants of the cohort without the outcome; None where nothing says so."""
        return outcomes_lost(self.inputs)

    @property
    def missing_outcome(self) -> str:
        """What is done about missing outcomes."""
        return str(self.methods.get("missing_outcome", {}).get("strategy", "complete_case"))

    @property
    def frozen(self) -> str:
        """When an analysis plan was frozen; empty where none was."""
        return when(self.inputs.plan)

    @property
    def examined(self) -> bool:
        """Whether missing outcomes were shifted."""
        return examined(self.inputs)

    @property
    def gaps(self) -> bool:
        """Whether any covariate value or outcome is missing."""
        return bool(self.inputs.missingness.get("missing_cells")) or bool(self.lost)

    def appraisal(self, name: str) -> AppraisalInputs | None:
        """What an appraisal of the primary analysis left behind, if it was made."""
        return self.inputs.appraisal(name)

    def table(self, name: str, table: str) -> pd.DataFrame:
        """A table of an appraisal; empty if it was not made."""
        held = self.appraisal(name)
        return pd.DataFrame() if held is None else held.tables.get(table, pd.DataFrame())

    def made(self, name: str, table: str) -> AppraisalInputs | None:
        """An appraisal, if it was made and this table of it has rows."""
        held = self.appraisal(name)
        return held if held is not None and len(self.table(name, table)) else None

    def there(self, places: Iterable[str]) -> tuple[str, ...]:
        """Those of the places that exist; the section on the plan counts only where one was frozen."""
        known = (place for place in dict.fromkeys(places) if place in self.places)
        return tuple(place for place in known if place != PLAN or self.frozen)


def places_of(
    sections: Sequence[Mapping[str, Any]],
    drawn: Mapping[str, Drawn],
    shown: Mapping[str, Table],
    exported: Iterable[str],
) -> dict[str, str]:
    """Every place of the page that is really there, and the files beside it.

    Parameters
    ----------
    sections : sequence of mapping
        From `hetflow.report.sections.all_sections`; one without parts is not on the page.
    drawn, shown : mapping
        Figures and tables of the page; a table without rows is not on it.
    exported : iterable of str
        Tables that are written as files.
    """
    places = {ANSWERS: "The first screen"}
    for section in sections:
        if not section["parts"]:
            continue
        places[f"#{section['id']}"] = str(section["title"])
        for kind, item in section["parts"]:
            if kind == "figure" and item in drawn:
                places[f"#figure-{item}"] = f"Figure: {drawn[item].caption.title}"
            if kind == "table" and item in shown and shown[item].rows:
                places[f"#table-{item}"] = f"Table: {shown[item].caption}"
    places |= {f"tables/{name}.csv": f"tables/{name}.csv" for name in exported}
    return places | dict(FILES)
