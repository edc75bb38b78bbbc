"""Expressions against anything: never another error, never long, and what is parsed is what was written."""

from __future__ import annotations

import ast
import inspect
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hetflow.errors import Refused
from hetflow.study import expressions, grammar
from hetflow.study.expressions import ExpressionError, condition, evaluate, names, parse
from hetflow.study.grammar import COMPARISONS, FUNCTIONS, KEYWORDS, MOST_CHARACTERS
from hetflow.study.nodes import Call, Expression, Membership, Name, Number, Operation, Text
from hypothesis import given, settings
from hypothesis import strategies as st

ROWS = 7
SLOWEST = 5.0  # seconds for any expression on the frames here, on a busy machine
PIECES = [
    *COMPARISONS,
    *KEYWORDS,
    *FUNCTIONS,
    *"+-*/()[],.`'\"= \n",
    "a",
    "b",
    "`odd name`",
    "1",
    "2.5",
    "9e9",
    "**",
    "==",
]
FRAME = pd.DataFrame(
    {
        "a": [2.0, np.nan, 3.5, 0.0, -1.0, 1e50, -7.25],
        "b": pd.Series(["Yes", "No", None, "", "it's", "1", "`"], dtype=object),
        "odd name": [1.0, 2.0, 3.0, np.nan, 5.0, -0.5, 0.0],
        "empty": pd.Series([None] * ROWS, dtype=object),
    }
)


def refused_plainly(error: ExpressionError, text: str) -> None:
    """A place within the text, and words that a terminal can show."""
    said = str(Refused(error.problems))
    assert 0 <= error.position <= len(text)
    assert all(sign.isprintable() or sign == "\n" for sign in said)
    assert len(said) < 20_000


def tried(text: str, frame: pd.DataFrame = FRAME) -> Expression | None:
    """An expression, evaluated both ways; nothing if it is refused. Any other error goes on."""
    start = time.perf_counter()
    tree = None
    try:
        tree = parse(text)
        assert len(evaluate(tree, frame)) == len(frame)
        condition(tree, frame)
    except ExpressionError as error:
        refused_plainly(error, text)
    assert time.perf_counter() - start < SLOWEST
    return tree


@given(st.text(max_size=MOST_CHARACTERS + 10))
def test_any_text_is_refused_or_parsed(text: str) -> None:
    tried(text)


@given(st.lists(st.sampled_from(PIECES), max_size=40), st.sampled_from(["", " "]))
@settings(max_examples=500)
def test_any_pieces_are_refused_or_parsed(pieces: list[str], between: str) -> None:
    tried(between.join(pieces))


LONG = {
    "a tower of powers": "9**9**9",
    "a tower of products": "*".join(["9e99"] * 390),
    "parentheses": "(" * 1000 + "a" + ")" * 999,
    "signs": "-" * 1999 + "a",
    "negations": "not " * 499 + "a",
    "a sum": "+".join(["a"] * 1000),
    "a conjunction": " and ".join(["1<2"] * 240),
    "a list": f"a in [{','.join(['1'] * 990)}]",
    "calls": "log(" * 495,
    "many arguments": f"max({','.join(['a'] * 990)})",
    "quotation marks": "'" * 2000,
    "doubled quotation marks": "b == '" + "''" * 990 + "'",
    "backticks": "`" * 1999,
    "digits": "9" * 2000,
    "a fraction": "0." + "0" * 1990 + "1",
    "an exponent": "1e" + "9" * 1990,
    "dots": "." * 2000,
    "a name": "a" * 2000,
    "blanks": " " * 1999 + "a",
}


@pytest.mark.parametrize("case", LONG)
def test_nothing_takes_long(case: str) -> None:
    wide = pd.concat([FRAME, pd.DataFrame(1.0, FRAME.index, [f"x{place}" for place in range(3000)])], axis=1)
    tried(LONG[case], wide)


def test_the_language_cannot_run_code() -> None:
    for module in (expressions, grammar):
        calls = [
            node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Call)
        ]
        called = {node.func.id for node in calls if isinstance(node.func, ast.Name)}
        assert not called & {"eval", "exec", "compile", "__import__", "getattr", "open", "globals"}
        assert "pandas.eval" not in inspect.getsource(module)


# A random tree is printed with as few parentheses as the grammar needs, and must come back as it was.
_LEVELS = {"or": 1, "and": 2, "not": 3, **dict.fromkeys(COMPARISONS, 4), "+": 5, "-": 5, "*": 6, "/": 6}
_LEVELS |= {"negative": 7, "positive": 7}


