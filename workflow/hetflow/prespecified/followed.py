"""What a finished run says of its plan: whether it was followed, and every deviation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from hetflow.prespecified.agreement import Deviation, deviations
from hetflow.prespecified.changes import ABSENT, NOT_OUTCOME, PRIMARY_OUTCOME, of_test
from hetflow.prespecified.planned_tests import key
from hetflow.prespecified.store import Frozen

NO_PLAN, FOLLOWED, AMENDED, DEVIATED = "no plan", "followed", "followed as amended", "deviated"
"""States: no plan was frozen; nothing deviates; every deviation is covered by an amendment; some are not."""
COLUMNS = ("key", "analyses", "planned", "done", "amendment", "touches")


def followed(
    frozen: Frozen | None, now: Mapping[str, Any], ledger: pd.DataFrame
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Whether a run followed its plan.

    Parameters
    ----------
    frozen : Frozen, optional
        None where no plan was frozen.
    now : mapping
        Content of the plan as the run was done (`hetflow.prespecified.content`).
    ledger : DataFrame
        Every p-value of the run (`hetflow.report.ledger`).

    Returns
    -------
    facts : dict
        ``state`` (`NO_PLAN`, `FOLLOWED`, `AMENDED`, `DEVIATED`); where a plan is frozen also when, its digests, its
        amendments, ``outcomes_read_before``, ``hashed`` (whether it names the data file), numbers of deviations in all,
        not covered (``uncovered``), and of these by whose outcome they touch (``primary``, ``other``); ``tests`` made
        and ``unplanned``: tests that neither the plan nor an amendment names, as [analysis, stage, test].
    table : DataFrame
        One row a deviation: `COLUMNS`; ``amendment`` is the number of the one that covers it, 0 where none does.
    """
    if frozen is None:
        return {"state": NO_PLAN}, pd.DataFrame(columns=list(COLUMNS)).astype({"amendment": "int64"})
    found = [*deviations(frozen, now), *_unnamed(frozen, now, ledger)]
    rows = [
        (
            one.change.key,
            ", ".join(one.change.analyses),
            one.change.was,
            one.change.now,
            one.amendment,
            one.change.touches,
        )
        for one in found
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"amendment": "int64"})
    uncovered = table[table["amendment"] == 0]
    planned = {key(test) for test in frozen.latest["tests"]}
    unplanned = {key(row): row for row in ledger.to_dict("records") if key(row) not in planned}
    first, last = frozen.documents[0], frozen.documents[-1]
    facts = {
        "state": _state(len(table), len(uncovered)),
        "date": first["frozen"]["date"],
        "outcomes_read_before": first["frozen"]["outcomes_read_before"],
        "sha256": first["sha256"],
        "document_sha256": first["document_sha256"],
        "last_sha256": last["sha256"],
        "hashed": "data_sha256" in first["content"],
        "amendments": [
            {name: one[name] for name in ("date", "reason", "sha256")} for one in frozen.amendments
        ],
        "deviations": len(table),
        "uncovered": len(uncovered),
        "primary": int((uncovered["touches"] == PRIMARY_OUTCOME).sum()),
        "other": int((~uncovered["touches"].isin([PRIMARY_OUTCOME, NOT_OUTCOME])).sum()),
        "tests": len(ledger),
        "unplanned": [
            [str(row[name]) for name in ("analysis", "stage", "test")] for row in unplanned.values()
        ],
    }
    return facts, table


def _state(deviating: int, uncovered: int) -> str:
    if uncovered:
        return DEVIATED
    return AMENDED if deviating else FOLLOWED


def _unnamed(frozen: Frozen, now: Mapping[str, Any], ledger: pd.DataFrame) -> list[Deviation]:
    """Tests that were made though neither the plan nor the settings of this run name them."""
    named = {key(test) for content in (frozen.original, frozen.latest, now) for test in content["tests"]}
    made = {key(row): row for row in ledger.to_dict("records") if key(row) not in named}
    return [
        Deviation(
            of_test({name: str(row[name]) for name in ("analysis", "stage", "test")}, ABSENT, "made"), 0
        )
        for row in made.values()
    ]
