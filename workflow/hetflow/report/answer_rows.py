"""The answers of the first page as a table, so that two runs can be compared by what they conclude."""

from __future__ import annotations

from typing import Any

import pandas as pd

from hetflow.report import picks
from hetflow.report.answers import ASKED, Answers
from hetflow.report.inputs import ReportInputs
from hetflow.report.policy_numbers import hidden, quantity
from hetflow.report.printed import Number
from hetflow.report.words import Words

#: Names of the questions, in the order of the page; the last is answered in the section on policies.
QUESTIONS = ("average", "varies", "whom", "again", "policy")
COLUMNS = (
    *("question", "asked", "answer", "grade", "direction", "quantity", "unit"),
    *("estimate", "se", "lower", "upper", "p", "tests", "found", "p_adjusted", "others", "agreeing", "text"),
)
TREAT = "Whom to treat?"
EVERYBODY, NOBODY, OPEN = "Treat everybody", "Treat nobody", "Open"


def answers_frame(inputs: ReportInputs, own: Words, found: Answers) -> pd.DataFrame:
    """One row a question.

    Returns
    -------
    DataFrame
        question (`QUESTIONS`), asked, answer (the headline), grade (empty for the average effect and policies),
        direction (1: shown in the direction of benefit, -1: of harm, 0: neither; null where it was not asked), and the
        number behind it as the page prints it: quantity (an estimand, or a policy), unit, estimate,
        se, lower, upper, p;
        tests, found and p_adjusted (of ``varies``: the global tests, those that find it, the smallest adjusted p-value
        of these; of ``whom``: the smallest adjusted p-value of the slopes), others and agreeing (other analyses of the
        same outcome that test a ranking); text: the sentences.
    """
    facts, estimates, primary = found.facts, inputs.estimates, inputs.primary
    average = picks.one(estimates, primary, "ATE", own)
    gap = picks.sequential(estimates, primary, own)[2]
    ranking, sequential = (picks.one(estimates, primary, name, own) for name in ("AUTOC", "sequential_AUTOC"))
    rows: list[dict[str, Any]] = [
        {"direction": None if average is None else average.direction * own.sign} | _number("ATE", average),
        {"direction": int(facts.found > 0) if facts.tests else None}
        | _number("AUTOC", ranking)
        | {"tests": facts.tests, "found": facts.found, "p_adjusted": facts.adjusted if facts.tests else None},
        {"direction": facts.gap, "p_adjusted": facts.slope} | _number("sequential_groups_difference", gap),
        {"direction": facts.replicated, "others": facts.others, "agreeing": facts.agreeing}
        | _number("sequential_AUTOC", sequential),
    ]
    grades = ("", *(one.strength for one in found.grades))
    for name, asked, row, finding, grade in zip(QUESTIONS, ASKED, rows, found.findings, grades, strict=False):
        row |= {"question": name, "asked": asked, "answer": finding.headline, "grade": grade}
        row |= {"text": finding.text.replace("\n", " "), "unit": own.unit}
    rows += _policy(inputs, own)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    numeric = ["direction", *COLUMNS[COLUMNS.index("estimate") : -1]]
    return table.astype(dict.fromkeys(numeric, "float64"))


def _number(name: str, own: Number | None) -> dict[str, Any]:
    if own is None:
        return {}
    values = {key: getattr(own, key) for key in ("estimate", "se", "lower", "upper", "p")}
    return {"quantity": name} | values


def _policy(inputs: ReportInputs, own: Words) -> list[dict[str, Any]]:
    """Whom to treat without a limit, as far as intervals tell: the policy that gains most of those shown to gain more
    than treating everybody; else everybody or nobody, where treating everybody is shown to gain or to lose.

    Policies are judged on a part of the units. Everybody or nobody is the answer only where the average effect of all
    shows the same, so that this row does not conclude what the first one leaves open.
    """
    held = inputs.appraisal("policy")
    values = held.tables.get("values", pd.DataFrame()) if held else pd.DataFrame()
    everybody = quantity(values, "all", "value", own.factor)
    if everybody is None:
        return []
    alike = bool(held and held.facts["cost"]) or _average(inputs, own) == everybody.direction
    free = values[values["budget"] == 1]
    small = hidden(values, inputs.minimum)
    better = []
    for name, label in free[["policy", "label"]].drop_duplicates().itertuples(index=False):
        gain = quantity(free, name, "over_all", own.factor)
        if name not in small and gain is not None and gain.direction > 0 and (alike or name != "none"):
            better.append((gain.estimate, name, label, gain))
    row: dict[str, Any] = {"question": QUESTIONS[-1], "asked": TREAT, "grade": "", "unit": own.unit}
    if better:
        _, name, label, gain = max(better, key=lambda one: one[0])
        chosen = NOBODY if name == "none" else str(label)
        return [
            row
            | {"answer": chosen, "direction": -1 if name == "none" else 1}
            | _number(f"{name} over all", gain)
        ]
    direction = everybody.direction if alike else 0
    answer = {1: EVERYBODY, -1: NOBODY, 0: OPEN}[direction]
    return [row | {"answer": answer, "direction": direction} | _number("all", everybody)]


def _average(inputs: ReportInputs, own: Words) -> int:
    """Whether the average effect of all is shown to be a benefit (1), a harm (-1), or neither (0)."""
    found = picks.one(inputs.estimates, inputs.primary, "ATE", own, benefit=True)
    return 0 if found is None else found.direction
