"""The results section of a paper: this run's numbers, in the sentences that the page is made of.

Nothing is told here that the page does not tell, and in no other words: a sentence that claims no more than its test
there claims no more here, and what the public form of the page hides is hidden here.
"""

from __future__ import annotations

from typing import Any

from hetflow.report import (
    confounding,
    learners,
    observation,
    picks,
    policy,
    pooled,
    prose,
    risk,
    sensitivity,
    sentences,
    splits_prose,
    stability,
    tables,
)
from hetflow.report import formats as fmt
from hetflow.report.answers import Answers
from hetflow.report.grading import UNTESTED, Grade
from hetflow.report.ledger import family, ledger
from hetflow.report.ledger_rows import NAMES
from hetflow.report.notices import notices
from hetflow.report.policy_text import INTRODUCTION
from hetflow.report.reporting.run import Run
from hetflow.report.reporting.text import Paragraph, Said, paragraph, said
from hetflow.report.words import listed, opening


def results_section(run: Run, found: Answers) -> list[Paragraph]:
    """Every paragraph, in the order of the page; one about an appraisal only where it was made."""
    return [
        paragraph("Participants", _participants(run)),
        paragraph("Missing values", _missing(run)),
        paragraph("Average effect", _average(run, found)),
        paragraph("Does the effect vary?", _varies(run, found)),
        paragraph("For whom?", _whom(run, found)),
        paragraph("Would it be found again?", _again(run, found)),
        paragraph("What a rule would gain", _parts(policy.parts(*_asked(run)), {INTRODUCTION})),
        paragraph("By baseline risk", _parts(risk.parts(*_asked(run)))),
        paragraph("Unmeasured confounding", _confounding(run)),
        paragraph("Other learners", _parts(learners.parts(*_asked(run)), {learners.INTRODUCTION})),
        paragraph("Stability", _stability(run)),
        paragraph("Other analyses", _analyses(run)),
        paragraph(
            "To be read with the results",
            [one for text in notices(run.inputs, run.words) for one in _line(text)],
        ),
    ]


def _asked(run: Run) -> tuple[Any, Any, int]:
    return run.inputs, run.words, run.inputs.minimum


def _line(text: str) -> list[Said]:
    """A note as a sentence."""
    return said(f"{opening(text.rstrip('.'))}." if text.strip() else "")


def _parts(parts: list[tuple[str, Any]], without: set[str] | None = None) -> list[Said]:
    """The sentences among the parts of a section of the page."""
    return [
        one for kind, text in parts if kind == "text" and text not in (without or set()) for one in said(text)
    ]


def _participants(run: Run) -> list[Said]:
    inputs, words = run.inputs, run.words
    kept = inputs.analyses[inputs.primary].nuisance.get("number", {}).get("kept")
    units = fmt.count(inputs.cohort["units"])
    text = f"Of {units} participants in the cohort, {fmt.count(kept)} were analysed" if kept else ""
    outcome = observation.outcomes_left_out(inputs).get(inputs.outcome, {})
    return [
        *said(f"{text}; effects are those of {words.everybody}." if text else ""),
        *said(prose.lost_text(words, outcome, run.inputs.minimum, sensitivity.examined(inputs))),
        *[
            one
            for text in observation.missing_outcome_text(inputs, words, run.inputs.minimum)
            for one in said(text)
        ],
        *said(prose.overlap_text(words, inputs.analyses[inputs.primary].nuisance)),
        *said(prose.nuisance_text(words, inputs.analyses[inputs.primary].nuisance)),
    ]


def _missing(run: Run) -> list[Said]:
    inputs = run.inputs
    return [
        *said(prose.missing_text(inputs.missingness, run.inputs.minimum)),
        *said(pooled.imputations_found(pooled.pooled_rows(inputs.estimates, inputs.primary))),
        *[
            one
            for text in sensitivity.sensitivity_text(inputs, run.words, run.inputs.minimum)
            for one in said(text)
        ],
    ]


