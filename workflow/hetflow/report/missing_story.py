"""What is missing, what it does to the question, and what could overturn the finding: the story in five answers.

Each answer is a headline and the sentences behind it, made from the artefacts; what was not examined is said to be so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report import pooled, sensitivity
from hetflow.report.disclosure import shown
from hetflow.report.inputs import ReportInputs
from hetflow.report.sentences import Finding
from hetflow.report.words import Words, listed, opening
from hetflow.study.routes import ESTIMANDS, MEASURED, ROUTES

#: Routes that lie no farther apart than this many standard errors of the primary analysis are said to agree.
AGREE = 1.0


@dataclass(frozen=True, slots=True)
class Told:
    """What the story is told from.

    Attributes
    ----------
    words : Words
    minimum : int
        Counts below are not shown.
    structure, mechanism : mapping
        ``missingness/structure.json`` and ``missingness/mechanism.json``.
    lost : mapping
        The outcome's facts in ``cohort.json``: missing and observed by arm.
    strategy, missing_outcome : str
        Of the primary analysis.
    spread : DataFrame
        From `hetflow.report.tables_routes.spread_frame`.
    largest : float
        Largest fraction of missing information of the pooled estimates; NaN where nothing is pooled.
    overturned : sequence of str
        Sentences of the sensitivity analysis; empty where none was asked for.
    """

    words: Words
    minimum: int
    structure: Mapping[str, Any]
    mechanism: Mapping[str, Any]
    lost: Mapping[str, Any]
    strategy: str
    missing_outcome: str
    spread: pd.DataFrame
    largest: float
    overturned: Sequence[str]


def answers(inputs: ReportInputs, words: Words, spread: pd.DataFrame) -> list[dict[str, Any]]:
    """The story as the page shows it."""
    methods = inputs.methods
    fractions = pooled.pooled_rows(inputs.estimates, inputs.primary)["fmi"]
    told = Told(
        words,
        inputs.minimum,
        inputs.structure,
        inputs.mechanism,
        inputs.cohort.get("outcomes", {}).get(inputs.outcome, {}),
        methods["missingness"]["strategy"],
        methods.get("missing_outcome", {}).get("strategy", ""),
        spread,
        float(fractions.max()) if len(fractions) else float("nan"),
        sensitivity.overturned(inputs, words),
    )
    return [{"ask": ask, "headline": found.headline, "texts": [found.text]} for ask, found in story(told)]


def story(told: Told) -> list[tuple[str, Finding]]:
    """Question and answer, in the order of the story; empty where no covariate and no outcome is missing."""
    if not told.structure.get("distinct_masks"):
        return []
    return [
        ("What is missing?", what(told)),
        ("What does it do to this question?", effect_on_question(told)),
        ("Which route answers which question?", routes_answer(told)),
        ("How far do the routes differ?", differ(told)),
        ("What would overturn the finding?", overturn(told)),
    ]


def what(told: Told) -> Finding:
    """The structure."""
    facts = told.structure
    block = facts["blocks"]["largest"]
    gaps = f"{fmt.count(facts['incomplete_columns'])} of {fmt.count(facts['columns'])} variables have gaps"
    ways = f"outcomes among them, in {fmt.count(facts['distinct_masks'])} different ways"
    texts = [
        f"{gaps}, {ways}: variables that go missing in the same way are missing in the same participants."
    ]
    rules = facts["rules"]
    confirmed, undeclared = rules.get("confirmed", 0), rules.get("undeclared", 0)
    if confirmed:
        texts.append(
            f"Of the conditions under which the dictionary says that a value does not exist, {fmt.count(confirmed)} "
            f"{'is' if confirmed == 1 else 'are'} borne out by who has one; such values are not missing and are never "
            "imputed."
        )
    if undeclared:
        texts.append(
            f"Further gaps follow a condition in other variables that the dictionary does not explain "
            f"({fmt.count(undeclared)} such condition{'' if undeclared == 1 else 's'}): the table of conditions lists "
            "them for someone who knows the study."
        )
    if block:
        headline = (
            f"{fmt.count(block['width'])} variables are missing together in "
            f"{shown(float(block['any_missing']), told.minimum)} of {fmt.count(facts['units'])} participants"
        )
    else:
        headline = opening(gaps)
    return Finding(headline, " ".join(texts))


def effect_on_question(told: Told) -> Finding:
    """What missing covariates and missing outcomes can do to the average effect and to its variation."""
    words, texts = told.words, []
    if words.randomised:
        headline = "It hides who benefits; lost outcomes could bias everything"
        texts.append(
            "Where the outcome did not make the gaps, missing baseline covariates cannot bias the average effect of a "
            "randomised trial under the routes used here. They blur who benefits: a participant is ranked by what is "
            "known of them."
        )
    else:
        headline = "It hides confounding as well as who benefits"
        texts.append(
            "A confounder that is missing is adjusted for only as well as it is imputed, so that every effect here "
            "depends on the imputation, the average one included."
        )
    if fmt.known(told.largest):
        texts.append(
            f"Of the information behind groups and slopes, up to {fmt.percent(told.largest, 0)} is missing."
        )
    arms = _lost_by_arm(told)
    if arms:
        texts.append(arms)
    elif words.randomised:
        headline = "It hides who benefits; the average effect is not touched"
        texts.append("No outcome is missing.")
    if told.mechanism.get("arm"):
        texts.append("Who misses some covariates goes with the arm: see the notices.")
    return Finding(headline, " ".join(texts))


def _lost_by_arm(told: Told) -> str:
    lost = {arm: int(told.lost.get(f"missing_{arm}") or 0) for arm in ("treated", "control")}
    whole = {arm: lost[arm] + int(told.lost.get(f"observed_{arm}") or 0) for arm in lost}
    if not any(lost.values()) or min(whole.values()) == 0:
        return ""
    shares = {arm: fmt.percent(lost[arm] / whole[arm], 1) for arm in lost if lost[arm] >= told.minimum}
    if len(shares) < 2:
        return f"The outcome is missing for fewer than {told.minimum} participants of an arm."
    return (
        f"The outcome is missing for {shares['treated']} with {told.words.treated} and {shares['control']} with "
        f"{told.words.control}: whatever went along with that can bias every effect."
    )


def routes_answer(told: Told) -> Finding:
    """Which covariates each estimate reads, and why."""
    route = ROUTES[told.strategy]
    measured = [words for key, words in ESTIMANDS.items() if route.answers.get(key) == MEASURED]
    seen = [words for key, words in ESTIMANDS.items() if route.answers.get(key, MEASURED) != MEASURED]
    texts = []
    if seen:
        texts.append(
            f"{opening(listed(seen))} speak of participants as they are seen, with what is known of them."
        )
    if measured:
        texts.append(
            f"{opening(listed(measured))} speak of what would be found were all covariates measured: there they are "
            "imputed by arm and with the outcome, which a ranking must never read, because it would find again what "
            "the imputation put in."
        )
    texts.append(route.rests_on(told.words.randomised))
    outcomes = {
        "weighting": "Participants without an outcome are stood in for by similar ones who have one (weights).",
        "imputation": "Missing outcomes are imputed by arm.",
    }
    if told.missing_outcome in outcomes:
        texts.append(outcomes[told.missing_outcome])
    return Finding(f"Primary route: {route.title}", " ".join(texts))


def differ(told: Told) -> Finding:
    """How far the routes lie apart, against the primary analysis' standard error."""
    rows = {row["quantity"]: row for row in told.spread.to_dict("records")}
    if not rows:
        return Finding(
            "Only one route was run",
            "Add further ones under `analyses`, for instance `indicator: {missingness: {strategy: indicator}}`, to see "
            "whether the answer hangs on this choice.",
        )
    count = int(max(row["routes"] for row in rows.values()))
    said = [_apart(told.words, *pair, rows[pair[0]]) for pair in _QUANTITIES if pair[0] in rows]
    known = [row["in_standard_errors"] for row in rows.values() if fmt.known(row["in_standard_errors"])]
    if known and max(known) <= AGREE:
        headline = f"By less than a standard error, over {count} routes"
    elif known:
        headline = f"By up to {fmt.number(max(known), 1)} standard errors, over {count} routes"
    else:
        headline = f"{count} routes were run"
    return Finding(headline, f"{opening('; '.join(said))}. They share most of their data.")


