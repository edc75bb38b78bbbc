"""The report's inputs of a made-up study in which everything was asked for: every section of the page."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

from hetflow.report.inputs import AppraisalInputs, ReportInputs
from report_fixture_evidence import evidence
from report_fixture_learners import learner_inputs_of_page
from report_fixture_modifiers import cells, displays, facts, importance
from report_fixture_plan import deviations, followed_facts
from report_fixture_policy import appraised
from report_fixture_risk import confounding_appraisal, risk_appraisal
from report_fixture_sensitivity import with_sensitivity
from report_fixture_splits import split_inputs
from report_fixture_stability import SECTION, stability_inputs


def modifiers() -> AppraisalInputs:
    """The appraisal of effect modifiers."""
    return AppraisalInputs({"importance": importance(), "displays": displays(), "cells": cells()}, facts())


def whole_inputs(base: ReportInputs | None = None, smooth: bool = True) -> ReportInputs:
    """Every appraisal, in the primary analysis of the made-up study or of another one.

    Parameters
    ----------
    base : ReportInputs, optional
        What the appraisals are added to; the made-up study.
    smooth : bool
        Whether the stage `modifiers` ran; without it the effect is displayed in bins.
    """
    base = with_sensitivity(True, base=base)
    policy = appraised(budget=0.4, harm=True, exchange_rate=0.5)
    appraisals = {
        "evidence": evidence(),
        "splits": split_inputs(),
        "modifiers": modifiers(),
        "policy": AppraisalInputs(policy.tables, policy.facts),
        "risk": risk_appraisal(external=True),
        "confounding": confounding_appraisal(controls=True, ratio=True),
        "learners": learner_inputs_of_page(),
        "stability": stability_inputs(),
    }
    if not smooth:
        del appraisals["modifiers"]
    settings = deepcopy(dict(base.settings))
    settings["methods"][base.primary]["stability"] = SECTION
    primary = replace(base.analyses[base.primary], appraisals=appraisals)
    return replace(
        base,
        settings=settings,
        analyses={**base.analyses, base.primary: primary},
        plan=followed_facts(),
        deviations=deviations(),
    )
