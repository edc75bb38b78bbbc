"""What the page says of other learners of the effect: whether they would find the same."""

from __future__ import annotations

from typing import Any

import pandas as pd

from hetflow.effects.learners import CONSTANT, FOREST, STACK
from hetflow.report import formats as fmt
from hetflow.report.captions import Caption
from hetflow.report.disclosure import enough
from hetflow.report.drawn import Drawn, Shown
from hetflow.report.figures_learners import learners_figure
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words, listed

NAME = "learners"
LABELS = {
    CONSTANT: "One effect for all",
    FOREST: "Forest",
    "linear": "Linear",
    "s": "S-learner",
    "t": "T-learner",
    "x": "X-learner",
    "r": "R-learner",
    "dr": "DR-learner",
    "bcf": "Bayesian forest",
    STACK: "Stack",
}
_MEANS = {
    "linear": "linear effect, ridge penalty, on the residuals of outcome and treatment",
    "s": "one model with the arm and its products among the covariates",
    "t": "a model in each arm",
    "x": "each arm's outcomes against the other arm's model",
    "r": "residuals of outcome on those of treatment",
    "dr": "doubly robust scores on covariates",
    "bcf": "Bayesian causal forest",
}
INTRODUCTION = (
    "The causal forest is one way to predict who gains. Others were fitted to the same participants, folds, nuisances "
    "and covariates, and judged where they had not learnt: by a loss whose differences estimate differences of the "
    "mean squared error of the predicted effect, by calibration, and by the ranking of each fold by what the folds "
    "before it taught. These are descriptions: none is a test, and the best of several looks better than it is."
)


def parts(inputs: ReportInputs, words: Words, minimum: int) -> list[tuple[str, Any]]:
    """Parts of the section, none where no learner was asked for."""
    own = _own(inputs, minimum)
    if own is None:
        return []
    texts = [INTRODUCTION, answer(own, words), stack_text(own), *own.facts["notices"]]
    tail = [("figure", NAME), ("table", NAME)]
    return [*(("text", text) for text in texts if text), *tail]


def shown(inputs: ReportInputs, words: Words, minimum: int) -> Shown:
    """Table, figure and what of it may leave the study."""
    own = _own(inputs, minimum)
    if own is None:
        return Shown()
    gains = _gains(own)
    agreement = own.tables["agreement"].replace({"first": LABELS, "second": LABELS})
    caption = _caption(gains, agreement, words)
    svg = learners_figure(gains, agreement, caption.title, caption.alternative)
    return Shown(
        [comparison_table(own, words)],
        {NAME: Drawn(svg, caption, gains)},
        {
            "learners": own.tables["comparison"],
            "learners_agreement": own.tables["agreement"],
            "learners_weights": own.tables["weights"],
        },
    )


def answer(own: AppraisalInputs, words: Words) -> str:
    """Whether other learners see variation, and whether they rank participants alike."""
    gains = _gains(own)
    better = list(gains.loc[gains["lower"] > 0, "label"])
    worse = list(gains.loc[gains["upper"] < 0, "label"])
    said = _sentence(better, worse, len(gains) - len(better) - len(worse), words.level)
    ranks = own.tables["agreement"]
    forest = ranks[(ranks["first"] == FOREST) & (ranks["second"] != STACK)]["rank_correlation"].dropna()
    if not len(forest):
        return said + "."
    reach = fmt.number(forest.min(), 2), fmt.number(forest.max(), 2)
    between = reach[0] if reach[0] == reach[1] else f"{reach[0]} to {reach[1]}"
    return f"{said}. Their rankings of the participants correlate with the forest's by {between}."


def stack_text(own: AppraisalInputs) -> str:
    """What the stack is made of and whether it helped."""
    gain = _row(own, STACK, "DR_loss_gain", FOREST)
    if gain is None:
        return ""
    weights = own.facts["stack_weights"]
    used = sorted((name for name in weights if weights[name] >= 0.05), key=lambda name: -weights[name])
    made = listed([f"{LABELS[name]} {fmt.percent(weights[name])}" for name in used])
    if gain["lower"] > 0:
        said = "has a smaller loss than the forest"
    elif gain["upper"] < 0:
        said = "has a larger loss than the forest"
    else:
        said = "cannot be told from the forest by its loss"
    return f"Stacked by the other folds' R-loss ({made}), the effect {said}."


