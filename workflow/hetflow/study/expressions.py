"""Expressions over columns: ``V5.PD.avg - BL.PD.avg``, ``Use.Tob == 'Yes' and Age >= 18``.

Missing values propagate through arithmetic and comparisons; ``and``, ``or`` and ``not`` follow Kleene's logic
(an unknown that cannot change the answer does not make it unknown). What has no value (division by zero, the
logarithm of a number that is not positive) is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.errors import close_names
from hetflow.study.grammar import COMPARISONS, parse
from hetflow.study.nodes import Call, Expression, ExpressionError, Membership, Name, Number, Operation, Text

__all__ = ["Expression", "ExpressionError", "condition", "evaluate", "names", "parse", "parts"]

NUMBER, TEXT, CONDITION, UNKNOWN = "a number", "text", "a condition", "nothing but missing values"


@dataclass(frozen=True, slots=True)
class _Values:
    """Values of a node for every row; text is an object array with None, all else float64 with NaN."""

    type: str
    array: NDArray[Any]


def names(expression: Expression) -> set[str]:
    """Columns that an expression reads."""
    if isinstance(expression, Name):
        return {expression.name}
    return set().union(*(names(part) for part in parts(expression)))


def parts(expression: Expression) -> tuple[Expression, ...]:
    """The expressions within an expression, one level down."""
    if isinstance(expression, Operation):
        return expression.operands
    if isinstance(expression, Call):
        return expression.arguments
    return (expression.operand,) if isinstance(expression, Membership) else ()


def evaluate(expression: Expression, frame: pd.DataFrame) -> pd.Series:
    """The value of an expression in every row.

    Parameters
    ----------
    expression : Expression
        From `parse`.
    frame : DataFrame, shape (n, ...)
        Columns that hold numbers (missing: NaN), or text (missing: None or NaN).

    Returns
    -------
    Series, shape (n,)
        float64 with NaN for numbers; 1, 0 or NaN for conditions; object with None for text. Index of `frame`.

    Raises
    ------
    ExpressionError
        If a column is absent, or text and numbers are mixed.
    """
    return pd.Series(_evaluate(expression, frame).array, index=frame.index)


def condition(expression: Expression, frame: pd.DataFrame) -> pd.Series:
    """As `evaluate`, for an expression that must be true (1), false (0) or unknown (NaN)."""
    values = _evaluate(expression, frame)
    if values.type not in (CONDITION, UNKNOWN):
        raise ExpressionError(
            expression.position, "a condition, for instance `Age >= 18` or `Sex == 'F'`", values.type
        )
    return pd.Series(values.array.astype(np.float64), index=frame.index)


def _evaluate(node: Expression, frame: pd.DataFrame) -> _Values:
    if isinstance(node, Number):
        return _Values(NUMBER, np.full(len(frame), node.value))
    if isinstance(node, Text):
        return _Values(TEXT, np.full(len(frame), node.value, dtype=object))
    if isinstance(node, Name):
        return _column(node, frame)
    if isinstance(node, Membership):
        return _membership(node, frame)
    if isinstance(node, Call):
        return _call(node, frame)
    return _operation(node, frame)


def _column(node: Name, frame: pd.DataFrame) -> _Values:
    if node.name not in frame.columns:
        close = close_names(node.name, [str(name) for name in frame.columns], most=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ExpressionError(node.position, "a column of the data", repr(node.name) + hint)
    series = frame[node.name]
    if pd.api.types.is_bool_dtype(series.dtype):
        return _Values(CONDITION, series.to_numpy(dtype=np.float64, na_value=np.nan))
    if pd.api.types.is_numeric_dtype(series.dtype):
        return _Values(NUMBER, series.to_numpy(dtype=np.float64, na_value=np.nan))
    missing = series.isna().to_numpy()
    if missing.all():
        return _Values(UNKNOWN, np.full(len(frame), np.nan))
    text = series.astype(object).to_numpy(copy=True)
    wrong = next((value for value in text[~missing] if not isinstance(value, str)), None)
    if wrong is not None:
        raise ExpressionError(node.position, f"numbers or text in {node.name}", f"{wrong!r}")
    text[missing] = None
    return _Values(TEXT, text)


def _numbers(node: Expression, frame: pd.DataFrame, use: str) -> NDArray[np.float64]:
    """Values that take part in arithmetic; a condition counts 1 or 0."""
    values = _evaluate(node, frame)
    if values.type == TEXT:
        raise ExpressionError(node.position, f"a number for {use}", f"{_said(node)}, which is text")
    return values.array


def _conditions(node: Expression, frame: pd.DataFrame, use: str) -> NDArray[np.float64]:
    values = _evaluate(node, frame)
    if values.type in (TEXT, NUMBER):
        found = f"{_said(node)}, which is {values.type}; compare it first"
        raise ExpressionError(node.position, f"a condition beside `{use}`", found)
    return values.array


def _said(node: Expression) -> str:
    """A node in the user's words."""
    if isinstance(node, Name):
        return node.name
    if isinstance(node, (Number, Text)):
        return repr(node.value)
    return f"the part at character {node.position + 1}"


