"""From the raw frame to the cohort: typed, checked, restricted to eligible units of the compared arms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort import checks
from hetflow.cohort.baseline import baseline_table
from hetflow.cohort.columns import columns_to_json
from hetflow.cohort.covariates import Typed, drop_constant, type_covariates
from hetflow.cohort.derive import derive
from hetflow.cohort.dictionary import resolve, suggestion
from hetflow.cohort.eligibility import Selection, identifier_problems, select
from hetflow.cohort.flow import flow_table
from hetflow.cohort.outcomes import type_outcomes
from hetflow.cohort.reasons import counted, outcome_reasons, reasons_table
from hetflow.cohort.source import Source
from hetflow.cohort.structure import structure
from hetflow.cohort.texts import text_problems
from hetflow.errors import Problem, refuse_all

DEFAULT_MINIMUM_ARM = 30
CLUSTERED = (
    "design.cluster: estimates and forests take whole clusters; the effects of single units come with intervals from "
    "the engine histogram, and without from econml, which does not offer them under clusters"
)


@dataclass(frozen=True, slots=True)
class Cohort:
    """The cohort stage's results.

    Attributes
    ----------
    cohort : DataFrame, shape (n, ...)
        unit (row of the raw file, from 0), treated, cluster, weight, stratum, where needed
        probability_level, and the typed columns in alphabetical order.
    outcomes : DataFrame, shape (n, 1 + outcomes)
        unit and one float64 column an outcome, NaN where missing.
    facts : dict
        For ``cohort.json``.
    baseline, flow, reasons : DataFrame
        See `baseline_table`, `flow_table` and `reasons_table`.
    """

    cohort: pd.DataFrame
    outcomes: pd.DataFrame
    facts: dict[str, Any]
    baseline: pd.DataFrame
    flow: pd.DataFrame
    reasons: pd.DataFrame


def ingest(raw: pd.DataFrame, settings: Mapping[str, Any]) -> Cohort:
    """Make the cohort of a study.

    Parameters
    ----------
    raw : DataFrame
        From `hetflow.cohort.readers.read_raw`.
    settings : mapping
        The cohort's slice of the study: data, treatment, design, outcomes, eligibility, derived, dictionary.

    Raises
    ------
    Refused
        With every problem of the names; else with every problem of units and arms; else with every problem
        of the values.
    """
    source = open_source(raw, settings)
    design, treatment = settings["design"], settings["treatment"]
    refuse_all([*identifier_problems(source, settings["data"]["unit"]), *text_problems(source, settings)])
    chosen = select(source, treatment, settings.get("eligibility") or [], design["kind"] == "randomised")
    minimum = design.get("minimum_arm") or settings.get("minimum_arm") or DEFAULT_MINIMUM_ARM
    refuse_all(checks.arm_problems(chosen.treated, int(minimum), arm_labels(treatment)))
    typed = type_covariates(source, chosen.rows)
    outcomes, levels, problems = type_outcomes(source, settings["outcomes"], chosen.rows)
    head, structure_problems = structure(source, design, chosen)
    refuse_all(
        [
            *(typed.problems + problems + structure_problems),
            *checks.missing_problems(typed.frame, typed.columns, chosen.treated),
            *checks.one_arm_problems(typed.frame, typed.columns, chosen.treated, head["cluster"].to_numpy()),
            *checks.outcome_problems(outcomes, chosen.treated),
            *checks.leak_problems(typed.frame, typed.columns, chosen.treated, outcomes),
        ]
    )
    dropped = drop_constant(typed)
    refuse_all(checks.covariate_problems(typed.columns, dropped))
    typed.notices += checks.missing_notices(typed.frame, typed.columns)
    if design.get("cluster"):
        typed.notices.append(CLUSTERED)
    facts = _facts(raw, settings, source, chosen, typed, dropped)
    facts["outcomes"] = _outcome_facts(settings["outcomes"], outcomes, levels, chosen.treated)
    return Cohort(
        cohort=pd.concat([head, _typed_frame(typed)], axis=1),
        outcomes=pd.DataFrame({"unit": chosen.rows.astype(np.int64), **outcomes}),
        facts=facts,
        baseline=_baseline(raw, typed, chosen),
        flow=flow_table(chosen.steps),
        reasons=reasons_table(
            _kept(typed) | outcome_reasons(source, settings["outcomes"], chosen.rows),
            chosen.rows.astype(np.int64),
        ),
    )


def _kept(typed: Typed) -> dict[str, dict[str, NDArray[np.intp]]]:
    """Reasons of the columns that the cohort holds."""
    return {name: reasons for name, reasons in typed.reasons.items() if name in typed.columns}


def open_source(raw: pd.DataFrame, settings: Mapping[str, Any]) -> Source:
    """The file's columns with the resolved dictionary and the derived columns; wrong names are refused."""
    derived = settings.get("derived") or {}
    header = [str(name) for name in raw.columns]
    dictionary = {name: dict(entry) for name, entry in settings["dictionary"].items()}
    unit, column = settings["data"]["unit"], settings["treatment"]["column"]
    problems = _absent(settings, [*header, *derived])
    refuse_all(problems)
    entries = resolve(dictionary, header, derived, {unit: "unit", column: "treatment"})
    source = Source(raw, entries, settings["data"].get("missing_codes") or [])
    derive(source, derived)
    return source


