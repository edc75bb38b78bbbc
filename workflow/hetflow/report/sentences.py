"""Plain sentences made from numbers, never claiming more than the number's own test.

Every function takes finished estimates and returns a `Finding`: a headline of a few words and the sentence
that carries its evidence. A p-value is printed only where the estimate brings one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hetflow.multiplicity import holm
from hetflow.report import formats as fmt
from hetflow.report.printed import Number
from hetflow.report.words import Words, listed, opening, part

#: Of tests/verify/test_interval_coverage.py; docs/validation.md has the replicates.
CALIBRATION_HOLDS = (
    "This describes and tests nothing: in simulated trials 95\u00a0% intervals of this slope held the truth in "
    "97\u00a0% where the effect varied, and in 73\u00a0% where it did not."
)
_SECOND = "The sequential test, which ranks each participant by a forest grown on others only,"


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer: a few words, and the sentences behind them."""

    headline: str
    text: str
    established: bool = False  # whether every test of heterogeneity at hand speaks for it


def average_finding(words: Words, effect: Number | None) -> Finding:
    """Whether treatment helps on average, and by how much."""
    if effect is None:
        return Finding("No average effect was estimated", "The study did not ask for the average effect.")
    outcome = opening(words.outcome)
    if effect.direction == 0:
        return Finding(
            "No average difference shown",
            f"{outcome}: averaged over everybody, the difference between {words.treated} and {words.control} "
            f"was {effect.shown(words.unit, words.level)}. The interval includes no effect: "
            f"{_still_possible(words, effect)}{_assumption(words)}",
        )
    helped = effect.direction == words.sign
    than = "higher" if effect.direction > 0 else "lower"
    size = fmt.with_unit(fmt.number(abs(effect.estimate), effect.places), words.unit)
    bracket = effect.evidence(words.level)
    difference = f"difference {fmt.number(effect.estimate, effect.places)}, " if effect.estimate < 0 else ""
    return Finding(
        f"{'Better' if helped else 'Worse'} with {words.treated}, on average",
        f"{outcome} was, averaged over everybody, {size} {than} with {words.treated} than with "
        f"{words.control} ({difference}{bracket}). {words.better.capitalize()} is better, so this is a "
        f"{'benefit' if helped else 'harm'}.{_assumption(words)}",
    )


def _still_possible(words: Words, effect: Number) -> str:
    """What an interval around zero leaves open, in terms of benefit and harm."""
    if not (fmt.known(effect.lower) and fmt.known(effect.upper)):
        return "a benefit and a harm both remain possible."
    ends = sorted(words.sign * bound for bound in (effect.lower, effect.upper) if bound is not None)
    harm = fmt.with_unit(fmt.number(abs(ends[0]), effect.places), words.unit)
    benefit = fmt.with_unit(fmt.number(abs(ends[1]), effect.places), words.unit)
    return f"anything from a harm of {harm} to a benefit of {benefit} remains compatible with the data."


def _assumption(words: Words) -> str:
    if words.randomised:
        return ""
    return (
        " Treatment was not randomised: this holds only if the measured covariates account for everything "
        "that led both to treatment and to the outcome."
    )


def ranking_sentences(words: Words, out_of_bag: Number | None, sequential: Number | None) -> list[str]:
    """What the one-sided out-of-bag and the sequential test say of the ranking by predicted benefit.

    Parameters
    ----------
    out_of_bag : Number, optional
        AUTOC of the out-of-bag ranking, with its one-sided p-value.
    sequential : Number, optional
        Sequential RATE, with its two-sided p-value.
    """
    alpha = 1 - words.confidence
    said = []
    if out_of_bag is not None and fmt.known(out_of_bag.p):
        said.append(_out_of_bag_sentence(words, out_of_bag, alpha))
    if sequential is not None and fmt.known(sequential.p):
        said.append(_sequential_sentence(words, sequential, alpha))
    return said


def _passes(test: Number, alpha: float) -> bool:
    return test.p is not None and test.p < alpha and test.estimate > 0


def _out_of_bag_sentence(words: Words, test: Number, alpha: float) -> str:
    evidence = _autoc(words, test, "one-sided " + fmt.p_value(test.p))
    verb = "gained" if _passes(test, alpha) else "were not shown to gain"
    return f"Participants ranked high by predicted benefit {verb} more than the average one ({evidence})."


def _sequential_sentence(words: Words, test: Number, alpha: float) -> str:
    evidence = f"sequential RATE, two-sided {fmt.p_value(test.p)}"
    if _passes(test, alpha):
        return f"{_SECOND} finds the same ({evidence})."
    if test.p is not None and test.p < alpha:
        return (
            f"{_SECOND} finds that the ranking puts those first who gained less ({evidence}): it must not be "
            "used."
        )
    return f"{_SECOND} does not show it ({evidence})."


