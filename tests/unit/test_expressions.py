"""Expressions over columns against a naive twin that works row by row in plain Python."""

import math

import numpy as np
import pandas as pd
import pytest
from hetflow.errors import Refused
from hetflow.study.expressions import ExpressionError, condition, evaluate, names, parse
from hetflow.study.grammar import MOST_CHARACTERS, MOST_NESTING
from hypothesis import given, settings
from hypothesis import strategies as st

RELATIVE = 1e-12  # numpy's and the C library's logarithms may differ in the last digits

FRAME = pd.DataFrame(
    {
        "V5.PD.avg": [2.0, np.nan, 3.5, 0.0, -1.0],
        "BL.PD.avg": [1.0, 2.0, np.nan, 0.0, 4.0],
        "odd name": [1.0, 2.0, 3.0, np.nan, 5.0],
        "Tobacco": ["Yes", "No", None, "Yes", "it's"],
        "empty": pd.Series([None] * 5, dtype=object),
    }
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("V5.PD.avg - BL.PD.avg", [1, None, None, 0, -5]),
        ("-V5.PD.avg + 2 * 3 - 1", [3, None, 1.5, 5, 6]),
        ("(V5.PD.avg + 1) / BL.PD.avg", [3, None, None, None, 0]),
        ("8 / 4 / 2 - 3 - 1", [-3, -3, -3, -3, -3]),
        ("`odd name` >= 2", [0, 1, 1, None, 1]),
        ("Tobacco == 'Yes'", [1, 0, None, 1, 0]),
        ('Tobacco != "it\'s"', [1, 1, None, 1, 0]),
        ("Tobacco == 'it''s'", [0, 0, None, 0, 1]),
        ("Tobacco in ['Yes', 'No']", [1, 1, None, 1, 0]),
        ("Tobacco not in ['Yes']", [0, 1, None, 0, 1]),
        ("V5.PD.avg in [2, -1]", [1, None, 0, 0, 1]),
        ("missing(V5.PD.avg) or Tobacco == 'No'", [0, 1, None, 0, 0]),
        ("V5.PD.avg > 0 and BL.PD.avg > 0", [1, None, None, 0, 0]),
        ("not V5.PD.avg > 0 and BL.PD.avg > 0", [0, None, 0, 0, 1]),
        ("V5.PD.avg > 1 or BL.PD.avg > 1", [1, 1, 1, 0, 1]),
        ("log(BL.PD.avg)", [0, math.log(2), None, None, math.log(4)]),
        ("sqrt(V5.PD.avg)", [math.sqrt(2), None, math.sqrt(3.5), 0, None]),
        ("max(V5.PD.avg, BL.PD.avg, 1.5)", [2, None, None, 1.5, 4]),
        ("min(V5.PD.avg, 1) + abs(-2)", [3, None, 3, 2, 1]),
        ("log10(100)", [2, 2, 2, 2, 2]),
        ("(V5.PD.avg > 1) + (BL.PD.avg > 1)", [1, None, None, 0, 1]),
        ("missing(empty)", [1, 1, 1, 1, 1]),
        ("empty == 'x' or 1 < 2", [1, 1, 1, 1, 1]),
        ("1e2 + .5 + 1.", [101.5] * 5),
    ],
)
def test_value(text: str, expected: list[float | None]) -> None:
    wanted = pd.Series(expected, dtype=np.float64).to_numpy()
    np.testing.assert_allclose(evaluate(parse(text), FRAME).to_numpy(), wanted, rtol=RELATIVE)


def test_names_of_all_parts() -> None:
    tree = parse("log(a.b) > 1 and c in [1] or not missing(`d e`) and -f < 2")
    assert names(tree) == {"a.b", "c", "d e", "f"}


def test_a_column_may_bear_the_name_of_a_function() -> None:
    assert names(parse("log + max(min, 1)")) == {"log", "min"}


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("", 0, "name"),
        ("a = 1", 2, "=="),
        ("a +", 3, "number"),
        ("a == 'x", 5, "closing '"),
        ("1 < a < 3", 6, "and"),
        ("f(a)", 0, "functions"),
        ("log(a, b)", 0, "one argument"),
        ("min(a)", 0, "2 to 50"),
        ("a in []", 6, "number or a text"),
        ("a in [1, 'x']", 9, "list"),
        ("a in 1", 5, "`[`"),
        ("a b", 2, "operator"),
        ("5abc", 0, "backticks"),
        ("1e999", 0, "represented"),
        ("a ** 2", 3, "number"),
        ("__import__('os')", 0, "functions"),
        ("__import__('os').system('x')", 16, "name in backticks"),
        ("a; b", 1, "operator"),
        ("lambda: 0", 6, "operator"),
        ("a[0]", 1, "operator"),
    ],
)
def test_refused_with_position(text: str, position: int, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.position == position
    assert said in caught.value.expected + caught.value.found
    assert isinstance(caught.value, Refused)
    assert caught.value.problems


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Tobacco > 'No'", "no order"),
        ("Tobacco == 1", "quotes"),
        ("V5.PD.avg == 'x'", "text"),
        ("Tobacco + 1", "Tobacco, which is text"),
        ("V5.PD.avg and 1 < 2", "compare it first"),
        ("not Tobacco", "compare it first"),
        ("Tobacco in [1, 2]", "quotes"),
        ("V5.PD.avgg > 1", "did you mean 'V5.PD.avg'"),
    ],
)
def test_types_are_refused(text: str, said: str) -> None:
    with pytest.raises(ExpressionError, match=r"at character \d+") as caught:
        evaluate(parse(text), FRAME)
    assert said in str(caught.value)


