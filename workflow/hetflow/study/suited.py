"""Analyses that the study names for an appraisal which does not suit them."""

from __future__ import annotations

from collections.abc import Iterator

from hetflow.errors import Problem
from hetflow.study.analyses import resolve
from hetflow.study.appraisals import APPRAISALS
from hetflow.study.model import Study


def suited_problems(study: Study, source: str) -> Iterator[Problem]:
    """One problem for each analysis that was named and cannot be appraised; by default such an analysis is left out."""
    for name, appraisal in APPRAISALS.items():
        section = getattr(study, name)
        asked = section.analyses if "analyses" in section.model_fields_set else []
        for analysis in [one for one in asked if one in study.analyses]:
            try:
                why = appraisal.unsuited(resolve(study, analysis))
            except ValueError:
                continue  # overrides that do not fit are said elsewhere
            if why:
                yield Problem(
                    f"{source}: {name}.analyses",
                    "analyses that it suits",
                    f"{analysis}: {why}",
                    "take it out of the list",
                )