def _autoc(words: Words, test: Number, p: str) -> str:
    value = fmt.with_unit(fmt.number(test.estimate, test.places), words.unit)
    return f"AUTOC {value}, {p}"


def groups_finding(
    words: Words, top: Number | None, bottom: Number | None, difference: Number | None, shown_to_vary: bool
) -> Finding:
    """For whom the effect is largest, by groups of sequentially predicted benefit.

    Parameters
    ----------
    top, bottom : Number
        Effect in the group with the largest and in that with the smallest predicted benefit, treated minus
        control.
    difference : Number
        Top minus bottom in benefit units, with an interval from sequential predictions.
    shown_to_vary : bool
        Whether a test of heterogeneity speaks for it; otherwise the groups are a description.
    """
    if top is None or bottom is None or difference is None:
        return Finding(
            "Not estimated",
            "No forests were grown with folds left out, so no group by predicted benefit can be compared "
            "honestly.",
        )
    name = part(difference.groups)
    effects = (
        f"The effect was {top.shown(words.unit, words.level)} in the {name} with the largest predicted "
        f"benefit, and {bottom.shown(words.unit, words.level)} in the {name} with the smallest"
    )
    gap = difference.shown(words.unit, words.level)
    if difference.direction > 0 and shown_to_vary:
        return Finding(
            f"More benefit in the {name} predicted to benefit most",
            f"{effects}: a gap in benefit of {gap}. Each prediction comes from forests that had not seen the "
            "participant.",
        )
    if difference.direction > 0:
        return Finding(
            "No group is singled out",
            f"{effects}: a gap in benefit of {gap}. As the tests above leave open whether the effect varies, "
            "read this as a description.",
        )
    if difference.direction < 0:
        return Finding(
            "The predicted ranking did not hold",
            f"{effects}: a gap in benefit of {gap}. Those predicted to gain most gained less.",
        )
    return Finding(
        "No group is singled out",
        f"{effects}. The gap in benefit, {gap}, is compatible with none.",
    )


def projection_sentence(words: Words, terms: Sequence[Number]) -> str:
    """Which covariates of the projection go along with a larger benefit; silent where nothing is tested.

    Parameters
    ----------
    terms : sequence of Number
        Slopes in outcome units, their labels as they stand in a sentence: ``higher “Age”``.
    """
    tested = [term for term in terms if fmt.known(term.p)]
    if not tested:
        return ""
    clear = [term for term in tested if term.direction]
    count = len(tested)
    if not clear:
        return "None of the covariates that the study file names was shown to change the effect."
    kept = after_holm(tested, 1 - words.confidence)
    more = [term.label for term in clear if term.direction == words.sign]
    less = [term.label for term in clear if term.direction == -words.sign]
    parts = [f"more benefit goes with {listed(more)}"] if more else []
    parts += [f"less benefit goes with {listed(less)}"] if less else []
    caveat = ""
    if count > 1:
        labels = [term.label for term in kept]
        which = "none" if not kept else "all of this" if len(kept) == len(clear) else f"only {listed(labels)}"
        caveat = f" Adjusted for {count} such looks (Holm), {which} remains shown."
    return f"Of the covariates that the study file names, the others held fixed, {'; '.join(parts)}.{caveat}"


def after_holm(terms: Sequence[Number], alpha: float) -> list[Number]:
    """Those whose p-values stay below `alpha` after Holm's adjustment for all that are tested."""
    tested = [term for term in terms if term.p is not None and fmt.known(term.p)]
    adjusted = holm(np.array([term.p for term in tested], dtype=np.float64))
    return [term for term, p in zip(tested, adjusted, strict=True) if p < alpha]


def calibration_sentence(spread: Number | None, level: str) -> str:
    """What the slope of the predicted differences says, a description as it is not tested; how often it holds."""
    if spread is None:
        return ""
    value = f"slope {fmt.number(spread.estimate, spread.places)}, {spread.bounds(level)}"
    return f"{_spread_said(spread, value)} {CALIBRATION_HOLDS}"


def _spread_said(spread: Number, value: str) -> str:
    if spread.lower is not None and spread.lower > 1:
        return (
            f"Predicted effects are compressed: they differ less than the effects themselves ({value}). Use "
            "their order, not their size."
        )
    if spread.upper is not None and spread.upper < 1 and spread.direction > 0:
        return f"Predicted effects are exaggerated: they differ more than the effects themselves ({value})."
    if spread.upper is not None and spread.upper < 1:
        return f"Predicted differences in effect are not borne out by the data ({value})."
    if spread.direction > 0:
        return f"The size of the predicted differences in effect is compatible with the data ({value})."
    return f"The data cannot tell whether the predicted differences in effect are right ({value})."