def _operation(node: Operation, frame: pd.DataFrame) -> _Values:
    if node.operator in COMPARISONS:
        return _comparison(node, frame)
    if node.operator in ("and", "or", "not"):
        return _Values(CONDITION, _kleene(node, frame))
    arrays = [_numbers(part, frame, f"`{node.operator}`") for part in node.operands]
    with np.errstate(all="ignore"):
        if node.operator == "negative":
            result = -arrays[0]
        elif node.operator == "positive":
            result = +arrays[0]
        else:
            result = _ARITHMETIC[node.operator](*arrays)
    return _Values(NUMBER, _finite(result))


_ARITHMETIC: dict[str, Callable[..., NDArray[np.float64]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """What has no value, or is beyond the largest number, is missing."""
    return np.where(np.isfinite(values), values, np.nan)


def _kleene(node: Operation, frame: pd.DataFrame) -> NDArray[np.float64]:
    """Kleene's strong logic: with 0 < unknown < 1, ``and`` is the minimum and ``or`` the maximum."""
    ranks = [_conditions(part, frame, node.operator) for part in node.operands]
    ranks = [np.where(np.isnan(rank), 0.5, rank) for rank in ranks]
    if node.operator == "not":
        result = 1.0 - ranks[0]
    else:
        result = np.minimum(*ranks) if node.operator == "and" else np.maximum(*ranks)
    return np.where(result == 0.5, np.nan, result)


def _comparison(node: Operation, frame: pd.DataFrame) -> _Values:
    left, right = (_evaluate(part, frame) for part in node.operands)
    missing = _is_missing(left) | _is_missing(right)
    if UNKNOWN in (left.type, right.type):
        return _Values(CONDITION, np.full(len(frame), np.nan))
    if (left.type == TEXT) != (right.type == TEXT):
        _refuse_mixed(node, left, right)
    if left.type == TEXT and node.operator not in ("==", "!="):
        expected = "`==` or `!=` between texts, which have no order"
        raise ExpressionError(node.position, expected, f"`{node.operator}`")
    result = _COMPARE[node.operator](left.array, right.array).astype(np.float64)
    return _Values(CONDITION, np.where(missing, np.nan, result))


_COMPARE: dict[str, Callable[[Any, Any], NDArray[Any]]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _refuse_mixed(node: Operation, left: _Values, right: _Values) -> NoReturn:
    first, second = (_said(part) for part in node.operands)
    remedy = "put the value in quotes" if left.type == TEXT else "remove the quotes or compare with text"
    raise ExpressionError(
        node.position,
        "numbers compared with numbers, or text with text",
        f"{first}, which is {left.type}, and {second}, which is {right.type}; {remedy}",
    )


def _is_missing(values: _Values) -> NDArray[np.bool_]:
    if values.type == TEXT:
        return np.array([value is None for value in values.array], dtype=bool)
    return np.isnan(values.array)


def _membership(node: Membership, frame: pd.DataFrame) -> _Values:
    values = _evaluate(node.operand, frame)
    if values.type == UNKNOWN:
        return _Values(CONDITION, np.full(len(frame), np.nan))
    if (values.type == TEXT) != isinstance(node.values[0], Text):
        kind = "texts in quotes" if values.type == TEXT else "numbers"
        found = f"{_said(node.operand)}, which is {values.type}"
        raise ExpressionError(node.position, f"a list of {kind}", found)
    wanted = {value.value for value in node.values}
    result = np.array([value in wanted for value in values.array], dtype=np.float64)
    return _Values(CONDITION, np.where(_is_missing(values), np.nan, result))


def _call(node: Call, frame: pd.DataFrame) -> _Values:
    if node.function == "missing":
        return _Values(CONDITION, _is_missing(_evaluate(node.arguments[0], frame)).astype(np.float64))
    arrays = [_numbers(part, frame, f"`{node.function}`") for part in node.arguments]
    with np.errstate(all="ignore"):
        if node.function in ("min", "max"):
            ufunc = np.minimum if node.function == "min" else np.maximum
            result = ufunc.reduce(np.stack(arrays))
        else:
            result = _FUNCTIONS[node.function](arrays[0])
    return _Values(NUMBER, _finite(result))


_FUNCTIONS: dict[str, Callable[..., NDArray[np.float64]]] = {
    "log": np.log,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "abs": np.abs,
}
