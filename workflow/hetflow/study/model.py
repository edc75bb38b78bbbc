"""The study file as a whole."""

from __future__ import annotations

from pydantic import Field, model_validator

from hetflow.study.base import PRIMARY, Name, Section
from hetflow.study.confounding import Confounding
from hetflow.study.description import (
    ColumnEntry,
    Data,
    Derived,
    Design,
    Eligibility,
    Estimand,
    Outcome,
    Treatment,
)
from hetflow.study.evidence import Evidence
from hetflow.study.learners import Learners
from hetflow.study.methods import (
    Analysis,
    Estimates,
    Forest,
    Missingness,
    MissingOutcome,
    Nuisance,
    Report,
    Sensitivity,
)
from hetflow.study.modifiers import Modifiers
from hetflow.study.plan import Plan
from hetflow.study.policy import Policy
from hetflow.study.publish import Publish
from hetflow.study.risk import Risk
from hetflow.study.splits import Splits
from hetflow.study.stability import Stability


class Study(Section):
    """A treatment-effect heterogeneity study: one file from raw data to report."""

    study: Name
    """Short name; results lie in `results/<study>/`."""
    title: str
    """Title of the report."""
    seed: int = Field(default=20260101, ge=0)
    """Seed of every random draw."""
    minimum_cell_count: int = Field(default=10, ge=1)
    """Counts below are not shown in figures and tables that leave the study."""
    data: Data
    """The raw data file."""
    estimand: Estimand
    """The question, in the attributes of ICH E9(R1)."""
    design: Design
    """How units came to be treated."""
    treatment: Treatment
    """What is compared."""
    outcomes: dict[Name, Outcome] = Field(min_length=1)
    """Outcomes by name."""
    outcome: Name
    """The outcome of the primary analysis."""
    eligibility: list[Eligibility] = []
    """Rules that a unit must meet, in the order of the participant flow."""
    derived: dict[str, Derived] = {}
    """New columns; the dictionary says their role and kind like any other's."""
    dictionary: dict[str, ColumnEntry] = Field(min_length=1)
    """What is known of each column. A key is a name or a shell pattern (`BL.*`); a name goes before a pattern."""
    folds: int = Field(default=5, ge=3, le=20)
    """Folds of cross-fitting, common to all analyses and imputations."""
    missingness: Missingness = Missingness()
    """What is done about missing covariates."""
    nuisance: Nuisance = Nuisance()
    """Outcome mean and propensity."""
    missing_outcome: MissingOutcome = MissingOutcome()
    """What is done about units without an outcome."""
    sensitivity: Sensitivity = Sensitivity()
    """How findings depend on what the missing outcomes were."""
    forest: Forest = Forest()
    """The causal forest."""
    estimates: Estimates = Estimates()
    """What is estimated."""
    evidence: Evidence = Evidence()
    """Global tests of heterogeneity."""
    splits: Splits = Splits()
    """Heterogeneity judged by repeated sample splits."""
    modifiers: Modifiers = Modifiers()
    """Effect modifiers: named ones shown, all of them ranked."""
    risk: Risk = Risk()
    """Effects by baseline risk."""
    confounding: Confounding = Confounding()
    """What an unmeasured confounder could do."""
    learners: Learners = Learners()
    """Other learners of the conditional effect, compared with the forest."""
    stability: Stability = Stability()
    """Whether another run would find the same."""
    analyses: dict[Name, Analysis] = {PRIMARY: Analysis(label="Primary")}
    """The primary analysis and the sensitivity analyses beside it."""
    policy: Policy = Policy()
    """What rules that decide whom to treat would gain."""
    plan: Plan = Plan()
    """The analysis plan, frozen before outcomes are read."""
    blinded: bool = False
    """Run everything with the arms permuted, in `results/<study>-blinded/`, so that the pipeline can be reviewed before
    unblinding; also by `--config blinded=true`."""
    report: Report = Report()
    """What the page says beside the numbers."""
    publish: Publish = Publish()
    """What may leave the study when it is published, and its description."""

    @model_validator(mode="before")
    @classmethod
    def _primary_needs_no_entry(cls, values: object) -> object:
        if isinstance(values, dict) and isinstance(values.get("analyses"), dict):
            analyses = {name: entry or {} for name, entry in values["analyses"].items()}
            if PRIMARY not in analyses:
                analyses = {PRIMARY: {"label": "Primary"}, **analyses}
            values = {**values, "analyses": analyses}
        return values
