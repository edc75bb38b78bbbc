"""How strong the evidence is, by rules that are written down before any number is seen.

In the manner of WATCH, which asks a team to grade evidence, and of ICEMAN's levels of credibility; the rules are ours.
Each question has its grades, the strongest first but for what stands in the way of it; the first whose rule holds is
given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hetflow.report.tables import Cell, Table

STRONG, MODERATE, WEAK, NONE, UNTESTED = "strong", "moderate", "weak", "none", "not tested"
#: An adjusted p-value below is called strong.
STRICT = 0.001
#: Share of the other analyses that must agree for more than weak evidence.
MOST = 0.5


@dataclass(frozen=True, slots=True)
class Facts:
    """All that grades are given on.

    Attributes
    ----------
    alpha : float
        One minus the study's confidence.
    tests : int
        Global tests of the family.
    found : int
        Of these, how many find an effect that varies (p below alpha, in the direction that they can claim).
    adjusted : float
        Smallest p of these after Holm's adjustment for all of the family; 1 where none finds it.
    replicated : int
        Of the sequential test, whose forests had not seen those they rank: 1 finds that the ranking works, -1 that it
        puts those first who gained less, 0 neither; None where it was not made.
    gap : int
        Of the gap in benefit between held-out groups: 1 above zero, -1 below, 0 neither; None where it was not
        estimated.
    slope : float
        Smallest p, after Holm's adjustment, of the slopes in covariates that the study names; NaN where there are none.
    slopes : bool
        Whether any of these slopes has an unadjusted p below alpha.
    others, agreeing : int
        Other analyses of the same outcome that test the ranking; those of them that find that it works.
    """

    alpha: float
    tests: int = 0
    found: int = 0
    adjusted: float = 1.0
    replicated: int | None = None
    gap: int | None = None
    slope: float = float("nan")
    slopes: bool = False
    others: int = 0
    agreeing: int = 0

    @property
    def agree(self) -> float:
        """Share of the other analyses that agree; 1 where there are none."""
        return self.agreeing / self.others if self.others else 1.0


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade: its strength, its rule in words, and as a condition on the facts."""

    strength: str
    rule: str
    holds: Callable[[Facts], bool]


def _varies(facts: Facts) -> bool:
    return facts.adjusted < facts.alpha and facts.replicated != -1


VARIES: tuple[Grade, ...] = (
    Grade(UNTESTED, "No global test of known size could be made.", lambda f: f.tests == 0),
    Grade(
        STRONG,
        "A global test finds it at p < 0.001 after Holm's adjustment for all of them, and the sequential test, in "
        "which nobody is ranked by a forest that has seen them, finds it too.",
        lambda f: f.adjusted < STRICT and f.replicated == 1,
    ),
    Grade(
        MODERATE,
        "A global test finds it after Holm's adjustment for all of them, and the sequential test does not "
        "contradict it.",
        _varies,
    ),
    Grade(
        WEAK,
        "A global test finds it, but not after adjustment, or the sequential test contradicts it.",
        lambda f: f.found > 0,
    ),
    Grade(NONE, "No global test finds it.", lambda f: True),
)
WHOM: tuple[Grade, ...] = (
    Grade(
        UNTESTED,
        "There are neither held-out groups nor tested slopes in covariates that the study names.",
        lambda f: f.gap is None and f.slope != f.slope,
    ),
    Grade(
        STRONG,
        "At least moderate evidence that the effect varies; a slope in a covariate that the study names has p < 0.001 "
        "after Holm's adjustment for all slopes; and the interval of the gap in benefit between held-out groups lies "
        "above zero.",
        lambda f: _varies(f) and f.slope < STRICT and f.gap == 1,
    ),
    Grade(
        MODERATE,
        "At least moderate evidence that the effect varies, and one of the two: such a slope after adjustment, or the "
        "gap. The other does not contradict it.",
        lambda f: _varies(f) and (f.slope < f.alpha or f.gap == 1) and f.gap != -1,
    ),
    Grade(
        WEAK,
        "A slope before adjustment, or the gap, while the evidence that the effect varies is weaker than moderate or "
        "the held-out groups contradict it.",
        lambda f: f.slopes or f.gap == 1,
    ),
    Grade(NONE, "Neither a slope nor the gap.", lambda f: True),
)
AGAIN: tuple[Grade, ...] = (
    Grade(UNTESTED, "The sequential test was not made.", lambda f: f.replicated is None),
    Grade(
        STRONG,
        "The sequential test finds that the ranking works on participants whom its forests had not seen, and so do all "
        "other analyses of the same outcome that test a ranking, of which there is at least one.",
        lambda f: f.replicated == 1 and f.others > 0 and f.agreeing == f.others,
    ),
    Grade(
        MODERATE,
        "The sequential test finds it, and so do at least half of the other analyses, or there are none.",
        lambda f: f.replicated == 1 and f.agree >= MOST,
    ),
    Grade(
        WEAK,
        "The sequential test finds it but most other analyses do not; or it does not, while the evidence that the "
        "effect varies is at least moderate.",
        lambda f: f.replicated == 1 or (_varies(f) and f.replicated == 0),
    ),
    Grade(
        NONE,
        "The sequential test does not find that the ranking works, or finds the reverse.",
        lambda f: True,
    ),
)
QUESTIONS = {
    "Is there heterogeneity?": VARIES,
    "For whom?": WHOM,
    "Would we find it again?": AGAIN,
}


def grade(grades: tuple[Grade, ...], facts: Facts) -> Grade:
    """The first grade whose rule holds."""
    return next(one for one in grades if one.holds(facts))


def grades_table() -> Table:
    """The rules as the page shows them, folded."""
    rows: list[Cell] = []
    for asked, grades in QUESTIONS.items():
        rows.append(Cell((asked,), heading=True))
        rows += [Cell((one.strength, one.rule), 1) for one in grades]
    note = (
        "“Finds” means a p-value below one minus the confidence level of the study. The rules look at one trial: "
        "whether a difference is plausible, large enough to matter, or seen elsewhere is for those who read the page "
        "to judge, as WATCH and ICEMAN ask. The size and power of each test are in the table of tests."
    )
    head = ("Evidence", "Given where (the first that holds)")
    return Table("grades", "How evidence is graded", head, tuple(rows), (0, 1), note, True)