def test_a_condition_is_not_a_number() -> None:
    assert list(condition(parse("V5.PD.avg > 1"), FRAME).fillna(-1)) == [1, -1, 1, 0, 0]
    with pytest.raises(ExpressionError, match="a condition"):
        condition(parse("V5.PD.avg + 1"), FRAME)


def test_limits() -> None:
    assert names(parse("(" * MOST_NESTING + "a" + ")" * MOST_NESTING)) == {"a"}
    long = "a" * (MOST_CHARACTERS + 1)
    for hostile in ("(" * 900, "-" * 1900, "not " * 400 + "a", "1+" * 900 + "1", "log(" * 400, long):
        with pytest.raises(ExpressionError):
            parse(hostile)


@given(st.one_of(st.text(max_size=60), st.text(alphabet="ab.'\"`()[]<>=!+-*/,0159e \tandornti", max_size=60)))
@settings(max_examples=400, deadline=None)
def test_garbage_raises_only_expression_errors(text: str) -> None:
    try:
        tree = parse(text)
        evaluate(tree, FRAME.rename(columns={"V5.PD.avg": "a", "Tobacco": "b"}))
    except ExpressionError:
        pass


# A random tree is drawn as (text, function of a row): the function is the naive twin.
def _missing(operation):  # type: ignore[no-untyped-def]
    def apply(*operands):  # type: ignore[no-untyped-def]
        if any(operand is None for operand in operands):
            return None
        try:
            result = float(operation(*operands))
        except (ZeroDivisionError, ValueError, OverflowError):
            return None
        return result if math.isfinite(result) else None

    return apply


def _and(a, b):  # type: ignore[no-untyped-def]
    if a == 0 or b == 0:
        return 0.0
    return None if a is None or b is None else 1.0


def _or(a, b):  # type: ignore[no-untyped-def]
    if a == 1 or b == 1:
        return 1.0
    return None if a is None or b is None else 0.0


def _combine(symbol, operation):  # type: ignore[no-untyped-def]
    return lambda pair: (
        f"({pair[0][0]} {symbol} {pair[1][0]})",
        lambda row: operation(pair[0][1](row), pair[1][1](row)),
    )


_leaf = st.one_of(
    st.sampled_from(["a", "b.c", "odd name"]).map(
        lambda name: (f"`{name}`" if " " in name else name, lambda row: row[name])
    ),
    st.integers(0, 9).map(lambda value: (str(value), lambda row: float(value))),
)
_numbers = st.recursive(
    _leaf,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(_combine("+", _missing(lambda a, b: a + b))),
        st.tuples(inner, inner).map(_combine("-", _missing(lambda a, b: a - b))),
        st.tuples(inner, inner).map(_combine("*", _missing(lambda a, b: a * b))),
        st.tuples(inner, inner).map(_combine("/", _missing(lambda a, b: a / b))),
        inner.map(lambda x: (f"-{x[0]}", lambda row: _missing(lambda a: -a)(x[1](row)))),
        inner.map(lambda x: (f"abs({x[0]})", lambda row: _missing(abs)(x[1](row)))),
        inner.map(lambda x: (f"log({x[0]})", lambda row: _missing(math.log)(x[1](row)))),
        inner.map(lambda x: (f"sqrt({x[0]})", lambda row: _missing(math.sqrt)(x[1](row)))),
        st.tuples(inner, inner).map(
            lambda p: (f"max({p[0][0]}, {p[1][0]})", lambda row: _missing(max)(p[0][1](row), p[1][1](row)))
        ),
    ),
    max_leaves=6,
)
_comparisons = st.one_of(
    st.tuples(_leaf, _leaf).map(_combine("<", _missing(lambda a, b: a < b))),
    st.tuples(_leaf, _leaf).map(_combine(">=", _missing(lambda a, b: a >= b))),
    st.tuples(_leaf, _leaf).map(_combine("==", _missing(lambda a, b: a == b))),
    _numbers.map(lambda x: (f"missing({x[0]})", lambda row: float(x[1](row) is None))),
    _leaf.map(lambda x: (f"{x[0]} in [1, -2, 3]", lambda row: _missing((1, -2, 3).__contains__)(x[1](row)))),
)
_conditions = st.recursive(
    _comparisons,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(_combine("and", _and)),
        st.tuples(inner, inner).map(_combine("or", _or)),
        inner.map(lambda x: (f"not {x[0]}", lambda row: _missing(lambda a: 1 - a)(x[1](row)))),
    ),
    max_leaves=6,
)
_rows = st.lists(
    st.fixed_dictionaries(
        {name: st.one_of(st.none(), st.integers(-3, 9).map(float)) for name in ("a", "b.c", "odd name")}
    ),
    min_size=1,
    max_size=6,
)


@given(st.one_of(_numbers, _conditions), _rows)
@settings(max_examples=300, deadline=None)
def test_random_trees_agree_with_the_twin(tree, rows) -> None:  # type: ignore[no-untyped-def]
    text, twin = tree
    frame = pd.DataFrame(rows, dtype=np.float64)
    found = evaluate(parse(text), frame)
    expected = pd.Series([twin(row) for row in rows], dtype=np.float64)
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), rtol=1e-9, atol=1e-9)
