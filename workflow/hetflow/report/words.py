"""The study's own words: names of arms, outcome, covariates, and the unit in which effects are printed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hetflow.report import formats as fmt

_SINGULAR = {
    "years": "year",
    "months": "month",
    "weeks": "week",
    "days": "day",
    "hours": "hour",
    "minutes": "minute",
}
_PARTS = {2: "half", 3: "third", 4: "quarter", 5: "fifth", 10: "tenth"}


@dataclass(frozen=True, slots=True)
class Words:
    """How the page calls things.

    Attributes
    ----------
    outcome, unit : str
        Label of the outcome, and unit of an effect on it.
    factor : float
        By which an effect is multiplied before it is printed: 100 for a risk difference, printed in
        percentage points.
    better : str
        ``higher`` or ``lower``.
    treated, control : str
        Names of the arms.
    randomised : bool
    confidence : float
        Level of the intervals.
    labels : dict of str to str
        Names of covariates.
    steps : dict of str to str
        What a difference of one means, by covariate: ``one mm more``, ``Yes against No``.
    rules : dict of str to str
        Name of the covariate of each rule that makes groups.
    everybody : str
        Over whom the analysis averages.
    """

    outcome: str
    unit: str
    factor: float
    better: str
    treated: str
    control: str
    randomised: bool
    confidence: float
    labels: Mapping[str, str]
    steps: Mapping[str, str]
    rules: Mapping[str, str]
    everybody: str = "all eligible participants"

    @property
    def sign(self) -> int:
        """+1 where higher is better, -1 where lower is: turns an effect into a benefit."""
        return 1 if self.better == "higher" else -1

    @property
    def level(self) -> str:
        """The confidence level as text."""
        return fmt.level(self.confidence)

    @property
    def effect_axis(self) -> str:
        """What an axis of effects shows."""
        return f"Treated minus control{self.after_comma} ({self.better} is better)"

    @property
    def after_comma(self) -> str:
        """The unit after a comma, or nothing."""
        return f", {self.unit}" if self.unit else ""

    @property
    def in_unit(self) -> str:
        """The unit in brackets, or nothing."""
        return f" ({self.unit})" if self.unit else ""

    def covariate(self, name: str) -> str:
        """Label of a covariate, or of a term like ``Clinic=NY`` or ``BMI__applies``."""
        if name in self.labels:
            return self.labels[name]
        base, equals, level = name.partition("=")
        if equals and base in self.labels:
            return f"{self.labels[base]}: {level}"
        for ending, text in (("__applies", "applies"), ("__missing", "missing")):
            if name.endswith(ending):
                return f"{self.covariate(name.removesuffix(ending))}: {text}"
        return name

    def step(self, term: str) -> str:
        """What a difference of one means for a term of a projection."""
        base, equals, _ = term.partition("=")
        if equals and base in self.labels:
            return self.steps.get(base, "")
        return self.steps.get(
            term, "yes against no" if term.endswith(("__applies", "__missing")) else "one more"
        )

    def more_of(self, term: str) -> str:
        """A term as it stands in a sentence: ``higher “Age”``, ``“Tobacco use” (Yes against No)``."""
        step = self.step(term)
        return (
            f"higher “{self.covariate(term)}”"
            if step.startswith("one ")
            else f"“{self.covariate(term)}” ({step})"
        )

    def rule(self, name: str) -> str:
        """Heading of the groups made by a rule."""
        return f"By {self.rules[name]}" if name in self.rules else f"By rule: {name}"


def words(settings: Mapping[str, Any], columns: Sequence[Mapping[str, Any]], analysis: str) -> Words:
    """The words of one analysis.

    Parameters
    ----------
    settings : mapping
        ``settings/report.json``.
    columns : list of mapping
        The cohort's columns.
    """
    methods = settings["methods"][analysis]
    outcome = settings["outcomes"][methods.get("outcome") or settings["outcome"]]
    binary = outcome["kind"] == "binary"
    labels = {column["name"]: column.get("label") or column["name"] for column in columns}
    return Words(
        outcome=outcome["label"],
        unit="percentage points" if binary else outcome.get("unit") or "",
        factor=100.0 if binary else 1.0,
        better=outcome["better"],
        treated=settings["treatment"]["treated_label"],
        control=settings["treatment"]["control_label"],
        randomised=settings["design"]["kind"] == "randomised",
        confidence=float(methods["estimates"]["confidence"]),
        labels=labels,
        steps={column["name"]: _step(column) for column in columns},
        rules={
            name: labels.get(rule["covariate"], rule["covariate"]) + _unit(columns, rule["covariate"])
            for name, rule in methods["estimates"]["rules"].items()
        },
        everybody=_everybody(methods),
    )


def _everybody(methods: Mapping[str, Any]) -> str:
    """Over whom an analysis averages: whom its handling of missing values keeps."""
    kept = []
    if methods["missingness"]["strategy"] == "complete_case":
        kept.append("all covariates measured")
    if methods.get("missing_outcome", {}).get("strategy", "complete_case") == "complete_case":
        kept.append("an observed outcome")
    return "all eligible participants" + (
        f" with {listed(kept)}" if kept else ", those without an outcome included"
    )


def _step(column: Mapping[str, Any]) -> str:
    levels = column.get("levels") or []
    if column["kind"] == "binary" and len(levels) == 2:
        return f"{levels[1]} against {levels[0]}"
    if column["kind"] == "nominal":
        return f"against {levels[0]}" if levels else ""
    unit = column.get("unit") or ""
    return (
        f"one {_SINGULAR.get(unit, unit)} more"
        if unit
        else "one more"
        if column["kind"] != "ordinal"
        else "one level more"
    )


def _unit(columns: Sequence[Mapping[str, Any]], name: str) -> str:
    found = next((column for column in columns if column["name"] == name), None)
    if found is None or not found.get("unit") or says_unit(str(found.get("label") or name), found["unit"]):
        return ""
    return f" ({found['unit']})"


def says_unit(label: str, unit: str) -> bool:
    """Whether a label ends with its unit, as the column `Weight (kg)` does."""
    return re.search(rf"(?<!\w){re.escape(unit)}[)\]]?$", label) is not None


def with_unit(label: str, unit: str | None) -> str:
    """A covariate with its unit, once."""
    return f"{label}, {unit}" if unit and not says_unit(label, unit) else label


def opening(label: str) -> str:
    """A label at the head of a sentence."""
    return label[:1].upper() + label[1:]


def part(groups: int) -> str:
    """``quarter`` of four groups; ``group`` where there is no word."""
    return _PARTS.get(groups, "group")


def listed(items: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""
