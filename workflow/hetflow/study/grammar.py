"""The grammar of expressions over columns: tokens and a recursive-descent parser.

::

    condition  = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation   = "not" negation | comparison
    comparison = sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=") sum | ["not"] "in" list ]
    sum        = product { ("+" | "-") product }
    product    = sign { ("*" | "/") sign }
    sign       = ("-" | "+") sign | primary
    primary    = number | text | name | function "(" condition { "," condition } ")" | "(" condition ")"
    list       = "[" value { "," value } "]"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import NoReturn

from hetflow.study.nodes import Call, Expression, ExpressionError, Membership, Name, Number, Operation, Text

MOST_CHARACTERS = 2000  # as in the study file's schema
MOST_NESTING = 40  # of parentheses, signs and `not`; far below Python's limit on recursion
MOST_DEPTH = 200  # of the tree, long chains of + included

FUNCTIONS: dict[str, tuple[int, int]] = {  # fewest and most arguments
    "log": (1, 1),
    "log10": (1, 1),
    "sqrt": (1, 1),
    "abs": (1, 1),
    "missing": (1, 1),
    "min": (2, 50),
    "max": (2, 50),
}
COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
KEYWORDS = ("and", "or", "not", "in")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: its kind, its content and where it starts."""

    kind: str
    content: str
    position: int


NAME = re.compile(r"[^\W\d][\w.]*")  #: a name that needs no backticks
_PATTERN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.]))"
    rf"|(?P<name>{NAME.pattern})"
    r"|(?P<quoted>`(?:[^`]|``)+`)"
    r"|(?P<text>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")"
    r"|(?P<sign>==|!=|<=|>=|[-+*/()<>,\[\]])"
)


