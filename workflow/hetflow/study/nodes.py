"""The nodes of an expression's tree, and the error that says where an expression is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

from hetflow.errors import Problem, Refused


class ExpressionError(Refused):
    """An expression that cannot be read or does not fit the data.

    Attributes
    ----------
    position : int
        Where in the text, counted from 0.
    expected, found : str
        What could stand there and what does.
    """

    def __init__(self, position: int, expected: str, found: str, text: str = "") -> None:
        self.position, self.expected, self.found = position, expected, found
        where = f"expression {text!r}, character {position + 1}" if text else f"character {position + 1}"
        remedy = "correct the expression; config/README.md explains how they are written"
        super().__init__([Problem(where, expected, found, remedy)])

    def __str__(self) -> str:
        return f"at character {self.position + 1}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Number:
    """A constant number."""

    value: float
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A constant text."""

    value: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A column."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator with its operands: arithmetic, comparison, ``and``, ``or``, ``not``, ``negative``."""

    operator: str
    operands: tuple[Expression, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Membership:
    """Whether the operand equals one of the values."""

    operand: Expression
    values: tuple[Number, ...] | tuple[Text, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of its arguments."""

    function: str
    arguments: tuple[Expression, ...]
    position: int = field(default=0, compare=False)


Expression = Number | Text | Name | Operation | Membership | Call
