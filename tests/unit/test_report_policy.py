"""The page's part on policies: what is said, what is shown, what is hidden."""

from __future__ import annotations

from dataclasses import replace
from html import unescape

import pandas as pd
import pytest
from hetflow.effects.policy.appraise import Appraised
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from hetflow.report.page import build_report
from hetflow.report.policy import parts, shown
from hetflow.report.policy_numbers import hidden, shown_curves
from hetflow.report.policy_tables import condition, ranking_table, trees_table
from hetflow.report.policy_text import policy_texts
from hetflow.report.printed import Number
from hetflow.report.words import words
from report_fixture import report_inputs
from report_fixture_policy import appraised

MINIMUM = 10
KNOWN = {
    "age": {"name": "age", "kind": "continuous", "label": "Age", "unit": "years", "levels": None},
    "sex": {"name": "sex", "kind": "binary", "label": "Sex", "unit": "", "levels": ["female", "male"]},
    "grade": {"name": "grade", "kind": "ordinal", "label": "Grade", "unit": "", "levels": ["I", "II", "III"]},
    "site": {"name": "site", "kind": "nominal", "label": "Site", "unit": "", "levels": ["A", "B"]},
}


def inputs(found: Appraised) -> ReportInputs:
    """The report's fixture with the appraisal in it."""
    whole = report_inputs()
    own = replace(
        whole.analyses["primary"], appraisals={"policy": AppraisalInputs(found.tables, found.facts)}
    )
    return replace(whole, analyses={**whole.analyses, "primary": own})


def test_the_section_is_on_the_page_with_figure_and_tables() -> None:
    report = build_report(inputs(appraised(budget=0.4, harm=True, exchange_rate=0.5)))
    page = unescape(report.html)
    for text in ("What would a rule gain?", "Rules learnt from all participants", "Benefit against harm"):
        assert text in page
    assert "0.000000" not in page  # choosing at random, compared with choosing at random, has no interval
    assert "policy" in report.figures
    assert {"policy_ranking", "policy_values", "policy_trees", "policy_harms", "figure_policy"} <= set(
        report.tables
    )


def test_rankings_without_p_values_speak_of_no_test() -> None:
    ranking = appraised().tables["ranking"]
    assert ranking["p"].notna().any()
    for table, told in ((ranking, True), (ranking.assign(p=float("nan")), False)):
        note = ranking_table(table, {}, words(report_inputs().settings, [], "primary")).note
        assert ("two-sided test" in note) == ("p-values" in note) == told
        assert note.endswith(".")


def test_a_study_without_the_appraisal_has_no_such_section() -> None:
    assert "What would a rule gain?" not in build_report(report_inputs()).html


def test_what_was_left_out_is_said_where_nothing_was_done() -> None:
    whole = inputs(appraised(imputed=True))
    own = words(whole.settings, whole.cohort["columns"], "primary")
    assert shown(whole, own, MINIMUM).tables == []
    texts = [text for kind, text in parts(whole, own, MINIMUM) if kind == "text"]
    assert len(texts) == 1
    assert "imputed outcomes" in texts[0]


def _texts(found: Appraised) -> str:
    whole = inputs(found)
    own = words(whole.settings, whole.cohort["columns"], "primary")
    return " ".join(policy_texts(found.tables["values"], found.tables["ranking"], found.facts, own, MINIMUM))


def test_a_rule_that_gains_is_said_to_gain_and_one_that_may_not_is_not() -> None:
    found = appraised(slope=0.8)
    table = found.tables["values"]
    strong = table["quantity"].eq("over_all") & table["policy"].eq("effect_above_cost")
    assert table.loc[strong, "lower"].iloc[0] > 0
    assert "more than treating everybody" in _texts(found)
    table.loc[strong, ["lower", "upper"]] = [-0.1, 0.5]
    others = table["quantity"].eq("over_all") & ~strong
    table.loc[others, ["lower", "upper"]] = [-0.1, 0.5]
    text = _texts(found)
    assert "more than treating everybody" not in text
    assert "does not show that choosing gains or loses" in text


