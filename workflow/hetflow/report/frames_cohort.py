"""What the participants' figures and tables show, made from the tables of the cohort stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.disclosure import protect, shown, small
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words


def flow_steps(flow: pd.DataFrame, words: Words, minimum: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Boxes of the participant flow.

    Parameters
    ----------
    flow : DataFrame
        label, total, treated, control, excluded, unknown: units left after each step, the file as read first.
    minimum : int
        Fewer left out are shown as ``<10``. Of the boxes above only what that leaves possible is told: rounded, they
        would narrow it, for those at the end are told exactly.

    Returns
    -------
    steps : DataFrame
        label, count, excluded (texts): how many are left out between this box and the next.
    arms : DataFrame
        label, count (texts).
    """
    lost = [int(value) for value in flow["excluded"].iloc[1:]]
    unknown = [int(value) for value in flow["unknown"].iloc[1:]]
    steps = []
    for place, label in enumerate(flow["label"]):
        low, high = _possible(int(flow["total"].iloc[-1]), lost[place:], minimum)
        count = f"n = {fmt.count(low)}" if low == high else f"{fmt.count(low)} to {fmt.count(high)}"
        gone = _left_out(lost[place], unknown[place], minimum) if place < len(lost) else ""
        steps.append({"label": str(label), "count": count, "excluded": gone})
    last = flow.iloc[-1]
    counts = protect([int(last["treated"]), int(last["control"])], minimum)
    arms = [
        {"label": name, "count": f"n = {text}"}
        for name, text in zip((words.treated, words.control), counts, strict=True)
    ]
    return pd.DataFrame(steps), pd.DataFrame(arms)


def _possible(end: int, lost: list[int], minimum: int) -> tuple[int, int]:
    """Fewest and most units of a box, by those at the end and by how many left in between, as it is told."""
    few = sum(small(value, minimum) for value in lost)
    known = end + sum(value for value in lost if not small(value, minimum))
    return known + few, known + few * (minimum - 1)


def _left_out(lost: int, unknown: int, minimum: int) -> str:
    if not lost:
        return ""
    cannot = unknown and not small(unknown, minimum) and not small(lost - unknown, minimum)
    apart = f"\n({fmt.count(unknown)} as it cannot be told)" if cannot else ""
    return f"{shown(lost, minimum)} left out{apart}"


def flow_table(flow: pd.DataFrame, words: Words, minimum: int) -> tuple[Table, pd.DataFrame]:
    """The flow as a table, for the page and for export."""
    steps, arms = flow_steps(flow, words, minimum)
    frame = steps.assign(count=[text.removeprefix("n = ") for text in steps["count"]])
    frame["excluded"] = [text.replace("\n", " ") for text in frame["excluded"]]
    ends = pd.DataFrame(
        {
            "label": arms["label"],
            "count": [text.removeprefix("n = ") for text in arms["count"]],
            "excluded": "",
        }
    )
    frame = pd.concat([frame, ends], ignore_index=True)
    inset = [0] * len(steps) + [1] * len(arms)
    rows = zip(frame.itertuples(index=False, name=None), inset, strict=True)
    body = tuple(Cell(tuple(str(text) for text in texts), level) for texts, level in rows)
    head = ("Step", "Participants", "Before the next step")
    return Table("flow", "Participant flow, as a table", head, body, folded=True, ordered=True), frame


def with_outcome(flow: pd.DataFrame, outcomes: Mapping[str, Mapping[str, Any]], outcome: str) -> pd.DataFrame:
    """The flow with those whose outcome was observed as its last step, where some were not."""
    facts = outcomes.get(outcome)
    if facts is None or flow.empty or facts.get("by_arm") is False:  # the public form may not tell
        return flow
    seen = {arm: int(facts[f"observed_{arm}"]) for arm in ("treated", "control")}
    lost = sum(int(facts[f"missing_{arm}"]) for arm in ("treated", "control"))
    if not lost:
        return flow
    last = {
        "step": len(flow),
        "label": "Outcome observed",
        "total": sum(seen.values()),
        **seen,
        "excluded": lost,
        "unknown": 0,
    }
    return pd.concat([flow, pd.DataFrame([last])], ignore_index=True)


def overlap_frames(
    nuisance: Mapping[str, Any], words: Words, minimum: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Histogram of the propensity and balance of the covariates.

    Returns
    -------
    histogram : DataFrame
        low, high, treated, control; counts that are too small are null. Empty where the propensity is the
        design's.
    balance : DataFrame
        covariate, label, before, and the weighted differences where the propensity was estimated; the
        largest first.
    """
    overlap = nuisance.get("overlap", {})
    designed = nuisance.get("propensity", {}).get("learner") == "design"
    histogram = pd.DataFrame(overlap.get("histogram", []), columns=["low", "high", "treated", "control"])
    for arm in ("treated", "control"):
        histogram[arm] = histogram[arm].astype(float).where(histogram[arm] >= minimum)
    balance = pd.DataFrame(
        overlap.get("balance", []), columns=["covariate", "before", "inverse_probability", "overlap"]
    )
    if designed:
        histogram = histogram.iloc[:0]
        balance = balance.drop(columns=["inverse_probability", "overlap"])
    balance.insert(1, "label", [words.covariate(name) for name in balance["covariate"]])
    balance = balance.astype(dict.fromkeys(balance.columns[2:], float)).dropna(subset=["before"])
    balance = balance.round(dict.fromkeys(balance.columns[2:], 2))  # finer, they would tell small counts
    order = balance["before"].abs().sort_values(ascending=False, kind="stable").index
    return histogram.reset_index(drop=True), balance.loc[order].reset_index(drop=True)
