"""Appraisals in their public form, by what is declared of their tables and facts."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from hetflow.publish import crossed, followed, policy, risk
from hetflow.publish.declarations import appraisals
from hetflow.publish.rules import Public, by_declaration, public_facts
from hetflow.report.inputs import AppraisalInputs

Own = Callable[[pd.DataFrame, Public, str], pd.DataFrame]
#: Rules of single tables, by the name under which a declaration asks for them.
OWN: dict[str, Own] = {
    "treated_shares": policy.treated_shares,
    "published_trees": policy.published_trees,
    "crossed": crossed.crossed,
    "outer_groups": followed.outer_groups,
    "bounded_groups": followed.bounded_groups,
    "of_published_estimates": followed.of_published_estimates,
    "performance": risk.performance,
}
_RISK = "public_risk"


def public_appraisal(where: str, part: str, found: AppraisalInputs, public: Public) -> AppraisalInputs:
    """Tables and facts of an appraisal, as everybody may see them.

    Parameters
    ----------
    where : str
        What to call the appraisal in the account.
    part : str
        Its name (`hetflow.study.appraisals`).
    found : AppraisalInputs
    public : Public
    """
    declared = appraisals.TABLES[part]
    tables = {}
    for name, table in found.tables.items():
        own = declared[name].own
        if own == _RISK:
            continue
        rule = OWN[own] if own else None
        said = f"{where}: {name}"
        tables[name] = (
            rule(table, public, said) if rule else by_declaration(table, declared[name], public, said)
        )
    if part == "risk":
        tables |= risk.public_risk(found.tables, public, where)
    if part == "policy" and "curves" in tables:
        said = f"{where}: curves"
        tables["curves"] = policy.gain_curves(found.tables["curves"], tables["values"], public, said)
    facts = public_facts(found.facts, appraisals.FACTS[part], public, where)
    if part == "policy" and not public.trees:
        facts["trees"] = []
    if "headline" in facts:
        facts["headline"] = followed.published_headlines(facts["headline"], public)
    return AppraisalInputs({name: tables[name] for name in found.tables}, facts)
