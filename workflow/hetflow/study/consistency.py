"""What no single key of a study file can tell is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from hetflow.errors import Problem
from hetflow.study.appraisals import appraisal_problems
from hetflow.study.confounding import confounding_problems
from hetflow.study.description import StratumProbability
from hetflow.study.groups import rule_problems
from hetflow.study.learners import learner_problems
from hetflow.study.model import Study
from hetflow.study.modifiers import modifier_problems
from hetflow.study.plan import amendment_problems
from hetflow.study.policy_checks import policy_problems
from hetflow.study.publish import publish_problems
from hetflow.study.risk import risk_problems
from hetflow.study.route_checks import mean_problems, route_problems, training_problems
from hetflow.study.sensitivity import imputation_problems, sensitivity_problems
from hetflow.study.splits import split_problems
from hetflow.study.stability import stability_problems
from hetflow.study.suited import suited_problems

#: Folders that a run makes beside those of the analyses.
FOLDERS = frozenset(
    {"benchmarks", "crate", "figures", "logs", "missingness", "plan", "reporting", "settings", "tables"}
)


def inconsistencies(study: Study, source: str) -> Iterator[Problem]:
    """Combinations of keys that cannot work, each in the user's words.

    Parameters
    ----------
    study : Study
        A study whose keys are each valid.
    source : str
        The study file's name, for the messages.
    """
    for name, outcome in study.outcomes.items():
        if (outcome.column is None) == (outcome.expression is None):
            yield Problem(
                f"{source}: outcomes.{name}",
                "exactly one of `column` and `expression`",
                "both" if outcome.column else "neither",
                "keep the one that defines the outcome",
            )
    yield from _names(study, source)
    yield from _design(study, source)
    both = {str(code) for code in study.treatment.treated} & {str(code) for code in study.treatment.control}
    if both:
        yield Problem(
            f"{source}: treatment",
            "values that are either treated or control",
            f"{', '.join(sorted(both))} in both lists",
            "keep each value in one list",
        )
    yield from _treatment(study, source)
    yield from _outcomes(study, source)
    for name, analysis in study.analyses.items():
        if analysis.missingness is not None and "groups" in analysis.missingness.model_fields_set:
            yield Problem(
                f"{source}: analyses.{name}.missingness.groups",
                "groups of the study, for what is missing is described once for all analyses",
                "groups of one analysis",
                "write them under `missingness` of the study",
            )
    yield from sensitivity_problems(study, source)
    yield from appraisal_problems(study, source)
    yield from suited_problems(study, source)
    yield from split_problems(study, source)
    yield from modifier_problems(study, source)
    yield from policy_problems(study, source)
    yield from confounding_problems(study, source)
    yield from publish_problems(study, source)
    yield from amendment_problems(study, source)
    taken = sorted(set(study.analyses) & FOLDERS)
    for name in taken:
        yield Problem(
            f"{source}: analyses.{name}",
            f"a name that is no folder of the results ({', '.join(sorted(FOLDERS))})",
            name,
            "choose another name",
        )


def _treatment(study: Study, source: str) -> Iterator[Problem]:
    """Labels and columns that would confuse the arms with something else."""
    treatment, design = study.treatment, study.design
    if treatment.treated_label.strip() == treatment.control_label.strip():
        yield Problem(
            f"{source}: treatment.treated_label",
            "different labels of the two arms",
            repr(treatment.treated_label),
            "name the arms apart",
        )
    places = {f"design.strata[{i}]": name for i, name in enumerate(design.strata)}
    places |= {f"design.{key}": getattr(design, key) for key in ("cluster", "weight")}
    if isinstance(design.probability, StratumProbability):
        places["design.probability.column"] = design.probability.column
    for key, column in places.items():
        if column == treatment.column:
            yield Problem(
                f"{source}: {key}",
                "a column other than the treatment",
                f"{column}, the treatment itself",
                "name a column that was known before treatment was assigned",
            )


def _outcomes(study: Study, source: str) -> Iterator[Problem]:
    """Outcomes that are something else, and levels that nothing reads."""
    taken = {study.treatment.column: "the treatment", study.data.unit: "the unit's identifier"}
    for name, outcome in study.outcomes.items():
        if outcome.column in taken:
            yield Problem(
                f"{source}: outcomes.{name}.column",
                "a column that was measured after treatment",
                f"{outcome.column}, {taken[outcome.column]}",
                "name the outcome's column",
            )
        if outcome.levels and outcome.kind != "binary":
            yield Problem(
                f"{source}: outcomes.{name}.levels",
                "levels for a binary outcome alone",
                f"kind {outcome.kind}",
                "write `kind: binary`, or remove the levels",
            )


def _names(study: Study, source: str) -> Iterator[Problem]:
    chosen = {"outcome": study.outcome} | {
        f"analyses.{name}.outcome": analysis.outcome
        for name, analysis in study.analyses.items()
        if analysis.outcome
    }
    for key, outcome in chosen.items():
        if outcome not in study.outcomes:
            yield Problem(
                f"{source}: {key}",
                f"one of the outcomes {', '.join(study.outcomes)}",
                str(outcome),
                "name one of them, or add it under `outcomes`",
            )


def _design(study: Study, source: str) -> Iterator[Problem]:
    design = study.design
    values = (
        design.probability.levels.values()
        if isinstance(design.probability, StratumProbability)
        else [design.probability]
    )
    if any(value is not None and not 0 < value < 1 for value in values):
        yield Problem(
            f"{source}: design.probability",
            "probabilities strictly between 0 and 1",
            ", ".join(str(value) for value in values),
            "give the probability of being treated; a stratum in which nobody can be treated must be left out",
        )
    if design.kind == "randomised" and design.probability is None:
        yield Problem(
            f"{source}: design",
            "`probability`, the known chance of treatment in a randomised design",
            "none",
            "write for instance `probability: 0.5`, or one for each level of a column",
        )
    if design.kind == "observational" and design.probability is not None:
        yield Problem(
            f"{source}: design.probability",
            "no known probability in an observational design",
            str(design.probability),
            "remove it: the propensity is estimated",
        )


def analysis_inconsistencies(study: Study) -> Iterator[Problem]:
    """What cannot work in one resolved analysis (its overrides already merged into `study`); `where` is the key."""
    randomised = study.design.kind == "randomised"
    if randomised and study.nuisance.propensity != "design":
        yield Problem(
            "nuisance.propensity",
            "`design` in a randomised design, whose probabilities are known",
            study.nuisance.propensity,
            "remove the key; if treatment was not randomised, set design.kind to observational",
        )
    if not randomised and study.nuisance.propensity == "design":
        yield Problem(
            "nuisance.propensity",
            "a learner (stack, linear, boosting or forest) in an observational design",
            "design",
            "write `nuisance: {propensity: stack}`",
        )
    trim = study.nuisance.trim
    if trim is not None and not 0 <= trim[0] < trim[1] <= 1:
        yield Problem("nuisance.trim", "two ascending shares between 0 and 1", str(list(trim)), "swap them")
    yield from imputation_problems(study)
    yield from risk_problems(study)
    yield from stability_problems(study)
    yield from route_problems(study.missingness, study.forest.engine, randomised)
    yield from mean_problems(study.nuisance, study.missingness, randomised)
    yield from learner_problems(study)
    yield from training_problems(study.forest, study.missingness, study.missing_outcome.strategy, randomised)
    if study.forest.imbalance_penalty and study.forest.engine != "histogram":
        yield Problem(
            "forest.imbalance_penalty",
            f"0 with forest.engine {study.forest.engine}, which has no such penalty",
            str(study.forest.imbalance_penalty),
            "remove the key, or choose `forest: {engine: histogram}`",
        )
    features = study.forest.max_features
    if isinstance(features, float) and features > 1 and features != int(features):
        yield Problem(
            "forest.max_features",
            "a share up to 1, or a whole number of covariates",
            str(features),
            "write a share such as 0.3",
        )
    yield from rule_problems(study)
    for key in ("average", "projection", "displays"):
        values = getattr(study.estimates, key)
        twice = sorted({str(value) for value in values if values.count(value) > 1})
        if twice:
            yield Problem(f"estimates.{key}", "each name once", f"{', '.join(twice)} twice", "keep one")
    for key in ("trees", "held_out_trees", "permutation_trees"):
        trees = getattr(study.forest, key)
        if trees % study.forest.bag_trees:
            yield Problem(
                f"forest.{key}",
                f"a multiple of bag_trees ({study.forest.bag_trees})",
                str(trees),
                f"write {(trees // study.forest.bag_trees + 1) * study.forest.bag_trees}",
            )