def printed(tree: Expression, least: int = 1) -> str:
    """A tree as text; in parentheses if it binds more loosely than `least`."""
    level, text = _printed(tree)
    return f"({text})" if level < least else text


def _printed(tree: Expression) -> tuple[int, str]:
    if isinstance(tree, Number):
        return 8, repr(tree.value)
    if isinstance(tree, Text):
        return 8, "'" + tree.value.replace("'", "''") + "'"
    if isinstance(tree, Name):
        return 8, "`" + tree.name.replace("`", "``") + "`"
    if isinstance(tree, Call):
        return 8, f"{tree.function}({', '.join(map(printed, tree.arguments))})"
    if isinstance(tree, Membership):
        return 4, f"{printed(tree.operand, 5)} in [{', '.join(_printed(value)[1] for value in tree.values)}]"
    level, sign = _LEVELS[tree.operator], {"negative": "-", "positive": "+"}.get(tree.operator, tree.operator)
    if len(tree.operands) == 1:
        return level, f"{sign} {printed(tree.operands[0], level)}"
    left = 5 if level == 4 else level
    return level, f"{printed(tree.operands[0], left)} {sign} {printed(tree.operands[1], level + 1)}"


_numbers = st.floats(0, 1e50, allow_nan=False).map(Number)
_names = (st.sampled_from(["a", "odd name"]) | st.text(min_size=1, max_size=6)).map(Name)
_texts = st.text(max_size=6).map(Text)


def _more(inner: Any) -> Any:
    two, one = st.tuples(inner, inner), st.tuples(inner)
    lists = st.lists(_numbers, min_size=1, max_size=3) | st.lists(_texts, min_size=1, max_size=3)
    return st.one_of(
        st.builds(Operation, st.sampled_from([*COMPARISONS, "+", "-", "*", "/", "and", "or"]), two),
        st.builds(Operation, st.sampled_from(["not", "negative", "positive"]), one),
        st.builds(Call, st.sampled_from(["log", "log10", "sqrt", "abs", "missing"]), one),
        st.builds(Call, st.sampled_from(["min", "max"]), two),
        st.builds(Membership, inner, lists.map(tuple)),
    )


@given(st.recursive(_numbers | _names | _texts, _more, max_leaves=10))
@settings(max_examples=400)
def test_a_tree_printed_and_parsed_is_the_same_tree(tree: Expression) -> None:
    assert parse(printed(tree)) == tree
    assert names(parse(printed(tree))) == names(tree)


# Numbers against NumPy, all rows at once; conditions and missing values are tried elsewhere, row by row.
_arithmetic = st.recursive(
    st.integers(0, 99).map(lambda value: Number(float(value))) | st.sampled_from(["a", "odd name"]).map(Name),
    lambda inner: st.one_of(
        st.builds(Operation, st.sampled_from(["+", "-", "*", "/"]), st.tuples(inner, inner)),
        st.builds(Operation, st.just("negative"), st.tuples(inner)),
        st.builds(Call, st.sampled_from(["log", "log10", "sqrt", "abs"]), st.tuples(inner)),
        st.builds(Call, st.sampled_from(["min", "max"]), st.tuples(inner, inner)),
    ),
    max_leaves=12,
)


def twin(tree: Any) -> np.ndarray:
    """The value of a tree by NumPy alone; what is not finite is missing at once."""
    if isinstance(tree, Number):
        return np.full(ROWS, tree.value)
    if isinstance(tree, Name):
        return FRAME[tree.name].to_numpy()
    parts = [twin(part) for part in (tree.operands if isinstance(tree, Operation) else tree.arguments)]
    known = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "negative": np.negative}
    known |= {
        "min": np.minimum,
        "max": np.maximum,
        "log": np.log,
        "log10": np.log10,
        "sqrt": np.sqrt,
        "abs": np.abs,
    }
    with np.errstate(all="ignore"):
        found = known[tree.operator if isinstance(tree, Operation) else tree.function](*parts)
    return np.where(np.isfinite(found), found, np.nan)


@given(_arithmetic)
@settings(max_examples=300)
def test_arithmetic_is_numpy_s(tree: Expression) -> None:
    np.testing.assert_array_equal(evaluate(parse(printed(tree)), FRAME).to_numpy(), twin(tree))
