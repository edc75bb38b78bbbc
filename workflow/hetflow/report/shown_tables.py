"""The tables of the page by name, and those that may leave the study."""

from __future__ import annotations

import pandas as pd

from hetflow.report import (
    observation,
    pooled,
    sensitivity_tables,
    tables,
    tables_compared,
    tables_routes,
    tarmos,
)
from hetflow.report.drawn_missing import masks_of
from hetflow.report.estimand import estimand_table
from hetflow.report.figures import panels
from hetflow.report.frames_baseline import baseline_tables
from hetflow.report.frames_cohort import flow_table, with_outcome
from hetflow.report.frames_mechanism import mechanism_table
from hetflow.report.frames_missing import missing_table
from hetflow.report.frames_structure import design_table
from hetflow.report.inputs import ReportInputs
from hetflow.report.notices import other_notices
from hetflow.report.tables import Table
from hetflow.report.words import Words


def all_tables(
    inputs: ReportInputs, own: dict[str, Words]
) -> tuple[dict[str, Table], dict[str, pd.DataFrame]]:
    """Tables for the page by name, and tables for export by name."""
    first, minimum = own[inputs.primary], inputs.minimum
    columns = inputs.cohort["columns"]
    estimates, primary = inputs.estimates, inputs.primary
    shown = [
        estimand_table(inputs, first),
        tables.average_table(estimates, primary, first),
        tables.heterogeneity_table(estimates, primary, first),
        tables.groups_table(estimates, primary, first, minimum),
        tables.projection_table(estimates, primary, first),
        tables_compared.nuisance_table(inputs.analyses[primary].nuisance),
        *observation.observation_tables(first, inputs.analyses[primary].nuisance, minimum),
        pooled.imputations_table(pooled.pooled_rows(estimates, primary), first),
        other_notices(inputs),
    ]
    exported: dict[str, pd.DataFrame] = {}
    if len(inputs.flow):
        flow = with_outcome(inputs.flow, observation.outcomes_left_out(inputs), inputs.outcome)
        table, exported["flow"] = flow_table(flow, first, minimum)
        shown.append(table)
    if len(inputs.baseline):
        made, exported["baseline"] = baseline_tables(
            inputs.baseline, _leading(inputs), first, minimum, inputs.covered
        )
        shown += made
    if len(inputs.variables):
        table, exported["missing"] = missing_table(inputs.variables, columns, first, minimum, inputs.covered)
        shown.append(table)
    if len(inputs.structure_tables.get("rules", ())):
        table, exported["design"] = design_table(inputs.structure_tables["rules"], columns, first, minimum)
        shown.append(table)
    masks = masks_of(inputs, first, minimum)
    if len(masks):
        shown.append(mechanism_table(masks, first))
        exported["mechanism"] = masks
    shown += sensitivity_tables.shown_tables(inputs, own)
    exported |= sensitivity_tables.exported(inputs)
    names = {name: inputs.label(name) for name in own}
    compared = tables_compared.analyses_frame(estimates, names, own)
    if len(compared) > 1:
        shown.append(tables_compared.analyses_table(compared, panels(own), first))
    exported["analyses"] = compared
    if inputs.missingness.get("missing_cells"):
        routes, exported["routes_spread"] = _routes(inputs, compared, first)
        exported["routes"] = routes
        shown.append(tables_routes.routes_table(routes, exported["routes_spread"], first))
        shown.append(tarmos.tarmos_table(inputs, first, pooled.pooled_rows(estimates, primary)))
    exported["estimates"] = tables_compared.releasable(estimates, minimum)
    return {table.name: table for table in shown}, exported


def _routes(inputs: ReportInputs, compared: pd.DataFrame, own: Words) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Routes for missing covariates, and how far they differ."""
    routes = tables_routes.routes_frame(compared, inputs.settings["methods"], own.randomised)
    return routes, tables_routes.spread_frame(routes)


def _leading(inputs: ReportInputs) -> set[str]:
    """Covariates that the study names: in strata, projection, rules or displays."""
    asked = inputs.methods["estimates"]
    rules = [rule["covariate"] for rule in asked["rules"].values()]
    return {*inputs.settings["design"]["strata"], *asked["projection"], *rules, *asked.get("displays", [])}
