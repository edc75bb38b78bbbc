"""What the page says of stability."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hetflow.report.inputs import ReportInputs
from hetflow.report.page import build_report
from hetflow.report.stability import ranking_sentence
from report_fixture import report_inputs
from report_fixture_stability import SECTION, stability_inputs


def with_stability(enough: bool = False, several: bool = True) -> ReportInputs:
    inputs = report_inputs()
    own = replace(inputs.analyses["primary"], appraisals={"stability": stability_inputs(enough, several)})
    methods = inputs.settings["methods"]
    own_methods = methods | {"primary": methods["primary"] | {"stability": SECTION}}
    settings = {**inputs.settings, "methods": own_methods}
    return replace(inputs, settings=settings, analyses={**inputs.analyses, "primary": own})


def page_text(inputs: ReportInputs) -> str:
    return build_report(inputs).html.replace("\u00a0", " ").replace("\u202f", " ")


def test_the_section_says_what_was_done_and_what_would_move() -> None:
    text = page_text(with_stability())
    assert "gone through again 4 times" in text
    assert "with 2 further draws of the folds" in text
    assert "other settings (leaves of three)" in text
    assert "the average effect by some 14 % of its standard error" in text  # root of .001 + .02
    assert "by more than some 17 % (ranking (AUTOC, out of bag)), which exceeds the 10 %" in text
    assert "the average effect by some 35 % (24 % to 60 %) of its standard error" in text  # root of .12
    assert "most of all the ranking (AUTOC, out of bag), by 56 %" in text  # root of .31


def test_the_advice_names_the_keys_and_what_stays() -> None:
    text = page_text(with_stability())
    assert "forest.trees: 9000 and missingness.imputations: 40 should be enough" in text
    assert "it and the forests are made anew" in text
    fewer = page_text(with_stability(several=False))
    assert "forest.trees: 9000 should be enough" in fewer
    assert "Trees that are there stay as they are" in fewer


def test_enough_needs_no_advice() -> None:
    text = page_text(with_stability(enough=True))
    assert "should be enough" not in text
    assert "which is within the 10 %" in text


def test_table_and_figure_are_there_and_go_out_as_tables() -> None:
    report = build_report(with_stability())
    assert "12 % (6.0 % to 36 %)" in report.html.replace("\u202f", " ").replace("\u00a0", " ")
    assert "stability" in report.figures
    assert {"stability_components", "stability_refits", "figure_stability"} <= set(report.tables)
    assert set(report.tables["figure_stability"]["source"]) == {"folds", "tuning"}
    assert build_report(with_stability()).figures == report.figures


@pytest.mark.parametrize("inputs", [report_inputs()])
def test_without_the_appraisal_there_is_no_section(inputs: ReportInputs) -> None:
    assert 'id="stability"' not in build_report(inputs).html


def first_page(inputs: ReportInputs) -> str:
    return ranking_sentence(inputs).replace("\u00a0", " ").replace("\u202f", " ")


def test_the_first_page_claims_of_what_was_looked_at_and_with_its_interval() -> None:
    """An estimate from a few runs is no upper bound, and what was not varied is not spoken of."""
    inputs = with_stability()
    assert first_page(inputs) == (
        "Of another seed of the forests, other imputations, another draw of the folds and other forest settings, "
        "another draw of the folds moves this ranking most: it would add some 31 % (95 % interval 16 % to 93 %) to the "
        "sampling variance of the ranking (AUTOC, out of bag)."
    )
    assert first_page(inputs) in page_text(inputs)
    own = stability_inputs()
    table = own.tables["components"]
    tuned = own.tables | {
        "components": table.assign(share=table["share"].where(table["source"] != "tuning", 9.0))
    }
    primary = replace(inputs.analyses["primary"], appraisals={"stability": replace(own, tables=tuned)})
    several = replace(inputs, analyses={**inputs.analyses, "primary": primary})
    assert "other forest settings move this ranking most: they would add" in first_page(several)
    few = replace(
        own, tables={**own.tables, "components": table[table["source"].isin(["seed", "monte_carlo"])]}
    )
    primary = replace(inputs.analyses["primary"], appraisals={"stability": few})
    assert first_page(replace(inputs, analyses={**inputs.analyses, "primary": primary})) == (
        "Another seed of the forests would add some 2.0 % (95 % interval 1.0 % to 6.0 %) to the sampling variance "
        "of the ranking (AUTOC, out of bag)."
    )


def test_the_first_page_says_that_few_refits_cannot_tell() -> None:
    inputs, own = with_stability(), stability_inputs()
    wide = own.tables["components"].assign(share_upper=1.88)
    vague = replace(own, tables={**own.tables, "components": wide})
    primary = replace(inputs.analyses["primary"], appraisals={"stability": vague})
    said = first_page(replace(inputs, analyses={**inputs.analyses, "primary": primary}))
    assert "(95 % interval 16 % to 188 %; so few refits cannot say more)" in said
