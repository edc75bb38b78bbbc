"""How it was done, in one paragraph for a paper, and how to run it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hetflow.missingness.gapless import WITHOUT_GAPS
from hetflow.report import formats as fmt
from hetflow.report.words import Words
from hetflow.study.routes import ROUTES

_LEARNERS = {
    "linear": "penalised linear regression",
    "boosting": "boosted trees",
    "forest": "a random forest",
    "mean": "the mean",
}


def methods_paragraph(words: Words, settings: Mapping[str, Any], analysis: str) -> str:
    """The primary analysis in one paragraph, for a paper."""
    methods = settings["methods"][analysis]
    missingness, nuisance, forest = methods["missingness"], methods["nuisance"], methods["forest"]
    several = ROUTES[missingness["strategy"]].several
    imputed = f" ({missingness['imputations']} in each of two modes)" if several else ""
    trees = f"{forest['trees']:,}".replace(",", fmt.NARROW)
    per = " for each imputation" if several else ""
    averaged = (
        "; effects were averaged over imputations before they were ranked"
        if several and words.randomised
        else ""
    )
    return (
        f"Effects of {words.treated} against {words.control} on the outcome “{words.outcome}” were estimated with "
        f"doubly robust scores under {settings['folds']}-fold cross-fitting. {_propensity(words, nuisance)} The "
        f"outcome's mean was predicted by {learner_name(nuisance['outcome'])}{_of_mean(nuisance)}. Missing covariates "
        f"were handled by {ROUTES[missingness['strategy']].title}{imputed}.{_missing_outcomes(methods)} Individual "
        f"effects came from an honest causal forest of {trees} trees{per} ({forest['engine']}), grown in little bags "
        f"of {forest['bag_trees']}{averaged}. Average effects are over everybody, the treated, the controls and the "
        f"overlap population. {_tests(words)} Groups by predicted benefit come from forests grown on the folds before "
        f"the participant's ({forest['held_out_trees']} trees); the first fold is left out. The analysis is "
        "exploratory: it looks for differences in effect, and a further trial would have to confirm them."
    )


def _of_mean(nuisance: Mapping[str, Any]) -> str:
    return " from the covariates that nobody misses" if nuisance["covariates"] == WITHOUT_GAPS else ""


def _missing_outcomes(methods: Mapping[str, Any]) -> str:
    """What was done about missing outcomes, where they were not left out."""
    section = methods.get("missing_outcome", {})
    if section.get("strategy", "complete_case") == "complete_case":
        return ""
    if section["strategy"] == "imputation":
        times = methods["missingness"]["imputations"]
        return f" Missing outcomes were imputed {times} times by arm, and estimates pooled by Rubin's rules."
    given = " and ".join(["covariates", *section["auxiliary"]])
    return (
        " Missing outcomes were handled by augmented inverse-probability weighting; the probability of an observed "
        f"outcome was predicted within each arm from {given} by {learner_name(section['learner'])}."
    )


def _tests(words: Words) -> str:
    if words.randomised:
        return "Heterogeneity was tested by the one-sided out-of-bag AUTOC and by the sequential RATE."
    return (
        "Heterogeneity was described, not tested: the size of its tests is not known without randomisation."
    )


def _propensity(words: Words, nuisance: Mapping[str, Any]) -> str:
    if nuisance["propensity"] == "design":
        return "The probability of treatment was that of the design."
    return f"The propensity was estimated by {learner_name(nuisance['propensity'])}."


def learner_name(name: str) -> str:
    """A learner of the study file in words."""
    if name == "stack":
        return "a cross-validated stack of penalised linear regression, boosted trees and a random forest"
    return _LEARNERS.get(name, name)


def commands(study: str) -> list[str]:
    """How to run it again."""
    return [f"snakemake --cores all --configfile config/{study}.yaml"]