def test_treating_everybody_is_told_of_those_judged_with_the_average_effect_of_all_beside_it() -> None:
    """Else the section could show a gain where the first page shows none, and not say of whom it speaks."""
    found = appraised(slope=0.8)
    whole = inputs(found)
    own = words(whole.settings, whole.cohort["columns"], "primary")
    tables = found.tables["values"], found.tables["ranking"], found.facts, own, MINIMUM
    values = found.tables["values"]
    values.loc[values["policy"].eq("all") & values["quantity"].eq("value"), ["lower", "upper"]] = [0.1, 0.5]
    first = Number(0.1, -0.2, 0.4, 0.15)
    text = " ".join(policy_texts(*tables, first)).replace("\u00a0", " ")
    assert f"Among the {found.facts['judged']} participants on whom rules are judged" in text
    assert "not the answer to whether the treatment helps on average" in text
    assert f"the benefit is {first.shown(own.unit, own.level)}".replace("\u00a0", " ") in text
    alike = " ".join(policy_texts(*tables, Number(0.3, 0.2, 0.4, 0.05)))
    assert "Averaged over all participants" in alike
    assert "not the answer" not in alike


def test_policies_that_leave_out_a_few_are_not_shown() -> None:
    found = appraised()
    table = found.tables["values"]
    own = table["policy"].eq("effect_above_cost") & table["quantity"].eq("share")
    table.loc[own, "estimate"] = 1 - 4 / table["n"]
    assert hidden(table, MINIMUM) == {"effect_above_cost"}
    whole = inputs(found)
    words_ = words(whole.settings, whole.cohort["columns"], "primary")
    made = shown(whole, words_, MINIMUM)
    assert "effect_above_cost" not in set(made.exported["policy_values"]["policy"])
    cells = next(t for t in made.tables if t.name == "policy_values").rows
    assert [row.cells[1] for row in cells if row.cells[0].startswith("Predicted benefit")] == ["not shown"]
    assert "is not shown" in _texts(found)


def test_curve_points_of_a_few_are_not_drawn() -> None:
    curves = pd.DataFrame({"q": [0.1, 0.5, 0.95, 1.0], "n": [5, 25, 48, 50]})
    curves = curves.assign(estimate=1.0, se=1.0, lower=0.0, upper=2.0)
    assert shown_curves(curves, MINIMUM, 50, 1.0)["q"].tolist() == [0.5, 1.0]


@pytest.mark.parametrize(
    ("column", "side", "cut", "text"),
    [
        ("age", "above", 30.5, "Age >\u00a030.5\u00a0years"),
        ("sex", "below", 0.5, "Sex: female"),
        ("grade", "above", 0.5, "Grade: II or III"),
        ("site=A", "below", 0.5, "Site other than A"),
        ("site=A", "above", 0.5, "Site is A"),
        ("age__applies", "below", 0.5, "“Age” does not apply"),
    ],
)
def test_conditions_in_words(column: str, side: str, cut: float, text: str) -> None:
    assert condition(column, side, cut, KNOWN) == text


def test_leaves_of_a_tree_are_all_its_participants_and_one_covariate_is_said_once() -> None:
    nodes = [
        (0, -1, "", "age", 40.0, False, 100),
        (1, 0, "below", "age", 30.0, False, 60),
        (2, 0, "above", "", float("nan"), True, 40),
        (3, 1, "below", "", float("nan"), False, 35),
        (4, 1, "above", "", float("nan"), True, 25),
    ]
    head = ["node", "parent", "side", "column", "cut", "treat", "n"]
    frame = pd.DataFrame(nodes, columns=head).assign(tree="tree_2", fold=0)
    facts = {"smallest_leaf": 20, "budget": 1.0}
    rows = [row.cells for row in trees_table(frame, list(KNOWN.values()), facts).rows if not row.heading]
    assert sum(int(row[2]) for row in rows) == 100
    assert rows[1][0] == "Age ≤\u00a030\u00a0years"
    assert rows[2][0] == "Age ≤\u00a040\u00a0years and Age >\u00a030\u00a0years"
