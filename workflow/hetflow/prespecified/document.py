"""The frozen plan as a document that people read and register: Markdown made from the plan's content alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hetflow.prespecified.changes import Change
from hetflow.prespecified.content import digest
from hetflow.prespecified.markdown import code, table, text, value
from hetflow.report.formats import NONE
from hetflow.report.ledger_rows import said
from hetflow.report.tables import E9_ATTRIBUTES
from hetflow.study.appraisals import APPRAISALS
from hetflow.study.base import PRIMARY

Plan = Mapping[str, Any]

_MADE = (
    "Made from the study file and the names of the data file's columns; no row of the data was read. Every key that "
    "shapes results stands here with its value, defaults included. Later runs are compared with it, key by key."
)
_MULTIPLICITY = (
    "The pre-specified global tests of the primary analysis are one family; their p-values are adjusted by Holm "
    "(1979), and by Benjamini and Hochberg (1995) beside it. All other p-values stand as they are and are listed in "
    "the multiplicity ledger. Tests called exploratory, and those of sensitivity analyses, confirm nothing. Which test "
    "supports which grade of evidence is settled by rules that do not depend on the data and are printed in the report."
)
_WHAT = {
    "evidence": "Global tests of heterogeneity",
    "splits": "Repeated sample splits",
    "modifiers": "Effect modifiers",
    "policy": "What rules of treatment would gain",
    "risk": "Effects by baseline risk",
    "confounding": "Unmeasured confounding",
    "learners": "Other learners",
    "stability": "Stability",
}


def plan_text(plan: Plan) -> str:
    """The document of a plan; equal content gives equal bytes."""
    primary = plan["analyses"][PRIMARY]
    lines = [f"# Analysis plan: {text(plan['title'])}", "", *_about(plan), _MADE, ""]
    lines += ["## Question", "", *_question(plan)]
    lines += ["## Design and population", "", *_design(plan)]
    lines += ["## Outcomes", "", *_outcomes(plan, primary)]
    lines += ["## Covariates", "", *_covariates(plan)]
    lines += ["## Missing data", "", *_settings(primary, "missingness"), "Missing outcomes:", ""]
    lines += [*_settings(primary, "missing_outcome"), *_sensitivity(plan)]
    lines += ["## Nuisance functions", "", *_settings(primary, "nuisance"), "## Forest", ""]
    lines += [*_settings(primary, "forest"), "## Estimates", "", *_settings(primary, "estimates")]
    lines += ["## Subgroups and modifiers named beforehand", "", *_named(primary)]
    lines += ["## Sensitivity analyses", "", *_others(plan), *_appraisals(plan, primary)]
    lines += ["## Tests", "", *_tests(plan), _MULTIPLICITY, ""]
    lines += ["## Random numbers, data and software", "", *_software(plan)]
    return "\n".join(lines).rstrip() + "\n"


def amendment_text(
    number: int, amendment: Mapping[str, Any], found: Sequence[Change], plan: Plan, amends: str
) -> str:
    """The document of an amendment: when, why, and what it changes in which plan."""
    lines = [f"# Amendment {number} of the analysis plan: {text(plan['title'])}", "", *_about(plan)]
    lines += [f"- Amends the plan or amendment whose content has SHA-256 {code(amends)}", ""]
    lines += [f"**Date:** {text(amendment['date'])}", "", f"**Reason:** {text(amendment['reason'])}", ""]
    head = ("Key", "Analyses", "Was", "Is", "Touches the analysis of the outcome")
    rows = [
        (code(one.key), text(", ".join(one.analyses)), value(one.was), value(one.now), text(one.touches))
        for one in found
    ]
    return "\n".join([*lines, *table(head, rows)]).rstrip() + "\n"


def _about(plan: Plan) -> list[str]:
    return [f"- Study {code(plan['study'])}", f"- SHA-256 of the content: {code(digest(plan))}", ""]


def _question(plan: Plan) -> list[str]:
    rows = [(label, text(plan["question"][key])) for key, label in E9_ATTRIBUTES]
    return table(("Attribute (ICH E9(R1))", "In this study"), rows)


def _design(plan: Plan) -> list[str]:
    treatment, design = plan["treatment"], plan["design"]
    rows = [(code(f"design.{key}"), value(item)) for key, item in design.items()]
    for arm in ("treated", "control"):
        said = f"{value(treatment[arm])} ({text(treatment[f'{arm}_label'])})"
        rows.append((f"{arm} in {code(treatment['column'])}", said))
    lines = table(("Design", "Value"), rows)
    rules = plan["eligibility"]
    who = [(text(label), code(rule)) for label, rule in zip(rules["labels"], rules["rules"], strict=True)]
    lines += table(("Eligible if", "Rule"), who) or ["No eligibility rules.", ""]
    return lines + table(
        ("Derived column", "Made as"), [(code(k), code(v)) for k, v in plan["derived"].items()]
    )


def _outcomes(plan: Plan, primary: Plan) -> list[str]:
    rows = [
        (
            code(name),
            text(one["label"]),
            code(one["expression"] or one["column"]),
            text(one["kind"] + (f", {one['unit']}" if one["unit"] else "")) + _coded(one["levels"]),
            text(one["better"]),
            "primary" if name == primary["outcome"] else NONE,
        )
        for name, one in plan["outcomes"].items()
    ]
    return table(("Outcome", "Label", "Defined as", "Kind", "Better", "Use"), rows)


def _coded(levels: Sequence[str] | None) -> str:
    """Which of two declared levels counts as the event."""
    return "" if not levels else f": {code(levels[0])} counts 0, {code(levels[1])} counts 1"


def _covariates(plan: Plan) -> list[str]:
    rows = []
    for name, one in plan["columns"].items():
        if "kind" in one:
            more = {
                key: one[key]
                for key in ("levels", "missing", "block", "applicable_if", "not_applicable")
                if one[key]
            }
            more |= {"visit": one["visit"]} if one["visit"] else {}
            more |= {"mask": "fixed before randomisation"} if one["mask_fixed_before_randomisation"] else {}
            rows.append(
                (
                    code(name),
                    text(one["label"]),
                    text(one["role"]),
                    text(one["kind"]),
                    value(more) if more else NONE,
                )
            )
    other = sum("kind" not in one and one["role"] == "ignore" for one in plan["columns"].values())
    return [
        *table(("Column", "Label", "Role", "Kind", "More"), rows),
        f"Columns that are not read, or only to make others: {other}.",
        "",
    ]


def _settings(settings: Plan, section: str) -> list[str]:
    rows = [(code(f"{section}.{key}"), value(_said(item))) for key, item in settings[section].items()]
    return table(("Key", "Value"), rows)


def _said(item: Any) -> Any:
    """A setting without the keys below it that are left open."""
    if not isinstance(item, Mapping):
        return item
    return {key: _said(inner) for key, inner in item.items() if inner is not None}


def _sensitivity(plan: Plan) -> list[str]:
    shared = plan["shared"]
    names = ", ".join(code(name) for name in shared["sensitive"])
    lines = ["Sensitivity to what the missing outcomes were:", "", *_settings(shared, "sensitivity")]
    return [
        *lines,
        f"Made for: {names or 'no analysis, since each leaves units without an outcome out'}.",
        "",
    ]


def _named(primary: Plan) -> list[str]:
    asked, modifiers, policy = primary["estimates"], primary["modifiers"], primary["policy"]
    rows = [("groups by a rule", value(_said(asked["rules"])))] if asked["rules"] else []
    for words, items in (
        ("slopes of the projection", asked["projection"]),
        ("effects drawn along", asked["displays"]),
        ("effect modifiers", modifiers["named"] or asked["displays"] or asked["projection"]),
        ("pairs of modifiers", modifiers["pairs"]),
    ):
        rows += [(words, value(items))] if items else []
    rows += [("rules of treatment", value(_said(policy["rules"])))] if policy.get("rules") else []
    return table(("What", "Named"), rows) or ["None.", ""]


def _others(plan: Plan) -> list[str]:
    primary = plan["analyses"][PRIMARY]
    rows = []
    for name, own in plan["analyses"].items():
        if name != PRIMARY:
            changed = [
                f"{code(section)}: {value(_other(primary[section], item))}"
                for section, item in own.items()
                if item != primary[section]
            ]
            rows.append((code(name), text(plan["labels"].get(name, name)), "; ".join(changed) or NONE))
    return table(("Analysis", "Label", "Differs from the primary analysis in"), rows) or ["None.", ""]


def _other(primary: Any, own: Any) -> Any:
    if not isinstance(own, Mapping):
        return own
    return {key: item for key, item in own.items() if item != primary[key]}


def _appraisals(plan: Plan, primary: Plan) -> Iterator[str]:
    yield from ("## Appraisals", "")
    for name in APPRAISALS:
        analyses = plan["shared"]["appraised"].get(name, [])
        if name == "evidence" and analyses and not any(test["stage"] == name for test in plan["tests"]):
            yield f"{_WHAT[name]}: none, since they are made of complete cases and forests trained in deployment mode."
            yield ""
        elif analyses:
            yield f"{_WHAT.get(name, name)}, for {', '.join(code(one) for one in analyses)}:"
            yield ""
            yield from _settings(primary, name)


def _tests(plan: Plan) -> list[str]:
    rows: dict[tuple[str, str, str], list[str]] = {}
    for test in plan["tests"]:
        words = said(test["stage"], test["test"])
        rows.setdefault((words, test["stage"], test["plan"]), []).append(test["analysis"])
    cells = [
        (text(words), text(stage), text(plan_), ", ".join(code(one) for one in names if one) or NONE)
        for (words, stage, plan_), names in rows.items()
    ]
    return table(("Test that will carry a p-value", "Stage", "Status", "Analyses"), cells)


def _software(plan: Plan) -> list[str]:
    rows = [(code("seed"), value(plan["shared"]["seed"])), (code("folds"), value(plan["shared"]["folds"]))]
    rows += [(code(f"data.{key}"), value(item)) for key, item in plan["data"].items()]
    rows += [("columns of the data file", str(len(plan["columns"]) - len(plan["derived"])))]
    rows += [("SHA-256 of the data file", code(plan.get("data_sha256", "")))]
    return table(("What", "Value"), [*rows, ("hetflow", code(plan["hetflow"]))])
