"""How it is studied: missing data, nuisance functions, forest, estimates; and what an analysis may change."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from hetflow.study.base import Name, Section, section_key
from hetflow.study.routes import Strategy

Learner = Literal["stack", "linear", "boosting", "forest", "mean"]
ObservationLearner = Literal["stack", "linear", "boosting", "forest"]
Target = Literal["ATE", "ATT", "ATC", "ATO"]
ORCID = r"^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$"


class Missingness(Section):
    """What is done about missing covariates."""

    strategy: Strategy = "multiple_imputation"
    """How gaps are handled; each strategy's questions, assumption and designs stand below."""
    imputations: int = Field(default=10, ge=1, le=1000)
    """Completed data sets of multiple imputation; raising it adds files and changes none."""
    iterations: int = Field(default=5, ge=1, le=100)
    """Rounds of the chained equations."""
    engine: Literal["auto", "pmm", "normal", "tree"] = "auto"
    """How gaps are drawn: `pmm` matches predicted means, `normal` draws continuous columns from a normal model, `tree`
    takes donors from a tree's leaves. `auto`: `tree` in large studies whose covariates depend on one another in
    curves, else `pmm`; the report says which, and why."""
    donors: int = Field(default=5, ge=1, le=50)
    """Units among which `pmm` draws; fewest of a leaf under `tree`."""
    predictors: Annotated[int, Field(ge=1, le=200)] | Literal["auto"] = "auto"
    """Most predictors of a column's imputation model; `auto`: one for every 100 observed values, 10 to 50."""
    keep_mask: list[str] = []
    """`selective`: covariates whose gaps are not imputed but get a constant and an indicator."""
    minimum_pattern: int = Field(default=200, ge=50)
    """`blockwise`: fewest units with all of a pattern's covariates; below, the pattern gives up another block."""
    unconfounded_despite_missingness: str = ""
    """Observational designs: why treatment is unconfounded given what was recorded, gaps included; it is printed."""
    groups: list[str] = []
    """Columns by whose levels missing values are counted, for instance site and ethnicity; by default the strata."""
    delta: dict[str, float] = {}
    """For analyses beside the primary: amounts added to imputed values of continuous columns, in their own units; of
    binary ones added to the log odds, of counts to the log rate."""


class Nuisance(Section):
    """The outcome mean and the propensity, each predicted for a fold by models that have not seen it."""

    outcome: Learner = "stack"
    """Learner of the outcome mean; `stack` weighs linear, boosting and forest by cross-validation."""
    covariates: Literal["all", "without_gaps"] = "all"
    """Covariates that the outcome mean reads. `without_gaps`, those that nobody misses, for trials whose gaps arose
    after randomisation and depend on the outcome: completed values would then carry the arm into the score."""
    propensity: Literal["design", "stack", "linear", "boosting", "forest"] = "design"
    """`design` takes the known probability of a randomised trial; the others estimate it."""
    trim: tuple[float, float] | None = None
    """Leave out units whose propensity lies outside; nobody is left out by default."""


class MissingOutcome(Section):
    """What is done about units without an outcome."""

    strategy: Literal["complete_case", "weighting", "imputation"] = "complete_case"
    """`complete_case` leaves them out; `weighting` keeps them, by the probability that an outcome is observed;
    `imputation` draws their outcomes by arm, as often as `missingness.imputations` says."""
    learner: ObservationLearner = "stack"
    """Learner of that probability, given arm, covariates and `auxiliary`; fitted in each arm apart."""
    auxiliary: list[str] = []
    """Columns of role auxiliary, also of a later visit, that who has an outcome may depend on beside the covariates."""
    smallest: float = Field(default=0.02, gt=0, le=0.5)
    """Smaller probabilities are raised to this; the report says how many."""


class Sensitivity(Section):
    """How far outcomes that are missing may lie from what observed ones predict before the findings change.

    Done for every analysis that keeps units without an outcome (`missing_outcome: {strategy: weighting}` or
    `imputation`)."""

    deltas: list[float] = [-1.0, -0.5, 0.5, 1.0]
    """Shifts of the missing outcomes for which every estimate is given; an empty list does without."""
    units: Literal["sd", "own"] = "sd"
    """Unit of `deltas`: standard deviations of the outcome within arms, or the outcome's own unit."""
    arms: list[Literal["both", "treated", "control", "opposite"]] = ["both", "treated", "control"]
    """Whose missing outcomes are shifted; `opposite` moves the treated by delta and the controls by minus delta."""
    reference_based: list[str] = []
    """`jump_to_reference`: treated units without an outcome did as controls like them; needs `imputation`, a trial."""


