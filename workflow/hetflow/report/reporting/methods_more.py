"""The methods section, its end: many looks, other analyses, software."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hetflow import __version__
from hetflow.report import formats as fmt
from hetflow.report import picks, planned
from hetflow.report.ledger import family, ledger
from hetflow.report.prose_methods import learner_name
from hetflow.report.reporting.bibliography import SOFTWARE
from hetflow.report.reporting.run import Run
from hetflow.report.reporting.text import Said, said
from hetflow.study.routes import ROUTES


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


def other_analyses(run: Run) -> list[Said]:
    """Analyses beside the primary: each by its label and by what it changes."""
    settings = run.inputs.settings
    out: list[Said] = []
    for name in run.inputs.analyses:
        if name != run.inputs.primary:
            label = run.inputs.label(name)
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
