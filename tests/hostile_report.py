"""Inputs of the report in which every word that a user may choose is hostile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hetflow.report.inputs import AnalysisInputs, ReportInputs
from report_fixture import columns, estimates, flow, report_inputs, settings

HOSTILE = "<script>alert(1)</script>{{7*7}}$x^2$&\"'\x00"


def hostile_inputs(word: str) -> ReportInputs:
    """All that the report reads, with one hostile word wherever a study may say something."""
    base = report_inputs(title=word)
    text = dict(settings(title=word))
    text["estimand"] = dict.fromkeys(text["estimand"], word)
    text["treatment"] = text["treatment"] | {"treated_label": word, "control_label": word}
    text["outcomes"] = {"pd_reduction": text["outcomes"]["pd_reduction"] | {"label": word, "unit": word}}
    text["labels"] = dict.fromkeys(text["labels"], word)
    author = {"name": word, "orcid": None, "affiliation": word}
    text["report"] = {"summary": word, "citation": word, "authors": [author], "licence": word}
    known = [
        column | {"label": word, "unit": word, "block": column["block"] and word} for column in columns()
    ]
    table = estimates()
    table.loc[table["estimand"] == "rule_groups", "group"] = word
    shown = base.analyses["primary"].displays.assign(label=word, unit=word, level=word, x=np.nan)
    primary = replace(base.analyses["primary"], displays=shown, notices=(word,))
    return replace(
        base,
        settings=text,
        cohort={
            **base.cohort,
            "columns": known,
            "notices": [word],
            "source": {"file": word, "sha256": word},
        },
        flow=flow().assign(label=word),
        baseline=base.baseline.assign(label=word, unit=word),
        estimates=table,
        analyses={"primary": primary, "indicator": AnalysisInputs()},
        versions={word: word},
    )