def _average(run: Run, found: Answers) -> list[Said]:
    estimates, words = run.inputs.estimates, run.words
    others = [
        f"{picks.AVERAGE_LABELS[name].lower()} {effect.shown(words.unit, words.level)}"
        for name in picks.AVERAGES[1:]
        if (effect := picks.one(estimates, run.inputs.primary, name, words)) is not None
    ]
    more = f"Averaged over other populations, the difference was: {'; '.join(others)}." if others else ""
    return [*said(found.average.text), *said(more)]


def _grade(what: str, grade: Grade) -> list[Said]:
    if grade.strength == UNTESTED:
        return []
    return said(f"Evidence that {what}, graded by the rules of the report: {grade.strength}.")


def _varies(run: Run, found: Answers) -> list[Said]:
    own = family(ledger(run.inputs))
    tests = [
        f"{NAMES[row['test']]}, {fmt.p_value(row['p'])} (by Holm {fmt.p_value(row['p_holm'])})"
        for row in own.to_dict("records")
    ]
    spread = picks.one(
        run.inputs.estimates, run.inputs.primary, "calibration", run.words, term="differential"
    )
    splits = run.appraisal("splits")
    return [
        *said(found.varies.text),
        *said(f"The global tests: {'; '.join(tests)}." if tests else ""),
        *_grade("the effect varies", found.grades[0]),
        *said(sentences.calibration_sentence(spread, run.words.level)),
        *said(splits_prose.slope_sentence(splits, run.words) if splits else ""),
    ]


def _whom(run: Run, found: Answers) -> list[Said]:
    inputs, words = run.inputs, run.words
    splits = inputs.appraisal("splits")
    joint = inputs.analyses[inputs.primary].joint
    return [
        *[one for text in found.whom.text.split("\n") for one in said(text)],
        *_grade("it is known for whom", found.grades[1]),
        *_rules(run),
        *said(pooled.joint_text(joint, words, "rule_groups")),
        *said(pooled.joint_text(joint, words, "projection")),
        *said(splits_prose.gap_sentence(splits, words) if splits else ""),
    ]


def _rules(run: Run) -> list[Said]:
    """Effects by the study file's own rules: a description, as the sentence says."""
    out: list[Said] = []
    for heading, _, rows, _ in tables.group_sections(run.inputs.estimates, run.inputs.primary, run.words):
        if rows.empty or rows["estimand"].iloc[0] != "rule_groups":
            continue
        told = [
            f"{number.label}: {number.shown(run.words.unit, run.words.level)}"
            for number, n in zip(picks.numbers(rows, run.words), rows["n"], strict=True)
            if n >= run.inputs.minimum
        ]
        out += said(f"{heading}, the effect was: {'; '.join(told)}." if told else "")
    return out


def _again(run: Run, found: Answers) -> list[Said]:
    return [*said(found.again.text), *_grade("it would be found again", found.grades[2])]


def _stability(run: Run) -> list[Said]:
    """Without what the page advises to write into the study file."""
    held = stability.found(run.inputs)
    advised = set(stability.advice(held.facts, run.randomised)) if held else set()
    return _parts(stability.parts(*_asked(run)), advised)


def _confounding(run: Run) -> list[Said]:
    parts = confounding.parts(*_asked(run))
    return _parts(parts[1:] if len(run.table("confounding", "robustness")) else parts)


def _analyses(run: Run) -> list[Said]:
    """The average effect of every other analysis of the same outcome."""
    inputs, settings = run.inputs, run.inputs.settings
    told = []
    for name in inputs.analyses:
        outcome = settings["methods"][name].get("outcome") or settings["outcome"]
        effect = picks.one(inputs.estimates, name, "ATE", run.words)
        if name != inputs.primary and outcome == inputs.outcome and effect is not None:
            label = inputs.label(name)
            told.append(f"{effect.shown(run.words.unit, run.words.level)} (“{label}”)")
    return said(f"In other analyses of this outcome, the average effect was {listed(told)}." if told else "")