def comparison_table(own: AppraisalInputs, words: Words) -> Table:
    """One row a learner."""
    rows = []
    for name in own.facts["learners"]:
        if name == CONSTANT:
            continue
        rows.append(
            Cell(
                (
                    LABELS[name],
                    _share(own, name, CONSTANT),
                    _share(own, name, FOREST),
                    _estimate(_row(own, name, "calibration_slope")),
                    _estimate(_row(own, name, "sequential_AUTOC"), words.factor),
                    _estimate(_row(own, name, "group_difference"), words.factor),
                    fmt.number(own.facts["spread"][name] * words.factor, 2),
                )
            )
        )
    head = (
        "Learner",
        f"Loss saved against one effect for all, % ({words.level}\u00a0CI)",
        "Against the forest, %",
        "Calibration slope",
        f"Sequential AUTOC{words.after_comma}",
        f"Effect in those who gain most less least{words.after_comma}",
        f"SD of effects{words.after_comma}",
    )
    asked = [name for name in own.facts["learners"] if name in _MEANS]
    note = (
        "; ".join(f"{LABELS[name]}: {_MEANS[name]}" for name in asked)
        + f".{_based(asked, own.facts['base'])} Loss: squared distance of the "
        "doubly robust score from the predicted effect, out of fold, in per cent of that of one effect for all, most "
        "of which is noise that no prediction removes. Intervals of the loss take the fitted learners as given and are "
        "somewhat short: in simulated trials 95 % intervals held the truth in 87 % where the effect did not vary, none "
        "of them in favour of a learner, and in 93 % where it did. Calibration slopes of out-of-fold effects lie too "
        "low where the effect does not vary. AUTOC and groups: each fold ranked by "
        "learners of the folds before it. No p-values."
    )
    return Table(NAME, "Learners of the effect compared, out of fold", head, tuple(rows), (0,), note)


def _own(inputs: ReportInputs, minimum: int) -> AppraisalInputs | None:
    """The primary analysis' appraisal, unless there is none or it rests on too few units."""
    own = inputs.appraisal(NAME)
    if own is None or own.facts["units"] < minimum:
        return None
    kept = {**own.tables, "comparison": enough(own.tables["comparison"], "n", minimum)}
    return AppraisalInputs(kept, own.facts)


def _gains(own: AppraisalInputs) -> pd.DataFrame:
    """DR-loss saved against the constant effect, per cent of it: ``learner, label, estimate, lower, upper, n``."""
    table = own.tables["comparison"]
    rows = table[(table["measure"] == "DR_loss_gain") & (table["reference"] == CONSTANT)]
    scale = 100 / _level(own)
    values = {key: rows[key].to_numpy() * scale for key in ("estimate", "lower", "upper")}
    labels = [LABELS[name] for name in rows["learner"]]
    return pd.DataFrame(
        {"learner": rows["learner"].to_numpy(), "label": labels} | values | {"n": rows["n"].to_numpy()}
    )


def _level(own: AppraisalInputs) -> float:
    row = _row(own, CONSTANT, "DR_loss")
    return float("nan") if row is None else float(row["estimate"])


def _row(own: AppraisalInputs, learner: str, measure: str, reference: str = "") -> dict[str, Any] | None:
    table = own.tables["comparison"]
    chosen = table[(table["learner"] == learner) & (table["measure"] == measure)]
    if reference:
        chosen = chosen[chosen["reference"] == reference]
    return None if not len(chosen) else dict(chosen.iloc[0])


def _share(own: AppraisalInputs, learner: str, reference: str) -> str:
    row = _row(own, learner, "DR_loss_gain", reference)
    return fmt.NONE if row is None else _estimate(row, 100 / _level(own))


def _estimate(row: dict[str, Any] | None, factor: float = 1.0) -> str:
    if row is None:
        return fmt.NONE
    return fmt.estimate(
        row["estimate"] * factor, row["lower"] * factor, row["upper"] * factor, row["se"] * factor
    )


def _number(count: int, one: str, many: str) -> str:
    return f"{count or 'none'} {one if count == 1 else many}"


def _based(asked: list[str], base: str) -> str:
    """What the learners that need one are made of."""
    made = [LABELS[name] for name in asked if name in ("s", "t", "x", "r", "dr")]
    return f" Base learner of the {listed(made)}: {base}." if made else ""


def _sentence(better: list[str], worse: list[str], neither: int, level: str) -> str:
    """How many learners predict better than one effect for all."""
    total = len(better) + len(worse) + neither
    if len(better) == total:
        return f"All {total} ways to predict the effect have a smaller loss than one effect for all"
    named = f" ({listed(better)})" if better else ""
    said = (
        f"Of {total} ways to predict the effect, {_number(len(better), 'has', 'have')} a smaller loss than "
    )
    said += f"one effect for all{named}"
    if worse:
        said += f", {_number(len(worse), 'has', 'have')} a larger one ({listed(worse)})"
    return said + (f", and for {neither} the {level} interval includes no difference" if neither else "")


def _caption(gains: pd.DataFrame, agreement: pd.DataFrame, words: Words) -> Caption:
    told = "; ".join(f"{row['label']} {fmt.number(row['estimate'], 1)} %" for row in gains.to_dict("records"))
    ranks = agreement["rank_correlation"].dropna()
    between = (
        f" Rank correlations from {fmt.number(ranks.min(), 2)} to {fmt.number(ranks.max(), 2)}."
        if len(ranks)
        else ""
    )
    return Caption(
        "Other learners of the effect beside the forest",
        "Above: loss of the predicted effect saved against one effect for all, in per cent, with "
        f"{words.level} intervals; to the right of the line the learner predicts better. Below: rank correlations of "
        "the effects predicted out of fold.",
        f"Dot plot of the loss saved by each learner: {told}.{between}",
    )
