"""The first page: the average effect, and three questions about how it varies, in sentences made from numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.multiplicity import holm
from hetflow.report import formats as fmt
from hetflow.report import grading, picks, sentences
from hetflow.report.grading import Facts, Grade
from hetflow.report.inputs import ReportInputs
from hetflow.report.ledger import family, ledger
from hetflow.report.printed import Number
from hetflow.report.sentences import Finding
from hetflow.report.stability import ranking_sentence
from hetflow.report.words import Words, listed

#: The questions of the first page.
ASKED = ("On average, does it help?", *grading.QUESTIONS)
#: Tests that claim something only in the direction of more benefit.
DIRECTED = ("AUTOC", "sequential_AUTOC")
_VARIES = {
    grading.STRONG: "Strong evidence that the effect varies",
    grading.MODERATE: "Evidence that the effect varies",
    grading.WEAK: "Some evidence that the effect varies",
    grading.NONE: "Not shown to vary between participants",
    grading.UNTESTED: "Not tested",
}
_AGAIN = {
    grading.STRONG: "Found again within this trial, by every analysis",
    grading.MODERATE: "Found again within this trial",
    grading.WEAK: "Open",
    grading.NONE: "Not found again within this trial",
    grading.UNTESTED: "Not asked",
}
_ABSENCE = "Absence of evidence is not evidence that the effect is the same for everybody."
_ONE_TRIAL = (
    "All of this comes from the same participants: whether the difference is found in others, only another "
    "study can tell."
)


class Answers(NamedTuple):
    """The four answers of the first page, how strong the evidence behind the last three is, and what grades rest on."""

    average: Finding
    varies: Finding
    whom: Finding
    again: Finding
    grades: tuple[Grade, Grade, Grade]
    facts: Facts

    @property
    def findings(self) -> tuple[Finding, Finding, Finding, Finding]:
        """The four answers, as the page asks for them (`ASKED`)."""
        return self.average, self.varies, self.whom, self.again


def answers(inputs: ReportInputs, own: Words) -> Answers:
    """Everything that the first page says, from the estimates, the tests and their adjustment."""
    tests = family(ledger(inputs))
    facts = facts_of(inputs, own, tests)
    grades = tuple(grading.grade(one, facts) for one in grading.QUESTIONS.values())
    average = sentences.average_finding(own, picks.one(inputs.estimates, inputs.primary, "ATE", own))
    return Answers(
        average,
        _varies_finding(inputs, own, tests, facts, grades[0]),
        _whom_finding(inputs, own, facts, grades),
        _again_finding(inputs, own, facts, grades[2]),
        (grades[0], grades[1], grades[2]),
        facts,
    )


def screen(found: Answers) -> list[dict[str, Any]]:
    """The first screen: what is asked, the headline, the strength of evidence, the sentences."""
    strengths = ["", *(one.strength for one in found.grades)]
    return [
        {
            "ask": ask,
            "headline": one.headline,
            "strength": "" if strength in ("", grading.UNTESTED) else f"Evidence: {strength}",
            "texts": [text for text in one.text.split("\n") if text],
        }
        for ask, one, strength in zip(ASKED, found.findings, strengths, strict=True)
    ]


def facts_of(inputs: ReportInputs, own: Words, tests: pd.DataFrame) -> Facts:
    """What the grades are given on."""
    alpha = 1 - own.confidence
    estimates, primary = inputs.estimates, inputs.primary
    found = tests[_claims(inputs, tests, alpha)]
    terms = picks.projection_terms(estimates, primary, own)
    p = np.array([one.p for one in terms if one.p is not None and fmt.known(one.p)], dtype=np.float64)
    gap = picks.sequential(estimates, primary, own)[2]
    others, agreeing = _others(inputs, own, alpha)
    return Facts(
        alpha=alpha,
        tests=len(tests),
        found=len(found),
        adjusted=float(found["p_holm"].min()) if len(found) else 1.0,
        replicated=_sign(picks.one(estimates, primary, "sequential_AUTOC", own), alpha),
        gap=None if gap is None else gap.direction,
        slope=float(holm(p).min()) if p.size else float("nan"),
        slopes=bool((p < alpha).any()),
        others=others,
        agreeing=agreeing,
    )


def _claims(inputs: ReportInputs, tests: pd.DataFrame, alpha: float) -> NDArray[np.bool_]:
    """Whether each test finds it: a ranking that puts those first who gain less claims nothing."""
    values = inputs.estimates[inputs.estimates["analysis"] == inputs.primary].drop_duplicates("estimand")
    estimate = dict(zip(values["estimand"], values["estimate"], strict=True))
    positive = [name not in DIRECTED or estimate.get(name, 0.0) > 0 for name in tests["test"]]
    return np.asarray((tests["p"] < alpha).to_numpy() & np.array(positive, dtype=bool))


def _sign(test: Number | None, alpha: float) -> int | None:
    if test is None or test.p is None:
        return None
    return 0 if test.p >= alpha else 1 if test.estimate > 0 else -1


def _others(inputs: ReportInputs, own: Words, alpha: float) -> tuple[int, int]:
    """Other analyses of the same outcome that test the ranking out of bag, and those that find that it works."""
    methods = inputs.settings["methods"]
    found = []
    for name in inputs.analyses:
        outcome = methods[name].get("outcome") or inputs.settings["outcome"]
        if name == inputs.primary or outcome != inputs.outcome:
            continue
        test = picks.one(inputs.estimates, name, "AUTOC", own)
        if test is not None and test.p is not None:
            found.append(test.p < alpha and test.estimate > 0)
    return len(found), sum(found)


def _varies_finding(
    inputs: ReportInputs, own: Words, tests: pd.DataFrame, facts: Facts, given: Grade
) -> Finding:
    if not facts.tests:
        return Finding(
            _VARIES[given.strength],
            "No test of heterogeneity whose false-alarm rate has been checked for this design was available, "
            "so the page does not say whether the effect varies.",
        )
    said = [_count_sentence(inputs, tests, facts)]
    said += sentences.ranking_sentences(
        own,
        picks.one(inputs.estimates, inputs.primary, "AUTOC", own),
        picks.one(inputs.estimates, inputs.primary, "sequential_AUTOC", own),
    )
    if not facts.found:
        said.append(_ABSENCE)
    elif given.strength == grading.WEAK:
        said.append("This is a lead to follow rather than a finding.")
    established = given.strength in (grading.STRONG, grading.MODERATE)
    return Finding(_VARIES[given.strength], " ".join(said), established)


def _count_sentence(inputs: ReportInputs, tests: pd.DataFrame, facts: Facts) -> str:
    """How many global tests there were, and how many find it."""
    passed = tests[_claims(inputs, tests, facts.alpha)]
    kept = int((passed["p_holm"] < facts.alpha).sum())
    number = len(tests)
    if number == 1:
        finds = "finds that it does" if len(passed) else "does not find that it does"
        return f"One test asked whether the effect varies at all; it {finds}."
    if not len(passed):
        return f"Of {number} tests that ask whether the effect varies at all, none finds that it does."
    which = "all" if len(passed) == number else fmt.count(len(passed))
    after = _after(len(passed), kept)
    return (
        f"Of {number} tests that ask whether the effect varies at all, {which} "
        f"{'find' if len(passed) > 1 else 'finds'} that it does; adjusted for their number, {after}."
    )


def _after(found: int, kept: int) -> str:
    """How many of the tests that found it still do after adjustment."""
    if kept == found:
        return "it still does" if found == 1 else "all of them still do"
    if kept <= 1:
        return f"{fmt.count(kept) if kept else 'none'} still does"
    return f"{fmt.count(kept)} still do"


def _whom_finding(inputs: ReportInputs, own: Words, facts: Facts, grades: tuple[Grade, ...]) -> Finding:
    established = grades[0].strength in (grading.STRONG, grading.MODERATE)
    groups = sentences.groups_finding(
        own, *picks.sequential(inputs.estimates, inputs.primary, own), shown_to_vary=established
    )
    terms = picks.projection_terms(inputs.estimates, inputs.primary, own)
    slopes = sentences.projection_sentence(own, terms)
    headline = groups.headline
    if facts.gap != 1 and established and facts.slope < facts.alpha:
        headline = _by_slopes(own, terms, facts.alpha)
    return Finding(headline, "\n".join(text for text in (groups.text, slopes) if text))


def _by_slopes(own: Words, terms: list[Number], alpha: float) -> str:
    """A headline of the covariates whose slopes hold after adjustment."""
    kept = sentences.after_holm(terms, alpha)
    more = [term.label for term in kept if term.direction == own.sign]
    less = [term.label for term in kept if term.direction == -own.sign]
    return f"{'More' if more else 'Less'} benefit goes with {listed((more or less)[:2])}"


def _again_finding(inputs: ReportInputs, own: Words, facts: Facts, given: Grade) -> Finding:
    if facts.replicated is None:
        return Finding(
            _AGAIN[given.strength],
            "No forests were grown on some participants and tested on others in a way whose false-alarm rate is known. "
            + _ONE_TRIAL,
        )
    test = picks.one(inputs.estimates, inputs.primary, "sequential_AUTOC", own)
    said = {
        1: "Forests grown on some participants put others, whom they had not seen, in an order in which those "
        "ranked first gained more",
        0: "Forests grown on some participants were not shown to rank others, whom they had not seen, by how much "
        "they gain",
        -1: "Forests grown on some participants put others, whom they had not seen, in an order in which those "
        "ranked first gained less",
    }[facts.replicated]
    evidence = f" (sequential RATE, two-sided {fmt.p_value(test.p if test else None)})."
    parts = [said + evidence, _agreement(facts), ranking_sentence(inputs), _ONE_TRIAL]
    return Finding(_AGAIN[given.strength], " ".join(part for part in parts if part))


def _agreement(facts: Facts) -> str:
    if not facts.others:
        return ""
    count = (
        "all" if facts.agreeing == facts.others else fmt.count(facts.agreeing) if facts.agreeing else "none"
    )
    if facts.others == 1:
        agrees = "agrees" if facts.agreeing else "does not agree"
        return f"The other analysis of this outcome that ranks participants {agrees}."
    verb = "finds" if facts.agreeing == 1 else "find"
    return (
        f"Of {fmt.count(facts.others)} other analyses of this outcome, with other ways of handling what is missing, "
        f"other learners or another forest, {count} {verb} that the ranking works (one-sided, unadjusted)."
    )