class Forest(Section):
    """The causal forest."""

    engine: Literal["histogram", "econml"] = "histogram"
    """Which implementation grows the trees: `histogram`, which is fast and takes missing covariates, or `econml`."""
    trees: int = Field(default=2000, ge=4, le=1_000_000)
    """Trees for each imputation; raising it adds files and changes none. A multiple of `bag_trees`."""
    held_out_trees: int = Field(default=200, ge=0, le=1_000_000)
    """Trees of each forest that leaves folds out (held-out groups, sequential RATE); 0 grows none."""
    bag_trees: int = Field(default=4, ge=2, le=100)
    """Trees of a little bag: they share a half-sample."""
    min_leaf: int = Field(default=5, ge=1)
    """Fewest units of a leaf; `histogram` wants half of them on each side of the node's mean treatment."""
    max_depth: int | None = Field(default=None, ge=1)
    """Greatest depth of a tree."""
    max_features: Annotated[float, Field(gt=0)] | Literal["auto", "sqrt", "log2"] = "auto"
    """Covariates tried at a split; a number up to 1 is a share. `auto`: all, or some √p + 20 with `histogram`."""
    min_balancedness: float = Field(default=0.45, ge=0, le=0.5)
    """How uneven a split may be: each side keeps at least 0.5 minus this share."""
    imbalance_penalty: float = Field(default=0.0, ge=0)
    """What a split loses for uneven variation of treatment; `histogram` only."""
    training: Literal["deployment", "inference"] = "deployment"
    """Covariates that trees learn from. `inference` is experimental: imputed by arm and with the outcome, evaluated at
    deployment-mode ones; the ranking's p-value then comes from permutations of the arm."""
    permutations: int = Field(default=100, ge=19, le=10_000)
    """`training: inference`: arms drawn anew under a constant effect; raising it adds files and changes none."""
    permutation_trees: int = Field(default=100, ge=20, le=100_000)
    """Trees for each permutation and imputation."""
    permutation_imputations: int = Field(default=3, ge=1, le=1000)
    """Imputations of each permutation; at most those of the analysis are used."""
    shard_bags: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    """Bags grown in one job; `auto` aims at some minutes a job. Results do not depend on it."""


class GroupRule(Section):
    """Groups of units by one covariate; give exactly one of `quantiles`, `cuts` and `levels`."""

    covariate: str
    """Covariate that makes the groups."""
    quantiles: int | None = Field(default=None, ge=2, le=20)
    """Number of groups of equal size, cut at quantiles of the observed values."""
    cuts: list[float] | None = Field(default=None, min_length=1)
    """Cut points, ascending; a value equal to a cut belongs to the lower group."""
    levels: bool | None = None
    """One group for each level."""


class Estimates(Section):
    """What is estimated from the doubly robust scores."""

    average: list[Target] = ["ATE", "ATT", "ATC", "ATO"]
    """Average effects: of all, of the treated, of the controls, in the overlap population."""
    groups: int = Field(default=4, ge=2, le=20)
    """Number of groups by predicted effect."""
    rules: dict[Name, GroupRule] = {}
    """Groups fixed by a rule in one covariate, named before the data are seen."""
    projection: list[str] = []
    """Covariates of the best linear projection, named before the data are seen."""
    displays: list[str] = []
    """Covariates against which effects are drawn; by default those of the projection."""
    ranking_draws: int = Field(default=200, ge=50, le=10_000)
    """Half-samples of the bootstrap for TOC, AUTOC and QINI."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Level of the intervals."""


class Author(Section):
    """An author of the study."""

    name: str
    """Full name."""
    orcid: str | None = Field(default=None, pattern=ORCID)
    """ORCID, as 0000-0000-0000-0000."""
    affiliation: str = ""
    """Institution."""


class Report(Section):
    """What the page says beside the numbers."""

    summary: str = ""
    """A paragraph of background for the first page."""
    citation: str = ""
    """How to cite the data."""
    authors: list[Author] = []
    """Who made the study."""
    licence: str = ""
    """Licence of the results."""


def _partial(section: type[Section]) -> Any:
    """The section with every key optional: what an analysis may override."""
    fields: dict[str, Any] = {
        name: (info.annotation | None, Field(default=None, description=info.description))  # type: ignore[operator]
        for name, info in section.model_fields.items()
    }
    return create_model(
        f"{section.__name__}Override",
        __base__=Section,
        __doc__=f"Keys of `{section_key(section.__name__)}`.",
        **fields,
    )


class Analysis(Section):
    """A named set of changes to the study, run beside the others and compared with them."""

    label: str = ""
    """Name in the report."""
    outcome: Name | None = None
    """Another of the study's outcomes."""
    missingness: _partial(Missingness) | None = None  # type: ignore[valid-type]
    """Keys of `missingness` that differ."""
    nuisance: _partial(Nuisance) | None = None  # type: ignore[valid-type]
    """Keys of `nuisance` that differ."""
    missing_outcome: _partial(MissingOutcome) | None = None  # type: ignore[valid-type]
    """Keys of `missing_outcome` that differ."""
    forest: _partial(Forest) | None = None  # type: ignore[valid-type]
    """Keys of `forest` that differ."""
    estimates: _partial(Estimates) | None = None  # type: ignore[valid-type]
    """Keys of `estimates` that differ."""