_QUANTITIES = (
    ("ATE", "the average effect"),
    ("AUTOC", "the AUTOC of the ranking"),
    ("gap", "the gap between the extreme groups"),
)


def _apart(words: Words, key: str, name: str, row: Mapping[Any, Any]) -> str:
    places = fmt.decimals(row["spread"] / 2) if row["spread"] > 0 else 2
    largest = fmt.with_unit(fmt.number(row["largest"], places), words.unit)
    errors = row["in_standard_errors"]
    share = f" ({fmt.number(errors, 1)} standard errors)" if fmt.known(errors) else ""
    return f"{name} lies between {fmt.number(row['smallest'], places)} and {largest}{share}"


def overturn(told: Told) -> Finding:
    """What the missing outcomes would have to be like to change the finding."""
    if told.overturned:
        return Finding("Outcomes that were lost for reasons of their own", " ".join(told.overturned))
    if not any(int(told.lost.get(f"missing_{arm}") or 0) for arm in ("treated", "control")):
        return Finding(
            "Not the outcomes: none is missing", "No outcome is missing, so none can overturn a finding."
        )
    return Finding(
        "Not examined",
        "Outcomes are missing, and no sensitivity analysis was asked for. Add the section `sensitivity` to the study "
        "file to see how different the missing outcomes would have to be.",
    )