def _absent(settings: Mapping[str, Any], known: list[str]) -> list[Problem]:
    design = settings["design"]
    wanted = {"data.unit": settings["data"]["unit"], "treatment.column": settings["treatment"]["column"]}
    wanted |= {
        f"design.{key}": design[key] for key in ("cluster", "weight", "probability_column") if design.get(key)
    }
    wanted |= {f"design.strata: {name}": name for name in design.get("strata") or []}
    wanted |= {
        f"outcomes: {k}.column": o["column"] for k, o in settings["outcomes"].items() if o.get("column")
    }
    return [
        Problem(key, "a column of the data file", name, suggestion(name, known))
        for key, name in wanted.items()
        if name not in known
    ]


def arm_labels(treatment: Mapping[str, Any]) -> tuple[str, str]:
    """Names of the treated and of the control arm."""
    labels = treatment.get("labels") or {}
    return (
        str(treatment.get("treated_label") or labels.get("treated") or "Treated"),
        str(treatment.get("control_label") or labels.get("control") or "Control"),
    )


def _typed_frame(typed: Typed) -> pd.DataFrame:
    arrays: dict[str, NDArray[Any]] = {}
    for name, column in typed.columns.items():
        arrays[name] = typed.frame[name]
        if column.applies in typed.frame:
            arrays[column.applies] = typed.frame[column.applies]
    return pd.DataFrame({name: pd.Series(array, dtype=array.dtype) for name, array in arrays.items()})


def _baseline(raw: pd.DataFrame, typed: Typed, chosen: Selection) -> pd.DataFrame:
    """The baseline table in the file's order, derived columns last."""
    place = {str(name): number for number, name in enumerate(raw.columns)}
    ordered = sorted(
        typed.columns.values(), key=lambda column: (place.get(column.name, len(place)), column.name)
    )
    return baseline_table(typed.frame, ordered, chosen.treated)


def _facts(
    raw: pd.DataFrame,
    settings: Mapping[str, Any],
    source: Source,
    chosen: Selection,
    typed: Typed,
    dropped: dict[str, str],
) -> dict[str, Any]:
    treatment, labels = settings["treatment"], arm_labels(settings["treatment"])
    arms = {
        arm: {"label": label, "values": list(treatment[arm]), "units": int((chosen.treated == code).sum())}
        for arm, label, code in (("treated", labels[0], 1), ("control", labels[1], 0))
    }
    return {
        "units_read": len(raw),
        "units": len(chosen.rows),
        "arms": arms,
        "design": {key: settings["design"].get(key) for key in ("kind", "strata", "cluster", "weight")},
        "flow": flow_table(chosen.steps).to_dict("records"),
        "columns": columns_to_json(typed.columns.values()),
        "missing_reasons": counted(typed.reasons),
        "dropped": dropped,
        "not_read": sorted(name for name, entry in source.entries.items() if entry.role == "ignore"),
        "notices": typed.notices,
    }


def _outcome_facts(
    settings: Mapping[str, Mapping[str, Any]],
    outcomes: Mapping[str, NDArray[np.float64]],
    levels: Mapping[str, list[str] | None],
    treated: NDArray[np.int8],
) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name, values in outcomes.items():
        observed = np.isfinite(values)
        facts[name] = {
            key: settings[name].get(key)
            for key in ("label", "unit", "kind", "better", "column", "expression")
        }
        facts[name]["levels"] = levels[name]
        for arm, code in (("treated", 1), ("control", 0)):
            facts[name][f"observed_{arm}"] = int(observed[treated == code].sum())
            facts[name][f"missing_{arm}"] = int((~observed)[treated == code].sum())
    return facts
