"""What an amputation is asked to do, checked, with value scores and target rates worked out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from hetflow.errors import refuse
from hetflow.missingness.mask_scores import BoolArray, FloatArray, numeric, shaped, standardise
from hetflow.missingness.taxonomy import Mechanism
from hetflow.seeds import generator


@dataclass(frozen=True, slots=True)
class Strengths:
    """How strong a mechanism is.

    Attributes
    ----------
    values : float
        Log odds of missingness per standard deviation of the value score.
    shape : {"linear", "tails", "step"}
        How missingness follows the value score: see `hetflow.missingness.mask_scores.shaped`.
    block_correlation : float
        WS-B: correlation of the latent normals of two columns of a block, in [0, 1).
    chain_log_odds : float
        WS-S: log odds ratio of a column's missingness between units that do and do not miss the one before.
    """

    values: float = 1.5
    shape: str = "linear"
    block_correlation: float = 0.8
    chain_log_odds: float = 3.0


@dataclass(frozen=True, slots=True)
class Influences:
    """What missingness depends on beside covariates; the log odds add to the value score's.

    Attributes
    ----------
    arm : ndarray, shape (n,), optional
        0 or 1.
    arm_log_odds : float
        Treated against control.
    outcome : ndarray, shape (n,), optional
    outcome_log_odds : float
        Per standard deviation of the outcome.
    arm_by_outcome_log_odds : float
        Per standard deviation of the outcome, among the treated only, in addition.
    group : Series or ndarray, shape (n,), optional
    group_log_odds : mapping
        Group to log odds; groups that are not named get 0.
    group_rates : mapping
        Group to target rate. All groups must then be named, and the overall rate is not read.
    """

    arm: FloatArray | None = None
    arm_log_odds: float = 0.0
    outcome: FloatArray | None = None
    outcome_log_odds: float = 0.0
    arm_by_outcome_log_odds: float = 0.0
    group: pd.Series | np.ndarray | None = None
    group_log_odds: Mapping[object, float] = field(default_factory=dict)
    group_rates: Mapping[object, float] = field(default_factory=dict)

    def log_odds(self, n: int) -> FloatArray:
        """What they add to every column's score, shape (n,)."""
        total = np.zeros(n)
        arm = None if self.arm is None else np.asarray(self.arm, dtype=np.float64)
        outcome = None if self.outcome is None else standardise(np.asarray(self.outcome, dtype=np.float64))
        if arm is not None:
            total += self.arm_log_odds * arm
        if outcome is not None:
            total += self.outcome_log_odds * outcome
        if arm is not None and outcome is not None:
            total += self.arm_by_outcome_log_odds * arm * outcome
        for group, log_odds in self.group_log_odds.items():
            total += log_odds * (np.asarray(self.group) == group)
        return total


@dataclass(frozen=True, slots=True)
class Task:
    """One amputation.

    Attributes
    ----------
    frame : DataFrame, shape (n, p)
    mechanism : Mechanism
    seed : int
    drivers : list of str
    blocks : list of lists of str
    strengths : Strengths
    added : ndarray, shape (n,)
        Log odds by arm, outcome and group.
    strata : list of ndarray of bool, shape (n,)
        Units that share target rates; together all units.
    rates : dict
        Column to its target in each stratum.
    exists : dict
        Column to ndarray of bool, shape (n,).
    """

    frame: pd.DataFrame
    mechanism: Mechanism
    seed: int
    drivers: list[str]
    blocks: list[list[str]]
    strengths: Strengths
    added: FloatArray
    strata: list[BoolArray]
    rates: dict[str, list[float]]
    exists: dict[str, BoolArray]

    def stream(self, *item: str) -> np.random.Generator:
        """Random stream of one purpose."""
        return generator(self.seed, "amputate", *item)

    def normal(self, *item: str) -> FloatArray:
        """Standard normal, one draw a unit."""
        return self.stream(*item).standard_normal(len(self.frame))

    def values(self, name: str) -> FloatArray:
        """A column as standardised numbers."""
        return numeric(self.frame[name], self.stream("levels", name))

    def direction(self, name: str) -> FloatArray:
        """Weights of the drivers, of length 1 and not negative in sum, shape (drivers,)."""
        weights = self.stream("direction", name).standard_normal(len(self.drivers))
        return np.asarray(np.copysign(1.0, weights.sum()) * weights / np.linalg.norm(weights))

    def linear_predictor(self, name: str, hides: Sequence[str]) -> FloatArray:
        """Log odds of missingness up to a constant, shape (n,).

        Parameters
        ----------
        name : str
            Column or first column of a block, whose direction is taken under MAR.
        hides : sequence of str
            Columns that the mask hides, read under MNAR.
        """
        if self.mechanism.values == "MCAR":
            return self.added
        if self.mechanism.values == "MAR":
            score = np.column_stack([self.values(driver) for driver in self.drivers]) @ self.direction(name)
        else:
            score = np.mean([self.values(hidden) for hidden in hides], axis=0)
        return self.strengths.values * shaped(standardise(score), self.strengths.shape) + self.added


