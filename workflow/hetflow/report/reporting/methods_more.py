"""The methods section, second half: many looks, appraisals that ran, other analyses, software."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hetflow import __version__
from hetflow.report import formats as fmt
from hetflow.report import picks, planned
from hetflow.report.ledger import family, ledger
from hetflow.report.prose_methods import learner_name
from hetflow.report.reporting.bibliography import SOFTWARE
from hetflow.report.reporting.run import Run
from hetflow.report.reporting.text import Said, said
from hetflow.report.risk import RELATIVE
from hetflow.report.splits_prose import LEARNERS as SPLIT_LEARNERS
from hetflow.report.words import listed
from hetflow.study.routes import ROUTES

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


def multiplicity(run: Run) -> list[Said]:
    """How many tests there were, what is adjusted for, and how evidence is graded."""
    table = ledger(run.inputs)
    number, every = len(family(table)), fmt.count(len(table))
    out: list[Said] = []
    if number:
        out += said(
            f"Of the {every} tests that the run made, {number} {'is the' if number == 1 else 'are the'} pre-specified "
            f"global test{'' if number == 1 else 's'} of the primary analysis; their p-values were adjusted for their "
            "number by the methods of Holm and of Benjamini and Hochberg.",
            "holm1979",
            "benjamini1995",
        )
        out += said(
            "Pre-specified says that the study file or hetflow's defaults fixed the test before it was made. Other "
            "p-values stand as they are; the ledger of the report lists every one."
        )
    elif len(table):
        out += said(f"The run made {every} tests, which the ledger of the report lists; none is adjusted.")
    if any(fmt.known(p) for p in picks.projection_rows(run.inputs.estimates, run.inputs.primary)["p"]):
        out += said("What is said of slopes allows for their number by Holm's method.", "holm1979")
    out += said(
        "Evidence was graded by rules that were fixed beforehand, in the manner of WATCH; the report prints them.",
        "sechidis2025",
    )
    plan = run.inputs.plan
    if run.frozen:
        late = " It was frozen after outcomes had been read." if plan["outcomes_read_before"] else ""
        out += said(f"The analysis plan was frozen on {run.frozen}.{late} {planned.said(plan)}")
    elif plan:
        out += said("No analysis plan was frozen before outcomes were read.")
    return [
        *out,
        *said(
            "The analysis is exploratory: differences in effect that it finds would have to be confirmed elsewhere."
        ),
    ]


def appraisals(run: Run) -> list[Said]:
    """What was made of the scores beyond the estimates, each only if it was made."""
    return [one for tell in _TOLD for one in tell(run)]


def _evidence(run: Run) -> list[Said]:
    held, tests = run.appraisal("evidence"), run.table("evidence", "tests")
    if held is None or tests.empty:
        return []
    kinds = set(tests["test"])
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
    held = run.appraisal("splits")
    if held is None or run.table("splits", "blp").empty:
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
    held = run.appraisal("policy")
    if held is None or run.table("policy", "values").empty:
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
    held = run.appraisal("risk")
    if held is None or not held.facts["models"] or run.table("risk", "effects").empty:
        return []
    facts = held.facts
    model = (
        f"an outside score (“{run.words.covariate(str(facts['score']))}”)"
        if facts["preferred"] == "external"
        else "a cross-fitted model of both arms that is blind to treatment"
    )
    scales = "the absolute scale"
    kinds = run.table("risk", "effects")
    ratios = sorted(set(kinds.loc[kinds["estimand"] == "interaction", "scale"]) & set(RELATIVE))
    scales += f" and as {listed([RELATIVE[name] for name in ratios])}" if ratios else ""
    return said(
        f"Effects by baseline risk were estimated in {facts['groups']} groups of {model}, on {scales}.",
        "kent2020",
    )


def _confounding(run: Run) -> list[Said]:
    held = run.appraisal("confounding")
    if held is None or run.table("confounding", "robustness").empty:
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
    held = run.appraisal("learners")
    if held is None or run.table("learners", "comparison").empty:
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
    if run.table("stability", "components").empty:
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


def other_analyses(run: Run) -> list[Said]:
    """Analyses beside the primary: each by its label and by what it changes."""
    settings = run.inputs.settings
    out: list[Said] = []
    for name in run.inputs.analyses:
        if name != run.inputs.primary:
            label = settings["labels"].get(name) or name
            changes, keys = _changes(run, settings["methods"][name])
            what = f": {'; '.join(changes)}" if changes else ""
            out += said(f"“{label}”{what}.", *dict.fromkeys(keys))
    number = len(out)
    return (
        [*said(f"{number} further analys{'is was' if number == 1 else 'es were'} made."), *out]
        if number
        else []
    )


def _changes(run: Run, own: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What an analysis changes of the primary one, and the works behind it."""
    first = run.methods
    told: list[str] = []
    keys: list[str] = []

    def differs(section: str, key: str) -> bool:
        return own.get(section, {}).get(key) != first.get(section, {}).get(key)

    if own.get("outcome", first.get("outcome")) != first.get("outcome"):
        told.append(f"the outcome “{run.inputs.settings['outcomes'][own['outcome']]['label']}”")
    if differs("missingness", "strategy"):
        told.append(ROUTES[own["missingness"]["strategy"]].title)
        keys += ["fletchermercaldo2020"] if own["missingness"]["strategy"] == "blockwise" else []
    if own["missingness"].get("delta"):
        told.append("imputed covariates moved by an amount")
        keys.append("tompsett2018")
    if differs("forest", "engine"):
        told.append(f"a forest grown by {own['forest']['engine']}")
        keys += ["battocchi2019"] if own["forest"]["engine"] == "econml" else []
    if differs("nuisance", "outcome"):
        told.append(f"the outcome's mean by {learner_name(own['nuisance']['outcome'])}")
    if differs("nuisance", "propensity"):
        told.append("another propensity")
    if differs("missing_outcome", "strategy"):
        text, work = _OUTCOMES[own.get("missing_outcome", {}).get("strategy", "complete_case")]
        told.append(text)
        keys += work
    if not told and dict(own) != dict(first):
        told.append("other settings, which the resolved study names")
    return told, keys


_OUTCOMES: Mapping[str, tuple[str, list[str]]] = {
    "complete_case": ("participants without an outcome left out", []),
    "weighting": ("missing outcomes weighted for", ["robins1994"]),
    "imputation": ("missing outcomes imputed within the arms", ["rubin1987"]),
}


def software(run: Run) -> list[Said]:
    """Versions, seed, how to run it again, and the guidelines along which it is reported."""
    versions = run.inputs.versions
    out = said(f"hetflow {__version__} made all estimates.", SOFTWARE)
    workflow = f" {versions['snakemake']}" if "snakemake" in versions else ""
    out += said(f"It ran as a workflow of Snakemake{workflow}.", "molder2021")
    named = [f"{name} {versions[name]}" for name in _PACKAGES if name in versions]
    out += said(f"Python packages: {', '.join(named)}; the lock file names all of them." if named else "")
    out += said(
        f"The seed is {run.inputs.settings['seed']}; the same data, study file and versions give the same bytes."
    )
    if run.inputs.covered is not None:
        out += said("The published form is packaged as an RO-Crate.", "soiland2022")
    first = "hopewell2025" if run.randomised else "vonelm2007"
    name = "CONSORT 2025" if run.randomised else "STROBE"
    return [
        *out,
        *said(
            f"Reporting was checked against {name}, PATH, ICEMAN and TARMOS.",
            first,
            "kent2020",
            "schandelmaier2020",
            "lee2021",
        ),
    ]


_PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "lightgbm", "econml", "numba")
