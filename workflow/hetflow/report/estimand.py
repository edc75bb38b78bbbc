"""The question in the attributes of ICH E9(R1): what the study file says, how it was analysed, what is left open.

International Council for Harmonisation, E9(R1), 2019: population, treatment conditions, variable, intercurrent events
and summary, and sensitivity analyses of what the estimate assumes. The study file's text is taken as it stands; what is
left open is what hetflow does not find in it, and is put to the authors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from hetflow.report import formats as fmt
from hetflow.report import sensitivity
from hetflow.report.inputs import ReportInputs
from hetflow.report.observation import outcomes_lost
from hetflow.report.tables import E9_ATTRIBUTES, Cell, Table
from hetflow.report.words import Words, listed, opening

STRATEGIES = re.compile(
    r"treatment[\s-]policy|hypothetical|composite|while[\s-]on[\s-]treatment|while[\s-]alive|principal[\s-]strat"
    r"|intention[\s-]to[\s-]treat",
    re.IGNORECASE,
)
"""The strategies that E9(R1) names for intercurrent events, and what they are often called."""
_NONE = re.compile(r"\W*(none|no intercurrent events?|not applicable)\b", re.IGNORECASE)
_TIME = re.compile(
    r"\d|baseline|visit|second|minute|hour|day|week|month|year|follow|end of|birth|delivery|death|discharge",
    re.IGNORECASE,
)
_AUTHORS = "For the authors: "
_EMPTY = f"{_AUTHORS}the study file says nothing"
_MISSING = {
    "complete_case": "Participants without it are left out",
    "weighting": "Participants without it are kept: observed outcomes are weighted by their chance of being observed",
    "imputation": "Participants without it are kept: it is drawn within their arm, and estimates are pooled",
}


def estimand_table(inputs: ReportInputs, words: Words) -> Table:
    """One row an attribute, one on whose effect is estimated, and one on sensitivity.

    Parameters
    ----------
    inputs : ReportInputs
    words : Words
        Of the primary analysis.
    """
    estimand = inputs.settings["estimand"]
    rows = [
        Cell((label, estimand[key], _ANALYSED[key](inputs, words), left_open(key, estimand[key], words)))
        for key, label in E9_ATTRIBUTES
    ]
    rows.append(Cell(("Whose effect is estimated", "", opening(words.everybody), "")))
    rows.append(Cell(("Sensitivity of the estimate", "", *_sensitivity(inputs))))
    return Table(
        "estimand",
        "The estimand, in the attributes of ICH E9(R1)",
        ("Attribute", "In the study file", "How it was analysed", "Left open"),
        tuple(rows),
        (0, 1, 2, 3),
        "What is left open was not recognised in the study file's text; it may stand there in other words.",
    )


def left_open(key: str, text: str, words: Words) -> str:
    """What the study file's text leaves open of an attribute; empty where nothing is.

    Parameters
    ----------
    key : str
        Of `E9_ATTRIBUTES`.
    text : str
        What the study file says.
    words : Words
    """
    if not text.strip():
        return _EMPTY
    if key == "treatments" and words.randomised:
        return f"{_AUTHORS}whether the arm that the data file records is the one assigned"
    if key == "variable" and not _TIME.search(text):
        return f"{_AUTHORS}when it is measured"
    if key == "intercurrent_events" and not STRATEGIES.search(text) and not _NONE.match(text):
        return (
            f"{_AUTHORS}the strategy for each event (treatment policy, hypothetical, composite, while on treatment, "
            "principal stratum)"
        )
    return ""


def _population(inputs: ReportInputs, words: Words) -> str:
    kept = inputs.analyses[inputs.primary].nuisance.get("number", {}).get("kept")
    units = fmt.count(inputs.cohort["units"])
    return f"{fmt.count(kept)} of the {units} participants of the cohort" if kept else f"{units} participants"


def _treatments(inputs: ReportInputs, words: Words) -> str:
    design = inputs.settings["design"]
    known = "known from the design" if words.randomised else "estimated from the covariates"
    within = [words.covariate(name) for name in design["strata"]]
    strata = f"; folds within {listed(within)}" if within else ""
    return (
        f"{words.treated} against {words.control}, as the data file records them; the probability of treatment is "
        f"{known}{strata}"
    )


def _variable(inputs: ReportInputs, words: Words) -> str:
    section = inputs.methods.get("missing_outcome", {})
    kind = inputs.settings["outcomes"][inputs.outcome]["kind"]
    return (
        f"“{words.outcome}”{words.in_unit}, {kind}; {words.better} is better. "
        f"{_MISSING[section.get('strategy', 'complete_case')]}"
    )


def _events(inputs: ReportInputs, words: Words) -> str:
    text = "Outcomes are used as they were recorded, whatever came before; hetflow sets none aside and replaces none"
    assumed = {
        str(name) for one in inputs.analyses.values() if len(one.shifts) for name in one.shifts["assumption"]
    }
    if "jump to reference" in assumed:
        text += ". In sensitivity, treated participants without an outcome are taken to have done as controls"
    return text


def _summary(inputs: ReportInputs, words: Words) -> str:
    kind = inputs.settings["outcomes"][inputs.outcome]["kind"]
    what = "Difference of risks" if kind == "binary" else "Difference of means"
    averaged = inputs.methods["estimates"]["average"]
    return (
        f"{what}, {words.treated} minus {words.control}, with {words.level} intervals ({listed(list(averaged))}); how "
        "it varies is told on the same scale"
    )


_ANALYSED: Mapping[str, Callable[[ReportInputs, Words], str]] = {
    "population": _population,
    "treatments": _treatments,
    "variable": _variable,
    "intercurrent_events": _events,
    "summary": _summary,
}


def _sensitivity(inputs: ReportInputs) -> tuple[str, str]:
    """What was done, and what is left open."""
    done = [f"“{inputs.label(name)}”" for name in inputs.analyses if name != inputs.primary]
    said = [f"Other analyses: {listed(done)}"] if done else []
    if sensitivity.examined(inputs):
        said.append("missing outcomes shifted by arm until findings change")
    elif outcomes_lost(inputs):
        return "; ".join(said), f"{_AUTHORS}missing outcomes were not shifted"
    return opening("; ".join(said)), "" if said else f"{_AUTHORS}no other analysis was made"