def make_task(
    frame: pd.DataFrame,
    columns: list[str],
    mechanism: Mechanism,
    seed: int,
    rate: float | Mapping[str, float],
    drivers: Sequence[str] | None,
    blocks: Sequence[Sequence[str]] | None,
    strengths: Strengths,
    influences: Influences,
    exists: pd.DataFrame | None,
) -> Task:
    """Check what `amputate` was given and work out targets; parameters as there."""
    others = (
        [str(name) for name in frame.columns if name not in columns] if drivers is None else list(drivers)
    )
    divided = [list(columns)] if blocks is None else [list(block) for block in blocks]
    present = {name: np.ones(len(frame), dtype=bool) for name in columns}
    if exists is not None:
        present |= {str(name): exists[name].to_numpy(dtype=bool) for name in exists}
    read = others if mechanism.values == "MAR" else []
    if mechanism.values == "MAR" and not others:
        refuse("drivers", "an observed column on which masks can depend", "none", "name one, or choose MCAR")
    _check_columns(frame, columns, read, present)
    if sorted(name for block in divided for name in block) != sorted(columns):
        refuse("blocks", f"every one of {', '.join(columns)} once", f"{divided}", "correct the blocks")
    strata, overall = _strata(len(frame), rate, influences)
    rates = {
        name: [target_rate(level, block, place, mechanism) for level in overall]
        for block in divided
        for place, name in enumerate(block)
    }
    _check_rates(rates, divided, mechanism)
    added = influences.log_odds(len(frame))
    return Task(frame, mechanism, seed, others, divided, strengths, added, strata, rates, present)


def _strata(
    n: int, rate: float | Mapping[str, float], influences: Influences
) -> tuple[list[BoolArray], list[float | Mapping[str, float]]]:
    """Units that share target rates, and these rates."""
    if not influences.group_rates:
        return [np.ones(n, dtype=bool)], [rate]
    group = np.asarray(influences.group)
    unknown = set(np.unique(group).tolist()) - set(influences.group_rates)
    if unknown:
        refuse("group_rates", "a rate for every group", f"none for {sorted(map(str, unknown))}", "add them")
    return [group == level for level in influences.group_rates], list(influences.group_rates.values())


def target_rate(
    rate: float | Mapping[str, float], block: Sequence[str], place: int, mechanism: Mechanism
) -> float:
    """Target of the column at `place` of its block; a single rate is spread out under SS-S."""
    if isinstance(rate, Mapping):
        return float(rate[block[place]])
    if mechanism.structure == "SS-S":
        return 2 * rate * (place + 1) / (len(block) + 1)
    return float(rate)


def _check_columns(
    frame: pd.DataFrame, columns: list[str], drivers: list[str], present: dict[str, BoolArray]
) -> None:
    unknown = [name for name in (*columns, *drivers, *present) if name not in frame.columns]
    if unknown or not columns:
        refuse("columns", "columns of the data", f"{unknown or 'none'}", "correct the names")
    if len(set(columns)) < len(columns) or set(columns) & set(drivers):
        refuse("columns", "each column once, and none that is a driver", f"{columns}", "correct the names")
    if set(present) - set(columns):
        refuse("exists", f"columns among {columns}", f"{sorted(set(present) - set(columns))}", "correct it")
    gaps = [name for name in (*columns, *drivers) if (frame[name].isna() & present.get(name, True)).any()]
    if gaps:
        refuse("frame", "complete data", f"gaps in {', '.join(gaps)}", "complete these columns first")


def _check_rates(rates: dict[str, list[float]], blocks: list[list[str]], mechanism: Mechanism) -> None:
    wrong = {name: value for name, value in rates.items() if not all(0 < r < 1 for r in value)}
    if wrong:
        refuse("rate", "rates strictly between 0 and 1 in every column", f"{wrong}", "choose other rates")
    for block in blocks:
        if mechanism.structure == "SS-B" and len({tuple(rates[name]) for name in block}) > 1:
            refuse(
                "rate", f"one rate for the block {', '.join(block)}", "several", "a block has a single mask"
            )
