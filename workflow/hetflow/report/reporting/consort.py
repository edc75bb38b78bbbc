"""CONSORT 2025: the thirty items for a report of a randomised trial, in words of our own."""

from __future__ import annotations

from hetflow.report.reporting.items import Checklist, Item, authors, either, shown
from hetflow.report.reporting.run import ANSWERS, PLAN

_NO_PLAN = "No frozen analysis plan came with this run."
_SECTIONS = (
    (
        "Title and abstract",
        (
            Item("1a", "The title says that the trial was randomised", authors("Of the paper")),
            Item(
                "1b",
                "A structured abstract: design, methods, results, conclusions",
                authors(
                    "The first screen and the results text give its numbers", ANSWERS, "reporting/results.md"
                ),
            ),
        ),
    ),
    (
        "Open science",
        (
            Item("2", "Registry, number, address and date of registration", authors()),
            Item(
                "3",
                "Where protocol and analysis plan can be read",
                authors("Say where they can be read", PLAN),
            ),
            Item(
                "4",
                "Where data, dictionary, code and other material can be had, and how",
                authors(
                    "Code, settings and the data's checksum are here; say whether and how the data can be had",
                    "#methods",
                    "manifest.json",
                    "settings/cohort.json",
                ),
            ),
            Item("5a", "Who paid, and what part funders had", authors()),
            Item("5b", "Conflicts of interest of the authors", authors()),
        ),
    ),
    (
        "Introduction",
        (
            Item("6", "Background, and why the trial was made", authors()),
            Item(
                "7",
                "What the trial wanted to learn of benefits and of harms",
                authors("The question about the benefit stands as an estimand; add harms", "#table-estimand"),
            ),
        ),
    ),
    (
        "Methods",
        (
            Item("8", "How patients or the public were involved", authors()),
            Item(
                "9",
                "Kind of trial, allocation ratio, framework",
                authors(
                    "Two arms are compared; the probability of treatment is in the settings. Add kind and framework",
                    "settings/report.json",
                ),
            ),
            Item(
                "10",
                "What was changed after the start, analyses that were not planned included, and why",
                shown(
                    PLAN,
                    more=("#table-ledger",),
                    note="Of this analysis, against its frozen plan; changes to the trial itself are for the authors",
                    otherwise=f"{_NO_PLAN} The ledger says which tests the study file names",
                ),
            ),
            Item("11", "Setting and places", authors()),
            Item(
                "12a",
                "Who could take part",
                authors(
                    "The population of the estimand and who was left out are here; add the trial's criteria",
                    "#table-estimand",
                    "#table-flow",
                ),
            ),
            Item("12b", "Which sites and which staff could take part, if that was limited", authors()),
            Item(
                "13",
                "The treatments, so that they could be given again",
                authors("They are named here; add the details", "#table-estimand"),
            ),
            Item(
                "14",
                "Outcomes: what is measured, how it is summarised, when",
                shown("#table-estimand", note="Of the outcome analysed here; add the trial's other outcomes"),
            ),
            Item("15", "Harms: definition, and how they were recorded", authors()),
            Item("16a", "How the number of participants was chosen", authors()),
            Item("16b", "Interim analyses and rules for stopping", authors()),
            Item("17a", "Who made the random sequence, and how", authors()),
            Item(
                "17b",
                "Kind of randomisation: strata, blocks",
                authors("Strata and probabilities as the study file has them", "settings/report.json"),
            ),
            Item("18", "How the sequence was hidden until assignment", authors()),
            Item("19", "Whether those who enrolled and assigned could know the sequence", authors()),
            Item("20a", "Who was blinded", authors()),
            Item("20b", "How blinding was done", authors()),
            Item(
                "21a",
                "How arms are compared",
                shown("#methods", more=("reporting/methods.md",), note="Of the outcome analysed here"),
            ),
            Item(
                "21b",
                "Who is in each analysis, and in which arm",
                shown(
                    "#table-estimand",
                    "#table-flow",
                    note="Everybody stands in the arm that the data file records; add whether that is the one assigned",
                ),
            ),
            Item(
                "21c",
                "How missing data are handled",
                shown("#missing", more=("#table-routes", "#table-tarmos", "reporting/methods.md")),
            ),
            Item(
                "21d",
                "Further analyses, those planned told from those that were not",
                shown(
                    "#methods",
                    "#table-ledger",
                    more=(PLAN, "reporting/methods.md"),
                    note="The ledger calls planned what the study file or the defaults fixed; when that file was "
                    "written, only a frozen plan can show",
                ),
            ),
        ),
    ),
    (
        "Results",
        (
            Item(
                "22a",
                "By arm: how many were assigned, were treated so, were analysed",
                authors(
                    "Assigned and analysed are here; add who received the treatment",
                    "#figure-flow",
                    "#table-flow",
                ),
            ),
            Item(
                "22b",
                "By arm: who was lost or left out after randomisation, and why",
                either(
                    lambda run: run.lost == 0,
                    shown("#table-flow", note="No outcome is missing"),
                    authors("Who has no outcome is here; add why", "#table-flow", "#overlap"),
                ),
            ),
            Item("23a", "When participants were recruited and followed", authors()),
            Item("23b", "Why the trial ended, if it was stopped", authors()),
            Item("24a", "How treatments were given in fact, and kept to", authors()),
            Item("24b", "Other care that was given", authors()),
            Item(
                "25",
                "A table of baseline data by arm",
                shown("#table-baseline", more=("#table-baseline_all",)),
            ),
            Item(
                "26",
                "By outcome and arm: numbers analysed and with an outcome, results, effect and its precision; absolute "
                "and relative for a binary one",
                authors(
                    "Numbers, the absolute effect and its interval are here; add the arms' own results, and for a "
                    "binary outcome the relative effect",
                    "#table-average",
                    "#table-flow",
                    "#table-risk_groups",
                ),
            ),
            Item("27", "All harms, by arm", authors("", "#table-policy_harms")),
            Item(
                "28",
                "Results of all further analyses, those planned told from those that were not",
                shown(
                    "#heterogeneity",
                    "#table-ledger",
                    more=("#whom", "#policy", "#risk", "#learners", "#stability", "#analyses", PLAN),
                ),
            ),
        ),
    ),
    (
        "Discussion",
        (
            Item(
                "29",
                "What the results mean, with benefits, harms and other evidence weighed",
                authors("The first screen says no more than the tests do", ANSWERS),
            ),
            Item(
                "30",
                "Limits: bias, imprecision, many looks, who the results are for",
                authors(
                    "Many looks, missing outcomes and stability are here; bias and whom the results are for are yours",
                    "#table-ledger",
                    "#missing",
                    "#stability",
                ),
            ),
        ),
    ),
)
CONSORT = Checklist(
    "consort2025",
    "CONSORT 2025",
    "Hopewell and others, BMJ 2025;388:e081123. Numbers are those of the statement, the wording is not.",
    "hopewell2025",
    _SECTIONS,
)
