"""What the report reads, already in memory: nothing here knows of files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

MISSING = "missing"
"""The row of `ReportInputs.covered` that counts missing values."""
Covered = Mapping[tuple[str, str, str], str]


@dataclass(frozen=True, slots=True)
class AppraisalInputs:
    """What one appraisal left behind: its tables by name, and its facts."""

    tables: Mapping[str, pd.DataFrame]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AnalysisInputs:
    """What one analysis left behind, beside its rows in the joined estimates.

    Attributes
    ----------
    nuisance : dict
        Facts of the nuisance stage (``nuisance/<set>.json``; of several sets the first).
    guards : dict
        Facts of the imputation guards.
    curves : DataFrame
        ``curve, q, estimate, se, lower, upper``: the targeting operator characteristic, in benefit units.
    displays : DataFrame
        ``covariate, label, unit, bin, x, level, n, estimate, se, lower, upper``: effects in outcome units.
    joint : DataFrame
        Contract ``joint``: terms that belong together, tested together.
    notices : list of str
        What the estimates stage wants read.
    shifts, tipping, plane : DataFrame
        Of the sensitivity stage (`hetflow.effects.sensitivity`); empty where it was not asked for.
    sensitivity : dict
        Its facts (``sensitivity/sensitivity.json``).
    appraisals : dict of str to AppraisalInputs
        What was made of the scores beyond the estimates (`hetflow.study.appraisals`), by name.
    """

    nuisance: Mapping[str, Any] = field(default_factory=dict)
    guards: Mapping[str, Any] = field(default_factory=dict)
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    displays: pd.DataFrame = field(default_factory=pd.DataFrame)
    joint: pd.DataFrame = field(default_factory=pd.DataFrame)
    notices: tuple[str, ...] = ()
    shifts: pd.DataFrame = field(default_factory=pd.DataFrame)
    tipping: pd.DataFrame = field(default_factory=pd.DataFrame)
    plane: pd.DataFrame = field(default_factory=pd.DataFrame)
    sensitivity: Mapping[str, Any] = field(default_factory=dict)
    appraisals: Mapping[str, AppraisalInputs] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportInputs:
    """The read artefacts of a whole study.

    Attributes
    ----------
    settings : dict
        ``settings/report.json``: title, estimand, treatment, outcomes, labels of the analyses, methods, seed.
    cohort : dict
        ``cohort.json``: units, columns, notices, source.
    flow, baseline : DataFrame
        Participant flow and baseline table.
    variables, masks, patterns : DataFrame
        The structure of what is missing: by variable, by distinct mask, by pattern.
    missingness : dict
        ``missingness/summary.json``.
    structure : dict
        ``missingness/structure.json``; empty when the stage was not run.
    structure_tables : dict of str to DataFrame
        Its tables ``nodes``, ``network``, ``nesting`` and ``rules``.
    mechanism : dict
        ``missingness/mechanism.json``; empty when the stage was not run.
    mechanism_tables : dict of str to DataFrame
        Its tables ``labels``, ``dependence``, ``compared``, ``mcar`` and ``dropout``.
    estimates : DataFrame
        Contract ``estimates``, all analyses.
    analyses : dict of str to AnalysisInputs
        By analysis, the primary first.
    plan : dict
        ``plan/followed.json``: whether the frozen plan was followed (`hetflow.prespecified.followed`); empty when the
        stage was not run.
    deviations : DataFrame
        ``key, analyses, planned, done, amendment, touches``: what was done otherwise than planned.
    versions : dict of str to str
        Packages and their versions, hetflow's first.
    covered : dict of (variable, row, group) to str, optional
        Of the public form (`hetflow.publish`): counts of the covariates that are not printed, and what stands in their
        place. A row is a level, or `MISSING`; a group is an arm, or ``all``. None in the study team's form.
    withheld : set of str
        Figures and tables that the public form leaves out.
    """

    settings: Mapping[str, Any]
    cohort: Mapping[str, Any]
    flow: pd.DataFrame
    baseline: pd.DataFrame
    variables: pd.DataFrame
    masks: pd.DataFrame
    patterns: pd.DataFrame
    missingness: Mapping[str, Any]
    estimates: pd.DataFrame
    analyses: Mapping[str, AnalysisInputs]
    structure: Mapping[str, Any] = field(default_factory=dict)
    structure_tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    mechanism: Mapping[str, Any] = field(default_factory=dict)
    mechanism_tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)
    deviations: pd.DataFrame = field(default_factory=pd.DataFrame)
    versions: Mapping[str, str] = field(default_factory=dict)
    covered: Covered | None = None
    withheld: frozenset[str] = frozenset()

    @property
    def outcome(self) -> str:
        """Name of the primary analysis' outcome."""
        return str(self.methods.get("outcome") or self.settings["outcome"])

    @property
    def primary(self) -> str:
        """Name of the primary analysis."""
        return next(iter(self.analyses))

    @property
    def methods(self) -> Mapping[str, Any]:
        """Resolved settings of the primary analysis."""
        methods: Mapping[str, Any] = self.settings["methods"][self.primary]
        return methods

    @property
    def minimum(self) -> int:
        """Counts below it are not printed."""
        return int(self.settings["minimum_cell_count"])

    def label(self, analysis: str) -> str:
        """What the page calls an analysis."""
        return str(self.settings["labels"].get(analysis) or analysis)

    def appraisal(self, name: str) -> AppraisalInputs | None:
        """What an appraisal of the primary analysis left behind, if it was made."""
        return self.analyses[self.primary].appraisals.get(name)


@dataclass(frozen=True, slots=True)
class Report:
    """The finished report.

    Attributes
    ----------
    html : str
        One page that needs nothing else.
    figures : dict of str to str
        SVG text by name.
    tables : dict of str to DataFrame
        Tables by name, as they may leave the study: small counts are replaced.
    reporting : dict of str to str
        Checklists, methods, results and references for a paper, as text by name of the file.
    """

    html: str
    figures: dict[str, str]
    tables: dict[str, pd.DataFrame]
    reporting: dict[str, str]
