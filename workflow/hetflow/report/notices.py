"""What must be read with the results: of the cohort and the primary analysis first, of the others in a table."""

from __future__ import annotations

from hetflow.report import observation, planned, prose
from hetflow.report.inputs import AnalysisInputs, ReportInputs
from hetflow.report.prose_mechanism import mechanism_notices
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words


def notices(inputs: ReportInputs, own: Words) -> list[str]:
    """What must be read with the primary analysis, each once."""
    said = planned.notice(inputs)
    said += [str(notice) for notice in inputs.cohort.get("notices", [])]
    said += mechanism_notices(inputs.mechanism, own)
    return list(dict.fromkeys([*said, *_of(inputs.analyses[inputs.primary])]))


def other_notices(inputs: ReportInputs) -> Table:
    """What must be read with the other analyses, but for what the primary one says already."""
    first = set(_of(inputs.analyses[inputs.primary]))
    rows: list[Cell] = []
    for name, analysis in inputs.analyses.items():
        said = [notice for notice in _of(analysis) if notice not in first]
        if name != inputs.primary and said:
            rows.append(Cell((inputs.label(name),), heading=True))
            rows += [Cell((notice,), 1) for notice in said]
    return Table("notices", "To be read with the other analyses", ("Notice",), tuple(rows), (0,), "", True)


def _of(analysis: AnalysisInputs) -> list[str]:
    said = [*analysis.notices, *observation.observation_notices(analysis.nuisance)]
    return list(dict.fromkeys([*said, *prose.guard_notices(analysis.guards)]))
