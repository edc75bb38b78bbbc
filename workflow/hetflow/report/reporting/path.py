"""PATH: what the statement asks of predictive analyses of heterogeneity, in words and numbers of our own."""

from __future__ import annotations

from collections.abc import Callable

from hetflow.report.reporting.items import Checklist, Item, Rule, authors, either, not_applicable, ran, shown
from hetflow.report.reporting.run import Run

FEWEST_GROUPS = 4
"""Groups by risk below which the statement's display is not what it asks for."""
_OFF = "Effects by baseline risk were not made in this run"
_risk_ran = ran("risk", "effects")


def _by_risk(rule: Rule) -> Rule:
    return either(_risk_ran, rule, authors(_OFF))


def _model(name: str) -> Callable[[Run], bool]:
    def held(run: Run) -> bool:
        risk = run.appraisal("risk")
        return risk is not None and name in risk.facts["models"]

    return held


def _groups(run: Run) -> bool:
    risk = run.appraisal("risk")
    return risk is not None and int(risk.facts["groups"]) >= FEWEST_GROUPS


def _relative(run: Run) -> bool:
    effects = run.table("risk", "effects")
    return len(effects) > 0 and bool((effects["estimand"] == "ratio").any())


def _harm(run: Run) -> bool:
    return len(run.table("policy", "harms")) > 0


_SECTIONS = (
    (
        "Is risk worth looking at",
        (
            Item("1", "The overall effect is established first", shown("#table-average")),
            Item(
                "2",
                "Treatment has harm or burden, so that those at low risk may gain too little",
                either(
                    _harm, shown("#table-policy_harms"), authors("No second outcome was named", "#policy")
                ),
            ),
            Item(
                "3", "Several large trials could be looked at together", authors("This run reads one study")
            ),
            Item(
                "4",
                "Risk differs much between participants",
                _by_risk(shown("#figure-risk", more=("#table-risk_groups",))),
            ),
            Item(
                "5",
                "Risk can be predicted by what a clinic knows",
                _by_risk(
                    shown("#table-risk_performance", note="Add whether a clinic knows these covariates")
                ),
            ),
        ),
    ),
    (
        "How effects by risk are made",
        (
            Item(
                "6",
                "A good model from elsewhere goes first",
                either(
                    _model("external"),
                    shown("#table-risk_performance"),
                    authors("No outside score was named (`risk.score`); say whether one exists"),
                ),
            ),
            Item(
                "7",
                "Without one, a model of both arms together that is blind to treatment, not one of the controls alone",
                _by_risk(
                    either(
                        _model("internal"),
                        shown("#risk", more=("reporting/methods.md",)),
                        not_applicable("an outside score was used alone"),
                    )
                ),
            ),
            Item(
                "8",
                "The model's discrimination and calibration are told",
                _by_risk(shown("#table-risk_performance")),
            ),
            Item(
                "9",
                "Outcomes of both arms and absolute effects over at least four groups by risk",
                _by_risk(
                    either(_groups, shown("#table-risk_groups"), authors("There are fewer groups", "#risk"))
                ),
            ),
            Item(
                "10",
                "Relative effects beside the absolute ones",
                _by_risk(
                    either(
                        _relative,
                        shown("#table-risk_groups", more=("#table-risk_relation",)),
                        not_applicable("a ratio has no meaning for this outcome"),
                    )
                ),
            ),
            Item("11", "The distribution of predicted risk", _by_risk(shown("#figure-risk"))),
            Item(
                "12",
                "Whether the effect goes with risk, risk kept continuous",
                _by_risk(shown("#table-risk_relation")),
            ),
        ),
    ),
    (
        "From the study to the clinic",
        (
            Item(
                "13",
                "Absolute effects stand in the foreground",
                shown("#table-average", "#table-groups", more=("#table-risk_groups",)),
            ),
            Item(
                "14",
                "Predictions are checked where they would be used",
                authors("Only another study can do that"),
            ),
            Item(
                "15",
                "Benefit is weighed against harm and cost before anybody is treated by a prediction",
                either(
                    lambda run: _harm(run) or float(run.methods.get("policy", {}).get("cost", 0.0)) > 0,
                    shown(
                        "#table-policy_values",
                        more=("#table-policy_harms",),
                        otherwise="No rule was appraised",
                    ),
                    authors("Neither harm nor cost was named", "#policy"),
                ),
            ),
        ),
    ),
    (
        "Cautions where effects are modelled",
        (
            Item(
                "16",
                "Few effect modifiers, each with strong evidence from before",
                authors(
                    "Those that the study file names are here; say why these",
                    "#table-projection",
                    "#table-groups",
                ),
            ),
            Item(
                "17",
                "Not one covariate at a time, and none chosen by its p-value",
                shown(
                    "#methods",
                    more=("#table-projection",),
                    note="Slopes are fitted together; the forest reads all covariates and selects none by a test",
                ),
            ),
            Item(
                "18",
                "Guards against overfitting, and a check on participants not seen",
                shown("#table-heterogeneity", more=("#table-groups", "#table-splits_slope")),
            ),
            Item(
                "19",
                "Discrimination and calibration for benefit",
                shown("#figure-toc", "#table-heterogeneity", more=("#table-splits_slope",)),
            ),
            Item(
                "20",
                "Modelling effects against the simpler modelling of risk",
                either(
                    ran("policy", "ranking"),
                    shown("#table-policy_ranking"),
                    authors("Rankings were not compared in this run"),
                ),
            ),
            Item("21", "The credibility of each modifier", authors("See the checklist ICEMAN")),
        ),
    ),
)
PATH = Checklist(
    "path",
    "PATH",
    "After Kent and others, Ann Intern Med 2020;172:35-45. The statement does not number its criteria; order, numbers "
    "and wording are ours. It was written for randomised trials.",
    "kent2020",
    _SECTIONS,
)
