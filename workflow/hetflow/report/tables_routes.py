"""Routes for missing covariates side by side: what each answers, what it rests on, and how far they differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.tables import Cell, Table
from hetflow.report.tables_compared import quantity_text
from hetflow.report.words import Words, opening
from hetflow.study.routes import COMPLETE, ESTIMANDS, MEASURED, ROUTES, SEEN

QUANTITIES = (("ATE", "Average effect"), ("AUTOC", "AUTOC"), ("gap", "Gap, greatest to least"))
_REFERS = {
    MEASURED: "if covariates were measured",
    SEEN: "as patients are seen",
    COMPLETE: "as patients are seen, of covariates without gaps only",
}
_TRAINED = "forest trained on inference mode, experimental"
_FREE = ("engine", "training", "permutations", "permutation_trees", "permutation_imputations", "max_features")
"""Keys of the forest in which two routes may differ: an engine may be needed to take missing values."""


def routes_frame(
    compared: pd.DataFrame, methods: Mapping[str, Mapping[str, Any]], randomised: bool
) -> pd.DataFrame:
    """One row a route: analyses that differ from the primary in nothing but how missing covariates are handled.

    Parameters
    ----------
    compared : DataFrame
        From `hetflow.report.tables_compared.analyses_frame`, the primary first.
    methods : mapping
        Analysis to its sections.
    randomised : bool

    Returns
    -------
    DataFrame
        The columns of `compared`; ``strategy``, ``training``; ``answers_<estimand>`` (what it refers to, empty where it
        does not answer) and ``rests_on``.
    """
    primary = str(compared["analysis"].iloc[0])
    kept = compared[[_rest(methods[name]) == _rest(methods[primary]) for name in compared["analysis"]]]
    rows = []
    for record in kept.to_dict("records"):
        own = methods[record["analysis"]]
        route = ROUTES[own["missingness"]["strategy"]]
        answers = {f"answers_{name}": _REFERS.get(route.answers.get(name, ""), "") for name in ESTIMANDS}
        facts = {"strategy": route.name, "training": own["forest"].get("training", "deployment")}
        rows.append(record | facts | answers | {"rests_on": route.rests_on(randomised)})
    return pd.DataFrame(rows)


def _rest(methods: Mapping[str, Any]) -> dict[str, Any]:
    """What two routes must share."""
    forest = {key: value for key, value in methods["forest"].items() if key not in _FREE}
    return {key: value for key, value in methods.items() if key not in ("missingness", "forest")} | {
        "forest": forest
    }


def spread_frame(routes: pd.DataFrame) -> pd.DataFrame:
    """How far the routes lie apart.

    Returns
    -------
    DataFrame
        A row for each quantity that two routes or more estimate: ``quantity``, ``routes``, ``smallest``, ``largest``,
        ``spread`` and ``in_standard_errors`` (of the primary analysis; null where it has none).
    """
    rows = []
    for key, _ in QUANTITIES:
        values = routes[f"{key}_estimate"].dropna()
        if len(values) < 2:
            continue
        spread, se = float(values.max() - values.min()), routes[f"{key}_se"].iloc[0]
        share = spread / float(se) if fmt.known(se) and se > 0 else float("nan")
        rows.append(
            {
                "quantity": key,
                "routes": len(values),
                "smallest": float(values.min()),
                "largest": float(values.max()),
                "spread": spread,
                "in_standard_errors": share,
            }
        )
    columns = ["quantity", "routes", "smallest", "largest", "spread", "in_standard_errors"]
    return pd.DataFrame(rows, columns=columns)


def routes_table(routes: pd.DataFrame, spread: pd.DataFrame, words: Words) -> Table:
    """The routes as the page shows them."""
    rows = [_row(record) for record in routes.to_dict("records")]
    by_key = spread.set_index("quantity").to_dict("index")
    if by_key:
        cells = [_spread_text(by_key.get(key), words) for key, _ in QUANTITIES]
        rows.append(Cell(("Largest minus smallest", "", "", *cells)))
    head = ("Route", "Answers", "Rests on", *(f"{title}{words.in_unit}" for _, title in QUANTITIES))
    note = (
        f"In brackets {words.level}\u00a0intervals; of AUTOC a lower bound. Largest minus smallest is also given in "
        "standard errors (SE) of the first route. Routes share most of their data, so that they differ by less than "
        "independent estimates would."
    )
    return Table("routes", "Routes for missing covariates", head, tuple(rows), (0, 1, 2), note)


def _row(record: Mapping[Any, Any]) -> Cell:
    title = ROUTES[record["strategy"]].title
    if record["training"] != "deployment":
        title += f"; {_TRAINED}"
    texts = [quantity_text(record, key) for key, _ in QUANTITIES]
    label = str(record["label"])
    named = opening(title) if title.startswith(label.lower()) else f"{label}: {title}"
    return Cell((named, _answers(record), record["rests_on"], *texts))


def _answers(record: Mapping[Any, Any]) -> str:
    """Questions by what their answers refer to."""
    grouped: dict[str, list[str]] = {}
    for name, words in ESTIMANDS.items():
        if record[f"answers_{name}"]:
            grouped.setdefault(record[f"answers_{name}"], []).append(words)
    return "; ".join(f"{', '.join(questions)}: {refers}" for refers, questions in grouped.items())


def _spread_text(row: Mapping[Any, Any] | None, words: Words) -> str:
    if row is None:
        return ""
    share = row["in_standard_errors"]
    shown = fmt.number(row["spread"], fmt.decimals(row["spread"] / 2))
    return f"{shown} ({fmt.number(share, 1)} SE)" if fmt.known(share) else shown
