"""What is studied: data, estimand, design, treatment, outcomes, data dictionary, eligibility."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from hetflow.study.base import Code, Expression, Section

SEPARATOR = r"^[\t -!#-~]$"
Kind = Literal["continuous", "count", "binary", "ordinal", "nominal"]
Format = Literal["auto", "csv", "tsv", "parquet", "sas", "stata", "spss", "excel"]


class Data(Section):
    """The raw data file: read once, never copied, never changed."""

    file: str = Field(min_length=1, max_length=1000)
    """Path of the data file, relative to the folder in which you start snakemake, or to the project's."""
    format: Format = "auto"
    """How to read it; `auto` goes by the file's ending."""
    unit: str
    """Column that identifies a unit (a patient). It is checked for duplicates and never leaves the raw file."""
    missing_codes: list[Code] = [""]
    """Values that mean missing in every column, after blanks at both ends are stripped."""
    encoding: str = "utf-8"
    """Character encoding of a text file."""
    delimiter: str | None = Field(default=None, pattern=SEPARATOR)
    """Separator of a text file; by default a comma for csv and a tab for tsv."""
    sheet: str | None = None
    """Sheet of an Excel file; by default the first."""
    value_labels: bool = False
    """Read a SAS, Stata or SPSS file's value labels instead of its codes."""


class Estimand(Section):
    """The question, in the five attributes of ICH E9(R1)."""

    population: str
    """Whom the question is about."""
    treatments: str
    """The treatment conditions compared."""
    variable: str
    """What is measured, and when."""
    intercurrent_events: str
    """Events after randomisation that change the meaning of the variable, and the strategy for each."""
    summary: str
    """How the two conditions are compared at the level of the population."""


class StratumProbability(Section):
    """Probabilities of treatment that differ between the levels of a column."""

    column: str
    """Column whose levels set the probability, for instance the clinic."""
    levels: dict[str, float] = Field(min_length=1)
    """Probability of treatment for each level, strictly between 0 and 1."""


class Design(Section):
    """How units came to be treated."""

    kind: Literal["randomised", "observational"]
    """`randomised`: the probability of treatment is known. `observational`: it is estimated from the covariates."""
    probability: float | StratumProbability | None = None
    """Probability of being treated, by design; a number strictly between 0 and 1, or one for each stratum."""
    strata: list[str] = []
    """Columns within which randomisation was balanced; folds are drawn within them."""
    cluster: str | None = None
    """Column of the clusters (villages, practices) whose units depend on one another."""
    weight: str | None = None
    """Column of positive sampling weights."""
    minimum_arm: int = Field(default=30, ge=10)
    """An arm with fewer eligible units is refused."""


class Treatment(Section):
    """Which values of which column are compared. An effect is treated minus control."""

    column: str
    """Column of the treatment as assigned."""
    treated: list[Code] = Field(min_length=1)
    """Values that count as treated."""
    control: list[Code] = Field(min_length=1)
    """Values that count as control. Units with other values are counted in the flow and left out."""
    treated_label: str = "Treated"
    """Name of the treated arm in the report."""
    control_label: str = "Control"
    """Name of the control arm in the report."""


class Outcome(Section):
    """An outcome: a column, or an expression over columns."""

    column: str | None = None
    """Column that holds the outcome."""
    expression: Expression | None = None
    """Expression that makes the outcome; give either this or `column`."""
    kind: Literal["continuous", "binary", "count"] = "continuous"
    """`binary` outcomes are 0 and 1, No and Yes, or have `levels`; their effect is a risk difference."""
    levels: list[str] | None = Field(default=None, min_length=2, max_length=2)
    """For a binary outcome that is text: the level that counts 0, then the level that counts 1."""
    label: str
    """Name in the report."""
    unit: str = ""
    """Unit of measurement, for instance mm."""
    better: Literal["higher", "lower"]
    """Direction of benefit."""


class Derived(Section):
    """A new column made from others."""

    expression: Expression
    """How it is made."""


class Eligibility(Section):
    """A rule that a unit must meet; a unit for which it cannot be told is left out and counted apart."""

    label: str
    """Name of the rule in the participant flow."""
    expression: Expression
    """Condition under which a unit is kept."""


class ColumnEntry(Section):
    """What is known of a column, or of all columns that match a pattern."""

    role: Literal["covariate", "auxiliary", "outcome", "treatment", "unit", "ignore"] | None = None
    """`covariate`: effects may vary with it. `auxiliary`: may help to impute. `ignore`: not read."""
    kind: Kind | None = None
    """Scale of measurement."""
    unit: str | None = None
    """Unit of measurement."""
    label: str | None = None
    """Name in the report; by default the column's name."""
    levels: list[Code] | None = Field(default=None, min_length=1)
    """Levels in order: for `binary` the level coded 0 first; for `ordinal` ascending."""
    missing: dict[str, str] | None = None
    """Codes that mean missing in this column, each with its reason."""
    block: str | None = None
    """Name of the panel that is measured together and goes missing together."""
    visit: int | None = Field(default=None, ge=0)
    """0 is baseline. A covariate of a later visit is refused: treatment may have changed it."""
    applicable_if: Expression | None = None
    """Condition under which a value exists at all; elsewhere the value is never imputed."""
    not_applicable: Code | None = None
    """Constant that stands where a value does not exist; by default 0, or the level `not applicable`."""

    mask_fixed_before_randomisation: bool | None = None
    """Whether it was settled before randomisation who would miss this value, so that an indicator is a covariate."""

    @field_validator("missing", mode="before")
    @classmethod
    def _codes_may_be_numbers(cls, codes: object) -> object:
        """YAML reads an unquoted 99 as a number; as a code it is the text 99."""
        return {str(code): reason for code, reason in codes.items()} if isinstance(codes, dict) else codes
