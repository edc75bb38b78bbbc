"""The methods section, on appraisals: each is told only if it was made, with the works it rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hetflow.report import formats as fmt
from hetflow.report.reporting.run import Run
from hetflow.report.reporting.text import Said, said
from hetflow.report.risk import RELATIVE
from hetflow.report.splits_prose import LEARNERS as SPLIT_LEARNERS
from hetflow.report.words import listed

#: Works behind the learners of the effect that are compared, in the order in which they are told.
LEARNERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "linear": ("a linear R-learner", ("nie2021",)),
    "s": ("an S-learner", ("kunzel2019",)),
    "t": ("a T-learner", ("kunzel2019",)),
    "x": ("an X-learner", ("kunzel2019",)),
    "r": ("an R-learner", ("nie2021",)),
    "dr": ("a DR-learner", ("kennedy2023",)),
    "bcf": ("a Bayesian causal forest", ("hahn2020",)),
}


def appraisals(run: Run) -> list[Said]:
    """What was made of the scores beyond the estimates, each only if it was made."""
    return [one for tell in _TOLD for one in tell(run)]


def _evidence(run: Run) -> list[Said]:
    held = run.made("evidence", "tests")
    if held is None:
        return []
    kinds = set(held.tables["tests"]["test"])
    out: list[Said] = []
    if "independence" in kinds:
        out += said(
            "Scores were tested for any relation to the covariates by a studentised permutation test "
            f"({fmt.count(held.facts['permutations'])} permutations).",
            "sechidis2025",
            "diciccio2017",
        )
    if "score_residual" in kinds:
        out += said("Score residuals of a linear model were tested for interactions left out.", "chen2025")
    return out


def _splits(run: Run) -> list[Said]:
    held = run.made("splits", "blp")
    if held is None:
        return []
    facts = held.facts
    learners = listed([SPLIT_LEARNERS[name] for name in facts["learners"]])
    return said(
        f"Over {fmt.count(facts['splits'])} random halves, predictions learnt on one half ({learners}) were judged on "
        "the other: best linear predictor, sorted groups and who is in them, as medians over splits.",
        "chernozhukov2025",
    )


def _modifiers(run: Run) -> list[Said]:
    out: list[Said] = []
    if len(run.table("modifiers", "displays")):
        out += said(
            "Effects along named covariates were smoothed locally, with a uniform band.",
            "fan2022",
            "semenova2021",
        )
    if len(run.table("modifiers", "importance")):
        out += said(
            "All covariates were ranked by permutation importance, Shapley values and splits, beside what shuffled "
            "covariates reach; this ranking is exploratory.",
            "lundberg2020",
        )
    return out


def _policy(run: Run) -> list[Said]:
    held = run.made("policy", "values")
    if held is None:
        return []
    facts = held.facts
    rules = listed([f"“{label}”" for label in facts["rules"].values()])
    cost = f", at a cost of {facts['cost']:g} in the outcome's units" if facts["cost"] else ""
    budget = f", and if {fmt.percent(facts['budget'])} can be treated" if facts["budget"] < 1 else ""
    out = said(
        f"What treating by a rule would gain was estimated from the scores, for rankings by {rules}{cost}{budget}.",
        "athey2021policy",
        "yadlowsky2025",
    )
    if facts["trees"] or run.methods.get("policy", {}).get("depths"):  # the public form may hold none
        out += said(
            "Shallow policy trees were searched exactly, and judged on folds that they were not learnt from.",
            "zhou2023",
        )
    return out


def _risk(run: Run) -> list[Said]:
    held = run.made("risk", "effects")
    if held is None or not held.facts["models"]:
        return []
    facts = held.facts
    model = (
        f"an outside score (“{run.words.covariate(str(facts['score']))}”)"
        if facts["preferred"] == "external"
        else "a cross-fitted model of both arms that is blind to treatment"
    )
    scales = "the absolute scale"
    kinds = held.tables["effects"]
    ratios = sorted(set(kinds.loc[kinds["estimand"] == "interaction", "scale"]) & set(RELATIVE))
    scales += f" and as {listed([RELATIVE[name] for name in ratios])}" if ratios else ""
    return said(
        f"Effects by baseline risk were estimated in {facts['groups']} groups of {model}, on {scales}.",
        "kent2020",
    )


def _confounding(run: Run) -> list[Said]:
    held = run.made("confounding", "robustness")
    if held is None:
        return []
    out = said(
        "What an unmeasured confounder could do was bounded by its strength with outcome and with treatment, and "
        "compared with that of measured covariates.",
        "chernozhukov2022",
        "cinelli2020",
    )
    if held.facts.get("ratio"):
        out += said("E-values were computed on the scale of ratios.", "vanderweele2017")
    if len(run.table("confounding", "controls")):
        out += said("Effects on negative-control outcomes were estimated.", "lipsitch2010")
    return out


def _learners(run: Run) -> list[Said]:
    held = run.made("learners", "comparison")
    if held is None:
        return []
    names = [name for name in LEARNERS if name in held.facts["learners"]]
    keys = dict.fromkeys(key for name in names for key in LEARNERS[name][1])
    others = listed([LEARNERS[name][0] for name in names])
    stack = "; a stack of all was judged too" if "stack" in held.facts["learners"] else ""
    boosted = held.facts.get("base") in ("boosting", "stack") and {"s", "t", "x", "r", "dr"} & set(names)
    return said(
        f"The forest was compared with {others} on the same folds and nuisances, where they had not learnt{stack}.",
        *keys,
        *(["battocchi2019"] if {"s", "t", "x", "r", "dr"} & set(names) else []),
        *(["ke2017"] if boosted else []),
    )


def _stability(run: Run) -> list[Said]:
    if run.made("stability", "components") is None:
        return []
    return said(
        "How far seeds, imputations, folds and other defensible settings move each headline number was estimated by "
        "going through the analysis again."
    )


def _sensitivity(run: Run) -> list[Said]:
    if not run.examined:
        return []
    assumptions = {
        str(name)
        for one in run.inputs.analyses.values()
        if len(one.shifts)
        for name in one.shifts["assumption"]
    }
    out = said(
        "Missing outcomes were shifted by arm until the findings changed (tipping points).", "little1993"
    )
    if "jump to reference" in assumptions:
        out += said(
            "Treated participants without an outcome were imputed too as if they were controls (jump to reference).",
            "carpenter2013",
        )
    return out


_TOLD: tuple[Callable[[Run], list[Said]], ...] = (
    *(_evidence, _splits, _modifiers, _policy, _risk, _confounding, _learners, _stability, _sensitivity),
)
