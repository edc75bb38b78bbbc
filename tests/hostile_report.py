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
    tables = dict(base.structure_tables)
    said = tables["rules"].columns.intersection(["columns", "condition", "declared", "suggestion"])
    tables["rules"] = tables["rules"].assign(**dict.fromkeys(said, word))
    tables["nodes"] = tables["nodes"].assign(columns=[f"{word}{place}" for place in range(5)])
    largest = {"columns": word, "width": 2, "any_missing": 455}
    facts = {**base.structure, "blocks": {"exact": 1, "near": 0, "largest": largest}}
    facts["groups"] = [dict(facts["groups"][0]) | {"by": word, "column": word}]
    facts["contradictions"] = [{"columns": word, "declared": word, "contradictions": 4}]
    depends = dict(base.mechanism_tables)
    depends["labels"] = depends["labels"].assign(columns=[f"{word}{place}" for place in range(5)])
    depends["dropout"] = depends["dropout"].assign(visit=[f"{word}1", f"{word}2"] * 2)
    against = [{"mask": 2, "columns": [word], "difference": 0.05, "p_adjusted": 0.01}]
    return replace(
        base,
        mechanism={**base.mechanism, "contradictions": against, "arm": against},
        mechanism_tables=depends,
        structure=facts,
        structure_tables=tables,
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
