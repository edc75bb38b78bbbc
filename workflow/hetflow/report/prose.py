"""The running text of the page: how missing values were handled, how good the nuisances are, how it was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hetflow.report import formats as fmt
from hetflow.report.disclosure import shown
from hetflow.report.words import Words

TWO_MODES = (
    "For everything that predicts or ranks, covariates were imputed without looking at treatment or outcome "
    "(deployment mode), as they would have to be for a new participant. For groups by a rule and for "
    "projections, covariates were imputed by arm and with the outcome (inference mode), evaluated in each "
    "completed data set against effects that never saw those imputations, and pooled by Rubin's rules."
)
OBSERVATIONAL_MODES = (
    "Forests and rankings read covariates imputed without looking at treatment or outcome (deployment mode), "
    "as they would have to be for a new patient. Confounders must be imputed well, so propensity, outcome "
    "mean, scores and all that reads covariates were made in each data set imputed by arm and with the "
    "outcome (inference mode), and pooled by Rubin's rules."
)
TARGET_NOTE = (
    "The two answer different questions, and tables say which: “as patients are seen” (ranking with what is "
    "known of a participant) and “if covariates were measured” (groups as they would be with nothing "
    "missing)."
)
_HANDLED = {
    "multiple_imputation": TWO_MODES,
    "indicator": (
        "Where it was settled before randomisation who would miss a covariate, a missing value was set to the "
        "median or most frequent level and marked by an indicator; other missing values were imputed once, from "
        "the other covariates alone."
    ),
    "selective": (
        "Missing values of the covariates that the study names (keep_mask) were set to the median or most frequent "
        "level and marked by an indicator; the others were imputed in two modes, as under multiple imputation. "
    )
    + TARGET_NOTE,
    "blockwise": (
        "A block of covariates that was not measured at all was not imputed: outcome mean and effect of a participant "
        "come from models of the covariates that participants of the same pattern have, learnt from everybody who has "
        "them. Single missing values were imputed as under multiple imputation. " + TARGET_NOTE
    ),
    "complete_case": "Participants with any missing covariate were left out, so the results are about those "
    "fully measured.",
    "complete_variables": "Covariates with any missing value were left out, so effects cannot be seen to "
    "vary with them.",
    "native": "Learners and forest took missing values as they are; nothing was filled in.",
}
REGULATORS = (
    "Guidance for trials asks that baseline covariates be imputed without arm and outcome when the average effect is "
    "estimated; every route here does so for average effects, scores and rankings. Groups by a rule and slopes are "
    "another matter: covariates imputed without arm and outcome understate how the effect varies with them, so that "
    "routes that answer “if covariates were measured” impute them by arm and with the outcome. Those estimates are "
    "supportive."
)
UNTESTABLE = (
    "No data can tell whether values are missing because of what they would have been; what follows "
    "describes what is missing, not why."
)
TESTS = (
    "An average can hide that some gain and others do not. What follows asks whether ranking participants by "
    "predicted effect finds those who gain more. It does not say by how much an individual participant "
    "gains, and it cannot see differences that the measured covariates do not carry."
)
AVERAGES = (
    "The average over everybody answers the question above. The others average the same effects over other "
    "populations: those like the treated, those like the controls, and those who could well have had either. "
    "Where they agree, the answer does not hang on whom it is averaged over."
)
GROUPS = (
    "Groups are of two kinds: by predicted benefit, where the prediction came from forests that had not seen "
    "the participant, and by rules in one covariate that the study file names."
)


def handling(methods: Mapping[str, Any], randomised: bool) -> list[str]:
    """How the primary analysis handled missing covariates, in two or three sentences."""
    missingness = methods["missingness"]
    strategy = missingness["strategy"]
    stated = missingness.get("unconfounded_despite_missingness", "")
    if strategy != "multiple_imputation":
        said = [_HANDLED[strategy]]
        if stated and not randomised:
            said.append(f"The study states why treatment is unconfounded given what was recorded: {stated}")
        return said
    draws = (
        f"Each mode made {missingness['imputations']} completed data sets by chained equations; "
        "values measured were left as they were, bit for bit."
    )
    return [TWO_MODES, TARGET_NOTE, draws] if randomised else [OBSERVATIONAL_MODES, draws]


def missing_text(summary: Mapping[str, Any], minimum: int) -> str:
    """How much is missing, from ``missingness/summary.json``."""
    if not summary.get("missing_cells"):
        return "No covariate value is missing."
    away = summary.get("not_applicable_cells")
    apart = (
        f" A further {fmt.percent(away / summary['cells'])} of all cells do not apply to the participant."
        if away
        else ""
    )
    return (
        f"Of all covariate values that exist, {fmt.percent(summary['missing_share'])} are missing: "
        f"{fmt.count(summary['incomplete_columns'])} of {fmt.count(summary['columns'])} covariates have "
        f"gaps, and {shown(summary['complete_cases'], minimum)} of {fmt.count(summary['units'])} "
        f"participants have none.{apart}"
    )


def analyses_text(number: int) -> str:
    """What comparing analyses is for; nothing where there is one."""
    if number < 2:
        return ""
    return (
        "Each analysis repeats the primary one with the changes that its name says. What holds over all of "
        "them does not hang on a choice; where they differ, the choice matters and should be argued."
    )


def dropped_text(dropped: Mapping[str, str]) -> str:
    """Columns that could not serve as covariates, and why."""
    if not dropped:
        return ""
    reasons = "; ".join(f"{name} ({reason})" for name, reason in dropped.items())
    return f"Left out as covariates: {reasons}."


def lost_text(words: Words, outcome: Mapping[str, Any], minimum: int, examined: bool = False) -> str:
    """How many of each arm have no outcome, and what that asks one to believe; `examined`: the page asks what else."""
    lost = {arm: int(outcome.get(f"missing_{arm}") or 0) for arm in ("treated", "control")}
    whole = {arm: lost[arm] + int(outcome.get(f"observed_{arm}") or 0) for arm in lost}
    if not any(lost.values()) or min(whole.values()) == 0:
        return ""
    labels = {"treated": words.treated, "control": words.control}
    said = [
        f"{fmt.percent(lost[arm] / whole[arm], 1)} of the {fmt.count(whole[arm])} with {labels[arm]}"
        if lost[arm] >= minimum
        else f"fewer than {minimum} of the {fmt.count(whole[arm])} with {labels[arm]}"
        for arm in lost
    ]
    return (
        f"The outcome is missing for {said[0]} and for {said[1]}. Effects are those of participants with an "
        "outcome; they speak for everybody only if, given arm and covariates, losing the outcome does not depend "
        "on what it would have been. "
        + (
            "What else could be so is asked under “What the missing outcomes could change”."
            if examined
            else "No sensitivity analysis of that assumption was made."
        )
    )


def overlap_text(words: Words, nuisance: Mapping[str, Any]) -> str:
    """Whether the arms can be compared."""
    balance = [
        row["before"]
        for row in nuisance.get("overlap", {}).get("balance", [])
        if fmt.known(row.get("before"))
    ]
    beyond = sum(abs(value) > 0.1 for value in balance)
    total = len(balance)
    compare = (
        f" Of {total} covariate terms {beyond if beyond else 'none'} "
        f"{'differ' if beyond != 1 else 'differs'} between the arms by more than 0.1 standard deviations "
        "before any weighting."
        if total
        else ""
    )
    if words.randomised:
        chance = (
            "Treatment was randomised, so its probability is known: every participant could have had either."
        )
        return (
            chance
            + compare.replace(" before any weighting", "")
            + (
                " After randomisation such differences come from chance or, as only those with an observed "
                "outcome are compared, from who was lost."
                if beyond
                else ""
            )
        )
    outside = [row["share"] for row in nuisance.get("overlap", {}).get("outside", []) if row["low"] == 0.05]
    worst = (
        (
            f" At most {fmt.percent(max(outside), 1)} of an arm has a probability below 0.05 or above 0.95."
            if max(outside) > 0
            else " Nobody has a probability below 0.05 or above 0.95."
        )
        if outside
        else ""
    )
    return f"The probability of treatment was estimated from the covariates.{worst}{compare}"


def nuisance_text(words: Words, nuisance: Mapping[str, Any]) -> str:
    """How well the outcome mean, and an estimated propensity, predict participants they have not seen."""
    outcome = nuisance.get("outcome", {})
    r2 = outcome.get("overall", {}).get("r2")
    parts = []
    if fmt.known(r2):
        share = fmt.percent(max(float(r2), 0.0), 0)
        parts.append(
            f"The outcome's mean, predicted for participants not used in its fit, explains {share} of the "
            "outcome's variance."
        )
    auc = nuisance.get("propensity", {}).get("overall", {}).get("auc")
    if fmt.known(auc):
        parts.append(
            "The estimated propensity tells treated from untreated with an area under the curve of "
            f"{auc:.2f}."
        )
    if words.randomised:
        parts.append("In a randomised trial a poor prediction costs precision, not validity.")
    return " ".join(parts)


def guards_text(guards: Mapping[str, Any], words: Words) -> list[str]:
    """How covariates were completed, and what the guards on them found."""
    out = [str(guards["engine"])] if guards.get("engine") else []
    arm = guards.get("arm", guards)
    if fmt.known(arm.get("mean")) and fmt.known(arm.get("se")):
        out.append(
            "Check: from the completed covariates the arm is predicted with a cross-validated area under the "
            f"curve of {fmt.number(arm['mean'], 3)} (0.5 is chance, standard error "
            f"{fmt.number(arm['se'], 3)})."
        )
    return out


def guard_notices(guards: Mapping[str, Any]) -> list[str]:
    """Notices that the guards raised."""
    found = [guards.get("notice")] + [
        part.get("notice") for part in guards.values() if isinstance(part, Mapping)
    ]
    return [str(notice) for notice in [*found, *guards.get("notices", [])] if notice]
