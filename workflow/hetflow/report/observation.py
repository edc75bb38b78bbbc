"""Missing outcomes on the page, where they are weighted for: who has one, what the weights are and change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hetflow.report import formats as fmt
from hetflow.report.disclosure import HIDDEN, small
from hetflow.report.inputs import ReportInputs
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words, listed

WEIGHTING, IMPUTATION = "weighting", "imputation"


def outcomes_left_out(inputs: ReportInputs) -> Mapping[str, Mapping[str, Any]]:
    """Counts of missing outcomes by outcome, for what speaks of those left out; empty where nobody is."""
    outcomes: Mapping[str, Mapping[str, Any]] = inputs.cohort.get("outcomes", {})
    return {} if _strategy(inputs) in (WEIGHTING, IMPUTATION) else outcomes


def outcomes_lost(inputs: ReportInputs) -> int | None:
    """Participants of the cohort without the primary analysis' outcome; None where nothing says so."""
    facts = inputs.cohort.get("outcomes", {}).get(inputs.outcome)
    return int(facts.get("missing_treated") or 0) + int(facts.get("missing_control") or 0) if facts else None


def _strategy(inputs: ReportInputs) -> str:
    """What the primary analysis does about missing outcomes."""
    return str(inputs.methods.get("missing_outcome", {}).get("strategy", ""))


def missing_outcome_text(inputs: ReportInputs, words: Words, minimum: int) -> list[str]:
    """How the primary analysis kept those without an outcome; nothing where it left them out."""
    nuisance = inputs.analyses[inputs.primary].nuisance
    if _strategy(inputs) == IMPUTATION:
        return _imputed_text(words, nuisance, minimum)
    return observation_text(words, nuisance, minimum)


def _imputed_text(words: Words, nuisance: Mapping[str, Any], minimum: int) -> list[str]:
    """How many have no outcome, and how theirs were drawn."""
    arms = {row["arm"]: row for row in nuisance["observation"]["arms"]}
    lost = {name: row["units"] - row["observed"] for name, row in arms.items()}
    if not any(lost.values()):
        return ["The outcome of every participant is observed."]
    said = [_lost(words, arms[name], lost[name], minimum) for name in ("treated", "control")]
    return [
        f"The outcome is missing for {said[0]} and for {said[1]}. These participants stay in: their outcomes were "
        "drawn several times, in each arm apart, from a regression on covariates and what was recorded later, and "
        "estimates were pooled by Rubin's rules. The outcome's mean and the predicted effects were learnt from "
        "observed outcomes only, weighted by the inverse of their chance of being observed. Effects are those of all "
        "eligible participants; they are right if, given arm and what the regression reads, losing the outcome does "
        "not depend on what it would have been. No data can show that. Rankings are not evaluated on drawn outcomes, "
        "which bear out predictions that were learnt from the same data."
    ]


def observation_notices(nuisance: Mapping[str, Any]) -> list[str]:
    """What must be read with results that weigh for missing outcomes."""
    return [str(notice) for notice in nuisance.get("observation", {}).get("notices", [])]


def observation_parts(inputs: ReportInputs, words: Words, minimum: int) -> list[tuple[str, str]]:
    """What the page shows of missing outcomes, in order; tables by name."""
    texts = [("text", text) for text in missing_outcome_text(inputs, words, minimum)]
    return [*texts, ("table", "observation"), ("table", "observed_shares")]


def observation_tables(words: Words, nuisance: Mapping[str, Any], minimum: int) -> list[Table]:
    """Both tables; without rows under other strategies."""
    return [observation_table(words, nuisance), shares_table(words, nuisance, minimum)]


def observation_text(words: Words, nuisance: Mapping[str, Any], minimum: int) -> list[str]:
    """How many have no outcome, how they were weighted for, and what that changed; nothing under other strategies."""
    facts = nuisance.get("observation")
    if not facts:
        return []
    arms = {row["arm"]: row for row in facts["arms"]}
    lost = {name: row["units"] - row["observed"] for name, row in arms.items()}
    if not any(lost.values()):
        return ["The outcome of every participant is observed."]
    said = [_lost(words, arms[name], lost[name], minimum) for name in ("treated", "control")]
    given = listed(["arm", "covariates", *(words.covariate(name) for name in facts["auxiliary"])])
    return [
        f"The outcome is missing for {said[0]} and for {said[1]}. These participants stay in: each observed outcome "
        "is weighted by the inverse of its chance of being observed, and a prediction stands in for the missing ones "
        "(doubly robust). Effects are those of all eligible participants. They are right if, given "
        f"{given}, losing the outcome does not depend on what it would have been, and if either that chance or the "
        "outcome's mean is predicted well. No data can show the first.",
        _information(words, arms),
    ]