def tokens(text: str) -> list[Token]:
    """The pieces of an expression, the last one of kind ``end``; see `parse` for what is refused."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _PATTERN.match(text, position)
        if match is None:
            _refuse_character(text, position)
        kind, content = str(match.lastgroup), match.group()
        if kind in {"quoted", "text"}:
            quote = content[0]
            content = content[1:-1].replace(quote * 2, quote)
            kind = "name" if kind == "quoted" else "text"
        elif kind == "name" and content in KEYWORDS:
            kind = "sign"
        if kind != "space":
            found.append(Token(kind, content, position))
        position = match.end()
    found.append(Token("end", "the end", len(text)))
    return found


def _refuse_character(text: str, position: int) -> NoReturn:
    character = text[position]
    if character == "=":
        raise ExpressionError(position, "`==` to compare", "a single `=`", text)
    if character in "'\"`":
        raise ExpressionError(position, f"a closing {character}", "the end", text)
    if character.isdigit() or character == ".":
        found = repr(text[position : position + 20])
        raise ExpressionError(position, "a number, or a name in backticks", found, text)
    raise ExpressionError(position, "a name, number, text or operator", repr(character), text)


def parse(text: str) -> Expression:
    """The tree of an expression.

    Parameters
    ----------
    text : str
        For instance ``V5.PD.avg - BL.PD.avg`` or ``Use.Tob == 'Yes' and not missing(Age)``.

    Raises
    ------
    ExpressionError
        Whatever is wrong with it; no other error, whatever the text.
    """
    if len(text) > MOST_CHARACTERS:
        raise ExpressionError(MOST_CHARACTERS, f"at most {MOST_CHARACTERS} characters", str(len(text)))
    return _Parser(text).whole()


class _Parser:
    """One pass over the tokens, one method a rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._at = 0
        self._nesting = 0

    def whole(self) -> Expression:
        tree, _ = self._condition()
        if self._now.kind != "end":
            self._fail("an operator or the end")
        return tree

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _fail(self, expected: str) -> NoReturn:
        token = self._now
        found = "the end" if token.kind == "end" else repr(token.content)
        raise ExpressionError(token.position, expected, found, self._text)

    def _take(self, *signs: str) -> Token | None:
        token = self._now
        if token.kind == "sign" and token.content in signs:
            self._at += 1
            return token
        return None

    def _need(self, sign: str) -> None:
        if self._take(sign) is None:
            self._fail(f"`{sign}`")

    def _deeper(self) -> None:
        self._nesting += 1
        if self._nesting > MOST_NESTING:
            self._fail(f"at most {MOST_NESTING} levels of nesting")

    def _node(self, operator: str, position: int, *parts: tuple[Expression, int]) -> tuple[Expression, int]:
        depth = 1 + max(part[1] for part in parts)
        if depth > MOST_DEPTH:
            raise ExpressionError(position, f"at most {MOST_DEPTH} operations in a chain", "more", self._text)
        return Operation(operator, tuple(part[0] for part in parts), position), depth

    def _condition(self) -> tuple[Expression, int]:
        left = self._conjunction()
        while token := self._take("or"):
            left = self._node("or", token.position, left, self._conjunction())
        return left

    def _conjunction(self) -> tuple[Expression, int]:
        left = self._negation()
        while token := self._take("and"):
            left = self._node("and", token.position, left, self._negation())
        return left

    def _negation(self) -> tuple[Expression, int]:
        token = self._take("not")
        if token is None:
            return self._comparison()
        self._deeper()
        inner = self._negation()
        self._nesting -= 1
        return self._node("not", token.position, inner)

    def _comparison(self) -> tuple[Expression, int]:
        left = self._sum()
        if token := self._take(*COMPARISONS):
            left = self._node(token.content, token.position, left, self._sum())
        elif token := self._take("in"):
            left = Membership(left[0], self._list(), token.position), left[1] + 1
        elif token := self._take("not"):
            self._need("in")
            inside = Membership(left[0], self._list(), token.position)
            left = self._node("not", token.position, (inside, left[1] + 1))
        if self._now.kind == "sign" and self._now.content in COMPARISONS:
            self._fail("`and` between two comparisons")
        return left

    def _sum(self) -> tuple[Expression, int]:
        left = self._product()
        while token := self._take("+", "-"):
            left = self._node(token.content, token.position, left, self._product())
        return left

    def _product(self) -> tuple[Expression, int]:
        left = self._sign()
        while token := self._take("*", "/"):
            left = self._node(token.content, token.position, left, self._sign())
        return left

    def _sign(self) -> tuple[Expression, int]:
        token = self._take("-", "+")
        if token is None:
            return self._primary()
        self._deeper()
        inner = self._sign()
        self._nesting -= 1
        return self._node("negative" if token.content == "-" else "positive", token.position, inner)

    def _primary(self) -> tuple[Expression, int]:
        token = self._now
        if token.kind == "number":
            self._at += 1
            return self._number(token, 1.0), 1
        if token.kind == "text":
            self._at += 1
            return Text(token.content, token.position), 1
        if token.kind == "name":
            self._at += 1
            if self._now.kind == "sign" and self._now.content == "(":
                return self._call(token)
            return Name(token.content, token.position), 1
        if self._take("(") is None:
            self._fail("a name, a number, a text or `(`")
        self._deeper()
        inner = self._condition()
        self._need(")")
        self._nesting -= 1
        return inner

    def _number(self, token: Token, sign: float) -> Number:
        value = float(token.content)
        if not isfinite(value):
            expected = "a number that can be represented"
            raise ExpressionError(token.position, expected, token.content, self._text)
        return Number(sign * value, token.position)

    def _call(self, token: Token) -> tuple[Expression, int]:
        if token.content not in FUNCTIONS:
            known = f"one of the functions {', '.join(sorted(FUNCTIONS))}"
            raise ExpressionError(token.position, known, repr(token.content), self._text)
        self._deeper()
        self._need("(")
        arguments = [self._condition()]
        while self._take(","):
            arguments.append(self._condition())
        self._need(")")
        self._nesting -= 1
        fewest, most = FUNCTIONS[token.content]
        if not fewest <= len(arguments) <= most:
            number = "one argument" if most == 1 else f"{fewest} to {most} arguments"
            expected = f"{number} of {token.content}"
            raise ExpressionError(token.position, expected, str(len(arguments)), self._text)
        depth = 1 + max(depth for _, depth in arguments)
        return Call(token.content, tuple(tree for tree, _ in arguments), token.position), depth

    def _list(self) -> tuple[Number, ...] | tuple[Text, ...]:
        self._need("[")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._need("]")
        numbers = tuple(value for value in values if isinstance(value, Number))
        texts = tuple(value for value in values if isinstance(value, Text))
        if numbers and texts:
            expected = "a list of numbers or a list of texts"
            raise ExpressionError(texts[0].position, expected, "both", self._text)
        return numbers or texts

    def _value(self) -> Number | Text:
        sign = -1.0 if self._take("-") else 1.0
        token = self._now
        if token.kind == "number":
            self._at += 1
            return self._number(token, sign)
        if token.kind != "text" or sign < 0:
            self._fail("a number or a text")
        self._at += 1
        return Text(token.content, token.position)
