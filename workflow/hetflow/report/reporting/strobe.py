"""STROBE: the twenty-two items for a report of a cohort study, in words of our own."""

from __future__ import annotations

from hetflow.report.reporting.items import Checklist, Item, authors, either, not_applicable, ran, shown
from hetflow.report.reporting.run import ANSWERS

_SECTIONS = (
    (
        "Title and abstract",
        (
            Item("1a", "Title or abstract name the design", authors("Of the paper")),
            Item(
                "1b",
                "An informative and balanced abstract",
                authors(
                    "The first screen and the results text give its numbers", ANSWERS, "reporting/results.md"
                ),
            ),
        ),
    ),
    (
        "Introduction",
        (
            Item("2", "Background, and why the study was made", authors()),
            Item(
                "3",
                "Objectives and hypotheses",
                shown("#table-estimand", note="As an estimand; add hypotheses"),
            ),
        ),
    ),
    (
        "Methods",
        (
            Item("4", "The main elements of the design, early", authors("", "#table-estimand")),
            Item("5", "Setting, places, dates", authors()),
            Item(
                "6a",
                "Who could take part, where they came from, how they were followed",
                authors(
                    "The population and who was left out are here; add sources and follow-up",
                    "#table-estimand",
                    "#table-flow",
                ),
            ),
            Item(
                "6b",
                "Criteria of matching",
                authors("hetflow does not match; if the cohort was matched, say how"),
            ),
            Item(
                "7",
                "Definition of outcome, exposure, confounders, effect modifiers",
                shown(
                    "#table-estimand",
                    "#methods",
                    more=("settings/cohort.json",),
                    note="Every covariate adjusted for is in the dictionary of the study file",
                ),
            ),
            Item(
                "8",
                "Where each variable comes from and how it was measured",
                authors("", "settings/cohort.json"),
            ),
            Item(
                "9",
                "What was done about bias",
                shown(
                    "#overlap",
                    "#table-confounding",
                    more=("#table-confounding_controls", "#missing"),
                    note="Of confounding and missing data; bias of selection and measurement is for the authors",
                    otherwise="Overlap and missing data are here; what an unmeasured confounder could do was not asked",
                ),
            ),
            Item("10", "How the size of the study came about", authors()),
            Item(
                "11",
                "How quantitative variables were handled, and why they were grouped so",
                shown(
                    "#methods",
                    more=("#table-groups", "reporting/methods.md"),
                    note="Covariates enter as measured; groups are those that the study file names. Add why",
                ),
            ),
            Item(
                "12a", "Statistical methods, control of confounding included", shown("#methods", "#overlap")
            ),
            Item(
                "12b",
                "Methods for subgroups and interactions",
                shown("#methods", "#whom", more=("reporting/methods.md",)),
            ),
            Item(
                "12c",
                "How missing data were handled",
                shown("#missing", more=("#table-routes", "#table-tarmos")),
            ),
            Item(
                "12d",
                "How loss to follow-up was handled",
                either(
                    lambda run: run.lost == 0,
                    not_applicable("no outcome is missing"),
                    shown("#overlap", more=("#table-observation", "#table-estimand")),
                ),
            ),
            Item(
                "12e",
                "Sensitivity analyses",
                either(
                    lambda run: (
                        len(run.inputs.analyses) > 1 or run.examined or ran("confounding", "robustness")(run)
                    ),
                    shown("#methods", more=("#analyses", "#confounding", "#table-tipping", "#stability")),
                    authors("None was made in this run"),
                ),
            ),
        ),
    ),
    (
        "Results",
        (
            Item(
                "13a",
                "Numbers at each stage",
                shown("#table-flow", note="From the data file on; add who was asked and who agreed"),
            ),
            Item("13b", "Why people did not take part", authors("", "#table-flow")),
            Item("13c", "A flow diagram", shown("#figure-flow")),
            Item(
                "14a",
                "Characteristics of participants",
                shown("#table-baseline", more=("#table-baseline_all",)),
            ),
            Item(
                "14b",
                "Missing values of each variable",
                either(
                    lambda run: run.gaps,
                    shown("#table-missing", more=("#figure-missingness",)),
                    shown("#missing", note="None is missing"),
                ),
            ),
            Item("14c", "Length of follow-up", authors()),
            Item(
                "15",
                "Outcome events or summaries over time",
                authors(
                    "Numbers with an outcome are here; add its summary", "#table-flow", "#table-risk_groups"
                ),
            ),
            Item(
                "16a",
                "Unadjusted and adjusted estimates with precision; which confounders and why",
                authors(
                    "Adjusted estimates are here; add the unadjusted one, and why these confounders",
                    "#table-average",
                    "settings/cohort.json",
                ),
            ),
            Item(
                "16b",
                "Limits of categories of continuous variables",
                either(
                    lambda run: bool(run.methods["estimates"]["rules"]),
                    shown("#table-groups"),
                    not_applicable("no group by a rule was asked for"),
                ),
            ),
            Item(
                "16c",
                "Absolute beside relative risk",
                either(
                    lambda run: run.outcome["kind"] == "binary",
                    shown("#table-average", note="Effects are differences of risk"),
                    not_applicable("the outcome is not binary; effects are differences of means"),
                ),
            ),
            Item(
                "17",
                "Other analyses: subgroups, interactions, sensitivity",
                shown(
                    "#heterogeneity",
                    more=(
                        "#whom",
                        "#analyses",
                        "#policy",
                        "#risk",
                        "#confounding",
                        "#learners",
                        "#stability",
                    ),
                ),
            ),
        ),
    ),
    (
        "Discussion",
        (
            Item("18", "Main results, by objective", shown(ANSWERS)),
            Item("19", "Limits, with direction and size of bias", authors("", "#confounding", "#missing")),
            Item(
                "20",
                "A cautious interpretation",
                authors("The first screen says no more than the tests do", ANSWERS),
            ),
            Item("21", "For whom else the results hold", authors()),
        ),
    ),
    ("Other", (Item("22", "Who paid, and what part funders had", authors()),)),
)
STROBE = Checklist(
    "strobe",
    "STROBE, cohort studies",
    "von Elm and others, Lancet 2007;370:1453-7. Numbers are those of the statement, the wording is not.",
    "vonelm2007",
    _SECTIONS,
)
