"""Two runs compared: everything that the page tells and that an exit status depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hetflow.compare import figures
from hetflow.compare.artefacts import Stage, stages
from hetflow.compare.cells import DIFFERENT, TableChange, table_change
from hetflow.compare.conclusions import Conclusion, Decision, conclusions, decisions
from hetflow.compare.data import DataChange, data_change
from hetflow.compare.estimates import ONLY_A, ONLY_B, Estimate, estimates
from hetflow.compare.read import Run
from hetflow.compare.settings import Changed, changed_settings
from hetflow.errors import refuse

#: Tables that are compared row by row, each by what it holds.
_BY_ROW = ("estimates",)
Values = list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between run A and run B, and what does not.

    Attributes
    ----------
    a, b : Run
    settings : list of Changed
    data : DataChange
    code, versions : list of (name, A, B)
        Scripts whose code differs, with their fingerprints; packages whose version differs.
    stages : list of Stage
        Files by stage, in the order of the workflow.
    conclusions : list of Conclusion
    decisions : list of Decision
        All tests.
    estimates : list of Estimate
    tables : list of TableChange
        Every other exported table.
    pictures : list of Pair
        Figures that differ.
    same_figures : int
    """

    a: Run
    b: Run
    settings: list[Changed]
    data: DataChange
    code: Values
    versions: Values
    stages: list[Stage]
    conclusions: list[Conclusion]
    decisions: list[Decision]
    estimates: list[Estimate]
    tables: list[TableChange]
    pictures: list[figures.Pair]
    same_figures: int

    @property
    def changed_conclusions(self) -> list[Conclusion]:
        """Questions that the runs answer differently."""
        return [one for one in self.conclusions if one.changed]

    @property
    def changed_decisions(self) -> list[Decision]:
        """Global tests of heterogeneity whose decision at 5 % is another."""
        return [one for one in self.decisions if one.in_family and one.changed]

    @property
    def conclusion_changed(self) -> bool:
        """Whether any conclusion changed: an answer, or the decision of a global test of heterogeneity."""
        return bool(self.changed_conclusions or self.changed_decisions)

    @property
    def number_changed(self) -> bool:
        """Whether any number of the estimates or of another table changed by more than rounding."""
        states = {one.state for one in self.estimates}
        return bool(states & {DIFFERENT, ONLY_A, ONLY_B}) or any(one.numbers for one in self.tables)

    @property
    def identical(self) -> bool:
        """Whether every file that the manifests list is the same byte for byte."""
        return all(stage.identical for stage in self.stages)


def compare(a: Run, b: Run) -> Comparison:
    """Compare two runs.

    Raises
    ------
    hetflow.errors.Refused
        If one is of a randomised trial and the other of an observational study: the same words then mean other things.
    """
    kinds = [str(run.report["design"]["kind"]) for run in (a, b)]
    if kinds[0] != kinds[1]:
        refuse(
            f"{a.where} and {b.where}",
            "two runs of one kind of study",
            f"{kinds[0]} and {kinds[1]}",
            "compare runs whose `design.kind` is the same: tests and grades of the two kinds are not the same",
        )
    if a.public != b.public:
        a, b = a.hashed_as_in_a_crate(), b.hashed_as_in_a_crate()
    other_folds = a.artefacts.get("folds.parquet") != b.artefacts.get("folds.parquet")
    names = sorted({*a.tables, *b.tables} - set(_BY_ROW))
    return Comparison(
        a=a,
        b=b,
        settings=changed_settings(a, b),
        data=data_change(a, b),
        code=_values(a.code, b.code),
        versions=_values(a.versions, b.versions),
        stages=stages(a, b),
        conclusions=conclusions(a, b),
        decisions=decisions(a, b),
        estimates=estimates(a, b, other_folds),
        tables=[table_change(name, a.tables.get(name), b.tables.get(name)) for name in names],
        pictures=figures.differing(a, b),
        same_figures=figures.same(a, b),
    )


def _values(a: Mapping[str, str], b: Mapping[str, str]) -> Values:
    names = sorted({*a, *b})
    told = [(name, a.get(name, "not there"), b.get(name, "not there")) for name in names]
    return [one for one in told if one[1] != one[2]]
