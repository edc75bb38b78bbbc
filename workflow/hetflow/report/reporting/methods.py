"""The methods section of a paper, made from the resolved settings and the artefacts of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hetflow.missingness.choice import WORDS
from hetflow.missingness.engines import NORMAL, PMM, TREE
from hetflow.report import formats as fmt
from hetflow.report import picks, prose
from hetflow.report.pooled import pooled_rows
from hetflow.report.prose_methods import learner_name
from hetflow.report.reporting.bibliography import DATA
from hetflow.report.reporting.methods_appraised import appraisals
from hetflow.report.reporting.methods_more import multiplicity, other_analyses, software
from hetflow.report.reporting.run import Run
from hetflow.report.reporting.text import Paragraph, Said, paragraph, said
from hetflow.report.tables import E9_ATTRIBUTES
from hetflow.report.words import listed
from hetflow.study.routes import ROUTES

LEARNER_WORKS: Mapping[str, tuple[str, ...]] = {
    "linear": (),
    "mean": (),
    "boosting": ("ke2017",),
    "forest": ("pedregosa2011",),
    "stack": ("vanderlaan2007", "ke2017", "pedregosa2011"),
}
ENGINE_WORKS: Mapping[str, tuple[str, ...]] = {"histogram": (), "econml": ("battocchi2019",)}
#: Works behind the engines beside that of chained equations; the imputation stage says which it took.
_FILLED = {PMM: (), TREE: ("burgette2010",), NORMAL: ()}
_TARGETS = {"ATE": "everybody", "ATT": "the treated", "ATC": "the controls", "ATO": "the overlap population"}


def methods_section(run: Run) -> list[Paragraph]:
    """Every paragraph, in the order of a paper."""
    return [
        paragraph("Study and data", _study(run)),
        paragraph("Estimand", _estimand(run)),
        paragraph("Missing covariates", _missing_covariates(run)),
        paragraph("Missing outcomes", _missing_outcomes(run)),
        paragraph("Nuisance functions and scores", _nuisances(run)),
        paragraph("Causal forest", _forest(run)),
        paragraph("Estimates and tests", _estimates(run)),
        paragraph("Multiplicity and grading", multiplicity(run)),
        paragraph("Further appraisals", appraisals(run)),
        paragraph("Other analyses", other_analyses(run)),
        paragraph("Software", software(run)),
    ]


def _study(run: Run) -> list[Said]:
    settings, words = run.inputs.settings, run.words
    design = settings["design"]
    kind = "randomised trial" if words.randomised else "cohort study"
    units = fmt.count(run.inputs.cohort["units"])
    text = f"This is an analysis of a {kind} of {units} participants, comparing {words.treated} with {words.control}."
    more = [_probability(design)] if words.randomised else []
    if design["strata"]:
        more.append(
            f"Folds were drawn within strata of {listed([words.covariate(s) for s in design['strata']])}."
        )
    if design["cluster"]:
        more.append(
            f"Participants of one {words.covariate(design['cluster'])} depend on one another: folds and half-samples "
            "take whole clusters, standard errors allow for them, and intervals take t distributions with as many "
            "degrees of freedom as clusters less one."
        )
    if design["weight"]:
        more.append(f"Participants were weighted by {words.covariate(design['weight'])}.")
    return [
        *said(text, *([DATA] if str(settings["report"]["citation"]).strip() else [])),
        *said(" ".join(more)),
    ]


def _probability(design: Mapping[str, Any]) -> str:
    probability = design["probability"]
    if isinstance(probability, Mapping):
        return "The probability of treatment is known from the design and differs between strata."
    return f"The probability of treatment is known from the design: {probability:g}." if probability else ""


def _estimand(run: Run) -> list[Said]:
    estimand = run.inputs.settings["estimand"]
    told = [
        f"{label}: {estimand[key].strip().rstrip('.')}"
        for key, label in E9_ATTRIBUTES
        if estimand[key].strip()
    ]
    scale = (
        "percentage points of risk" if run.outcome["kind"] == "binary" else run.words.unit or "outcome units"
    )
    return [
        *said("The question was put as an estimand in the attributes of ICH E9(R1).", "ich2019"),
        *said(f"{'. '.join(told)}." if told else ""),
        *said(
            f"Effects are {run.words.treated} minus {run.words.control} on the outcome “{run.words.outcome}”, in "
            f"{scale}; {run.words.better} is better. They are those of {run.words.everybody}."
        ),
    ]


def _missing_covariates(run: Run) -> list[Said]:
    if not run.inputs.missingness.get("missing_cells"):
        return said("No covariate value was missing.")
    missingness = run.methods["missingness"]
    route = ROUTES[missingness["strategy"]]
    engine = str(run.inputs.analyses[run.inputs.primary].guards.get("engine") or "")
    filled = next((keys for name, keys in _FILLED.items() if WORDS[name] in engine), ())
    out = said(f"Missing covariates were handled by {route.title}.", *_route_works(route.name))
    out += [one for text in prose.handling(run.methods, run.randomised) for one in said(text)]
    if route.chained:
        out += said(f"Chained equations ran for {missingness['iterations']} rounds.", "vanbuuren2011")
        out += said(engine, *filled)
    if len(pooled_rows(run.inputs.estimates, run.inputs.primary)):
        out += said(
            "Estimates from several completed data sets were pooled by Rubin's rules with the degrees of freedom of "
            "Barnard and Rubin.",
            "rubin1987",
            "barnard1999",
        )
        out += said(
            "Whether there were enough imputations was judged by the rule of von Hippel.", "vonhippel2020"
        )
    return [
        *out,
        *_guards(run),
        *_examined(run),
        *said(f"What this rests on: {route.rests_on(run.randomised)}"),
    ]


def _route_works(name: str) -> tuple[str, ...]:
    return ("fletchermercaldo2020",) if name == "blockwise" else ()


def _guards(run: Run) -> list[Said]:
    guards = run.inputs.analyses[run.inputs.primary].guards
    arm = guards.get("arm", guards)
    if not (fmt.known(arm.get("mean")) and fmt.known(arm.get("se"))):
        return []
    return said(
        "Completed covariates were checked for what they tell of the arm: it was predicted from them with a "
        f"cross-validated area under the curve of {fmt.number(arm['mean'], 3)} (standard error "
        f"{fmt.number(arm['se'], 3)}; 0.5 is chance)."
    )


def _examined(run: Run) -> list[Said]:
    """How what is missing was described and tested."""
    out = (
        said("What is missing was described as structured missingness.", "mitra2023")
        if run.inputs.structure
        else []
    )
    tests = run.inputs.mechanism_tables.get("mcar")
    names = set() if tests is None or "test" not in tests else {str(name) for name in tests["test"]}
    little = any("little" in name.lower() for name in names)
    if little:
        out += said("Missingness completely at random was tested by Little's test.", "little1988")
    if {name for name in names if "little" not in name.lower()}:
        out += said("It was tested too by classification in random projections.", "spohn2021")
    return out


def _missing_outcomes(run: Run) -> list[Said]:
    section = run.methods.get("missing_outcome", {})
    if run.lost == 0:
        return said("No outcome was missing.")
    if run.missing_outcome == "imputation":
        times = run.methods["missingness"]["imputations"]
        return said(
            f"Missing outcomes were drawn {times} times from a regression within each arm, and estimates pooled by "
            "Rubin's rules.",
            "rubin1987",
        )
    if run.missing_outcome == "weighting":
        given = listed(["arm", "covariates", *(run.words.covariate(name) for name in section["auxiliary"])])
        smallest = section.get("smallest")
        floor = f"; probabilities below {smallest:g} were raised to it" if smallest else ""
        return said(
            "Participants without an outcome were kept: within the doubly robust score each observed outcome was "
            f"weighted by the inverse of its probability of being observed, predicted from {given} by "
            f"{learner_name(section['learner'])}{floor}.",
            "robins1994",
            *LEARNER_WORKS[section["learner"]],
        )
    return said(
        "Participants without an outcome helped to impute covariates and were left out of all effects, which is right "
        "for everybody only if, given arm and covariates, losing the outcome does not depend on it."
    )


def _nuisances(run: Run) -> list[Said]:
    nuisance, folds = run.methods["nuisance"], run.inputs.settings["folds"]
    out = said(
        f"All effects come from doubly robust scores under {folds}-fold cross-fitting.",
        "robins1994",
        "chernozhukov2018",
    )
    learner = nuisance["outcome"]
    gapless = "" if nuisance["covariates"] == "all" else " from the covariates that nobody misses"
    out += said(
        f"The outcome's mean was predicted by {learner_name(learner)}{gapless}.", *LEARNER_WORKS[learner]
    )
    if nuisance["propensity"] == "design":
        return [*out, *said("The probability of treatment was that of the design.")]
    name = nuisance["propensity"]
    out += said(f"The propensity was estimated by {learner_name(name)}.", *LEARNER_WORKS[name])
    if nuisance["trim"]:
        low, high = nuisance["trim"]
        out += said(f"Participants whose propensity lay outside {low:g} to {high:g} were left out.")
    return out


def _forest(run: Run) -> list[Said]:
    forest, several = run.methods["forest"], ROUTES[run.methods["missingness"]["strategy"]].several
    per = " for each imputation" if several else ""
    engine = {"histogram": "hetflow's own engine on binned covariates", "econml": "econml's trees"}[
        forest["engine"]
    ]
    text = (
        f"Individual effects came from an honest causal forest of {fmt.count(forest['trees'])} trees{per}, grown by "
        f"{engine} in little bags of {forest['bag_trees']} trees that share a half-sample; leaves hold at least "
        f"{forest['min_leaf']} participants."
    )
    out = said(text, "athey2019", "wager2018", *ENGINE_WORKS[forest["engine"]])
    if several and run.randomised:
        out += said("Effects were averaged over imputations before participants were ranked.")
    if forest.get("training") == "inference":
        out += said(
            "Trees learnt from covariates imputed by arm and with the outcome and were evaluated at covariates imputed "
            "without them; the p-value of the ranking comes from drawing the arms anew."
        )
    return out


def _estimates(run: Run) -> list[Said]:
    settings, estimates = run.methods["estimates"], run.inputs.estimates
    made = set(estimates.loc[estimates["analysis"] == run.inputs.primary, "estimand"])
    averages = [name for name in _TARGETS if name in made]
    out: list[Said] = []
    if averages:
        targets = listed([_TARGETS[name] for name in averages])
        out += said(
            f"Average effects were estimated over {targets}.", *(["li2018"] if "ATO" in averages else [])
        )
    if "AUTOC" in made:
        tail = " and tested one-sided" if _tested(run, "AUTOC") else ""
        out += said(
            f"Ranking by predicted effect was judged out of bag by rank-weighted average effects (AUTOC, QINI){tail}.",
            "yadlowsky2025",
        )
    if "sequential_AUTOC" in made:
        tail = " and tested two-sided" if _tested(run, "sequential_AUTOC") else ""
        trees = fmt.count(run.methods["forest"]["held_out_trees"])
        out += said(
            f"It was judged too by the sequential RATE{tail}: each fold is ranked by a forest of {trees} trees grown "
            "on the folds before it, the first fold being left out; each fold's standard error was widened for being "
            "estimated from few participants.",
            "wager2024",
        )
    if "sequential_groups" in made:
        out += said(f"Effects of {settings['groups']} groups by predicted benefit rest on the same forests.")
    if "calibration" in made:
        out += said("Calibration of predicted effects was described by two slopes.", "chernozhukov2025")
    if "rule_groups" in made:
        names = listed([f"“{run.words.rules[name]}”" for name in settings["rules"]])
        out += said(
            f"Effects of groups that the study file names were averages of the scores, by {names}.",
            "semenova2021",
        )
    if len(picks.projection_rows(estimates, run.inputs.primary)):
        names = listed([f"“{run.words.covariate(name)}”" for name in settings["projection"]])
        out += said(f"A best linear projection of the effect was fitted on {names}.", "semenova2021")
    if (
        len(run.inputs.analyses[run.inputs.primary].joint)
        and ROUTES[run.methods["missingness"]["strategy"]].several
    ):
        out += said("Terms that belong together were tested jointly over imputations.", "li1991")
    return [*out, *said(f"Intervals are at the level of {run.words.level}.")]


def _tested(run: Run, estimand: str) -> bool:
    one = picks.one(run.inputs.estimates, run.inputs.primary, estimand, run.words)
    return one is not None and one.p is not None
