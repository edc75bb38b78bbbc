"""The first screen's sentences say what the numbers say, and no more than their tests allow."""

from __future__ import annotations

import math

import pytest
from hetflow.report import sentences
from hetflow.report.printed import Number
from hetflow.report.words import Words


def words(better: str = "higher", randomised: bool = True) -> Words:
    return Words(
        outcome="Blood pressure",
        unit="mmHg",
        factor=1.0,
        better=better,
        treated="Drug",
        control="Placebo",
        randomised=randomised,
        confidence=0.95,
        labels={"Age": "Age"},
        steps={"Age": "one year more"},
        rules={},
    )


def plain(text: str) -> str:
    """Without the characters that only keep lines together."""
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2212", "-")


@pytest.mark.parametrize(
    ("better", "value", "helped", "direction"),
    [("higher", 4.0, True, "higher"), ("higher", -4.0, False, "lower"),
     ("lower", -4.0, True, "lower"), ("lower", 4.0, False, "higher")],
)  # fmt: skip
def test_a_clear_average_effect_has_the_direction_of_benefit(
    better: str, value: float, helped: bool, direction: str
) -> None:
    found = sentences.average_finding(words(better), Number(value, value - 1.5, value + 1.5, 0.77, 0.0004))
    assert found.headline == f"{'Better' if helped else 'Worse'} with Drug, on average"
    text = plain(found.text)
    assert (
        f"Blood pressure was, averaged over everybody, 4.0 mmHg {direction} with Drug than with Placebo"
        in text
    )
    assert f"this is a {'benefit' if helped else 'harm'}" in text
    assert "p < 0.001" in text
    assert f"95 % CI {value - 1.5:.1f} to {value + 1.5:.1f}" in text


@pytest.mark.parametrize(("better", "harm", "benefit"), [("higher", "1.0", "3.0"), ("lower", "3.0", "1.0")])
def test_an_unclear_average_effect_claims_neither_benefit_nor_equality(
    better: str, harm: str, benefit: str
) -> None:
    found = sentences.average_finding(words(better), Number(1.0, -1.0, 3.0, 1.02, None))
    text = plain(found.text)
    assert found.headline == "No average difference shown"
    assert f"from a harm of {harm} mmHg to a benefit of {benefit} mmHg" in text
    assert "p " not in text.replace("pressure", "")
    assert "no effect" in text


def test_an_interval_that_touches_zero_is_not_clear() -> None:
    assert Number(1.0, 0.0, 2.0).direction == 0
    assert Number(-1.0, -2.0, 0.0).direction == 0


def test_observational_effects_name_their_assumption() -> None:
    found = sentences.average_finding(words(randomised=False), Number(4.0, 2.0, 6.0, 1.0, 0.001))
    assert "not randomised" in found.text


def ranking(out_of_bag: tuple[float, float] | None, sequential: tuple[float, float] | None) -> str:
    tests = [
        None if one is None else Number(one[0], one[0] - 1, None, 0.6, one[1])
        for one in (out_of_bag, sequential)
    ]
    return plain(" ".join(sentences.ranking_sentences(words(), *tests)))


@pytest.mark.parametrize(
    ("out_of_bag", "sequential", "said"),
    [
        ((2.0, 0.01), (2.0, 0.02), ("gained more than the average one", "finds the same")),
        ((2.0, 0.01), (1.0, 0.2), ("gained more than the average one", "does not show it")),
        ((0.5, 0.3), (2.0, 0.01), ("were not shown to gain more", "finds the same")),
        ((-2.0, 0.99), (-2.0, 0.01), ("were not shown to gain more", "must not be used")),
    ],
)
def test_each_ranking_test_says_what_it_found(
    out_of_bag: tuple[float, float], sequential: tuple[float, float], said: tuple[str, str]
) -> None:
    text = ranking(out_of_bag, sequential)
    assert all(one in text for one in said)


def test_rankings_name_each_test_and_its_side() -> None:
    text = ranking((2.0, 0.01), (2.0, 0.02))
    assert "one-sided p = 0.010" in text
    assert "sequential RATE, two-sided p = 0.020" in text


def test_a_ranking_without_a_test_says_nothing() -> None:
    assert ranking(None, None) == ""
    assert ranking((2.0, math.nan), None) == ""


def groups(gap: float, established: bool) -> sentences.Finding:
    top, bottom = Number(5.0, 4.0, 6.0, 0.5), Number(5.0 - gap, 4.0 - gap, 6.0 - gap, 0.5)
    return sentences.groups_finding(
        words(), top, bottom, Number(gap, gap - 1.4, gap + 1.4, 0.7, None, "", 4), established
    )


@pytest.mark.parametrize(
    ("gap", "established", "headline"),
    [
        (3.0, True, "More benefit in the quarter predicted to benefit most"),
        (3.0, False, "No group is singled out"),
        (0.5, True, "No group is singled out"),
        (-3.0, True, "The predicted ranking did not hold"),
    ],
)
def test_groups_are_named_only_where_a_test_speaks_for_them(
    gap: float, established: bool, headline: str
) -> None:
    found = groups(gap, established)
    assert found.headline == headline
    assert plain(f"{gap:.1f} mmHg (95 % CI {gap - 1.4:.1f} to {gap + 1.4:.1f})") in plain(found.text)
    assert "p <" not in plain(found.text)


def test_no_held_out_forests_no_groups() -> None:
    assert sentences.groups_finding(words(), None, None, None, True).headline == "Not estimated"


def test_projection_turns_slopes_into_benefit() -> None:
    terms = [Number(1.0, 0.5, 1.5, p=0.001, label="higher “Age”"), Number(0.1, -0.2, 0.4, p=0.5, label="Sex")]
    assert "more benefit goes with higher “Age”" in sentences.projection_sentence(words("higher"), terms)
    assert "less benefit goes with higher “Age”" in sentences.projection_sentence(words("lower"), terms)
    assert "Adjusted for 2 such looks (Holm), all of this remains" in sentences.projection_sentence(
        words(), terms
    )
    weak = [Number(1.0, 0.1, 1.9, p=0.03, label="higher “Age”"), terms[1]]
    assert "(Holm), none remains" in sentences.projection_sentence(words(), weak)
    both = [terms[0], Number(1.0, 0.1, 1.9, p=0.04, label="higher “BMI”"), terms[1]]
    assert "only higher “Age” remains" in sentences.projection_sentence(words(), both)
    assert "None of the covariates" in sentences.projection_sentence(words(), [terms[1], terms[1]])
    assert sentences.projection_sentence(words(), []) == ""
    assert sentences.projection_sentence(words(), [Number(1.0, 0.5, 1.5, label="Age")]) == ""  # not tested


@pytest.mark.parametrize(
    ("lower", "upper", "said"),
    [
        (1.2, 2.0, "compressed"),
        (0.2, 0.8, "exaggerated"),
        (0.5, 1.5, "compatible with the data"),
        (-1.0, 0.9, "not borne out"),
        (-1.0, 3.0, "cannot tell"),
    ],
)
def test_calibration_is_described(lower: float, upper: float, said: str) -> None:
    text = sentences.calibration_sentence(Number((lower + upper) / 2, lower, upper), "95 %")
    assert said in text
    assert text.endswith(
        "held the truth in 97\u00a0% where the effect varied, and in 73\u00a0% where it did not."
    )
    assert "p <" not in text