def _lost(words: Words, arm: Mapping[str, Any], lost: int, minimum: int) -> str:
    label = words.treated if arm["arm"] == "treated" else words.control
    whole = f"of the {fmt.count(arm['units'])} with {label}"
    return (
        f"fewer than {minimum} {whole}"
        if small(lost, minimum)
        else f"{fmt.percent(lost / arm['units'], 1)} {whole}"
    )


def _information(words: Words, arms: Mapping[str, Mapping[str, Any]]) -> str:
    """What the weights cost and what they change."""
    seen = sum(row["observed"] for row in arms.values())
    worth = sum(row["effective_size"] for row in arms.values())
    means = {
        name: [_mean(words, row["mean_observed"]), _mean(words, row["mean_completed"])]
        for name, row in arms.items()
    }
    return (
        f"{_heaviest(arms)}The {fmt.count(seen)} observed outcomes carry about as much "
        f"information as {fmt.count(round(worth))} unweighted ones. The mean outcome among those observed is "
        f"{means['treated'][0]} with {words.treated} and {means['control'][0]} with {words.control}; of all "
        f"participants it is estimated as {means['treated'][1]} and {means['control'][1]}."
    )


def _heaviest(arms: Mapping[str, Mapping[str, Any]]) -> str:
    """How large weights are; the public form tells no single one, and no quantile that few exceed."""
    for key, said in (("largest", "The largest weight is"), ("q0.99", "99 % of the weights are at most")):
        values = [row[key] for row in arms.values()]
        if all(fmt.known(value) for value in values):
            return f"{said} {fmt.number(max(values), 1)}. "
    return ""


def _mean(words: Words, value: float | None) -> str:
    """A mean of the outcome as text; a share of a binary one in per cent."""
    if value is None:
        return "unknown"
    if words.factor == 100.0:
        return fmt.percent(value, 1)
    return fmt.with_unit(fmt.number(value, 2 if abs(value) < 100 else 1), words.unit)


def observation_table(words: Words, nuisance: Mapping[str, Any]) -> Table:
    """The model of who has an outcome, its weights, and means of the outcome, by arm."""
    facts = nuisance.get("observation", {})
    body = tuple(_arm_row(words, row, facts.get("model", {})) for row in facts.get("arms", []))
    head = (
        "Arm",
        "Participants",
        "AUC",
        "Calibration slope",
        "Median weight",
        "99th per cent",
        "Largest",
        "Effective number",
        "Mean, observed",
        "Mean, weighted",
        "Mean of all",
    )
    note = (
        "AUC and calibration slope of the chance of an observed outcome, out of fold (0.5 is no better than chance, a "
        "slope of 1 is calibrated). Weights are its inverse. Effective number: unweighted outcomes with as much "
        "information. Means: of those observed; of those observed, weighted; of all, weighted and predicted."
    )
    return Table("observation", "Who has an outcome", head, body, (0,), note, folded=True)


def _arm_row(words: Words, row: Mapping[str, Any], models: Mapping[str, Any]) -> Cell:
    label = words.treated if row["arm"] == "treated" else words.control
    measures = models.get(row["arm"], {}).get("overall", {})
    return Cell(
        (
            label,
            fmt.count(row["units"]),
            *(fmt.number(measures.get(key), 2) for key in ("auc", "calibration_slope")),
            *(fmt.number(row[key], 2) for key in ("q0.5", "q0.99", "largest")),
            fmt.count(round(row["effective_size"])),
            *(_mean(words, row[key]) for key in ("mean_observed", "mean_weighted", "mean_completed")),
        )
    )


def shares_table(words: Words, nuisance: Mapping[str, Any], minimum: int) -> Table:
    """Share with an outcome by arm and level of strata and auxiliaries."""
    rows: list[Cell] = []
    group = None
    for row in nuisance.get("observation", {}).get("positivity", []):
        if row["group"] != group:
            group = row["group"]
            rows.append(Cell((words.covariate(group),), heading=True))
        label = words.treated if row["arm"] == "treated" else words.control
        rows.append(Cell((row["level"], label, *_share(row, minimum)), 1))
    head = ("Level", "Arm", "Participants", "With an outcome", "Predicted")
    note = "Where hardly anybody has an outcome, what is said of such participants rests on the model."
    return Table("observed_shares", "Share with an outcome", head, tuple(rows), (0, 1), note, folded=True)


def _share(row: Mapping[str, Any], minimum: int) -> tuple[str, str, str]:
    """Participants and shares; shares that tell a small count are hidden."""
    units = int(row["units"])
    if small(units, minimum):
        return f"<{minimum}", HIDDEN, HIDDEN
    seen = round(units * row["share"])
    telling = small(seen, minimum) or small(units - seen, minimum)
    return fmt.count(units), HIDDEN if telling else fmt.percent(row["share"]), fmt.percent(row["probability"])
