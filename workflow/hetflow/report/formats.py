"""Numbers as a reader wants them: as many digits as the standard error allows, with unit and interval."""

from __future__ import annotations

import math
from numbers import Real

POINTS = "percentage points"
MINUS = "\u2212"
NONE = "\u2013"  # stands where there is no number
SPACE = "\u00a0"  # no-break space
NARROW = "\u202f"  # narrow no-break space
_MOST_DECIMALS = 6
_LEAST_P = 0.001


def known(value: object) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def decimals(error: float | None) -> int:
    """Decimals to print beside a standard error: one significant digit of it, two where the first would be a 1."""
    if error is None or not known(error) or error <= 0:
        return 2
    place = math.floor(math.log10(error))
    leading = error / 10.0**place
    return min(_MOST_DECIMALS, max(0, -place + (1 if leading < 2 else 0)))


def number(value: float | None, places: int = 2) -> str:
    """A number with a true minus sign and thousands set apart; an en dash where there is none."""
    if value is None or not known(value):
        return NONE
    text = f"{abs(value):,.{places}f}".replace(",", NARROW)
    negative = value < 0 and any(digit in text for digit in "123456789")
    return MINUS + text if negative else text


def signed(value: float | None, places: int = 2) -> str:
    """A number with its sign, plus or minus."""
    text = number(value, places)
    positive = known(value) and text[0] != MINUS and any(digit in text for digit in "123456789")
    return "+" + text if positive else text


def count(value: float | None) -> str:
    """A whole number."""
    return number(value, 0)


def percent(share: float | None, places: int | None = None) -> str:
    """A share between 0 and 1 as per cent; small shares keep a decimal."""
    if share is None or not known(share):
        return NONE
    if places is None:
        places = 1 if 0 < share < 0.1 else 0
    return f"{number(100 * share, places)}{NARROW}%"


def p_value(p: float | None) -> str:
    """``p = 0.012``, ``p < 0.001``, kept in one line; empty where no p-value may be printed."""
    if p is None or not known(p):
        return ""
    if p < _LEAST_P:
        return f"p{SPACE}<{SPACE}0.001"
    return f"p{SPACE}={SPACE}{p:.2f}" if p >= 0.1 else f"p{SPACE}={SPACE}{p:.3f}"


def p_cell(p: float | None) -> str:
    """A p-value as it stands in a column headed p: ``0.012``, ``< 0.001``."""
    return p_value(p).removeprefix(f"p{SPACE}").removeprefix(f"={SPACE}")


def level(confidence: float) -> str:
    """A confidence level as ``95 %``."""
    return f"{100 * confidence:g}{NARROW}%"


def with_unit(text: str, unit: str | None) -> str:
    """A number followed by its unit, if there is one; one percentage point is one."""
    if unit == POINTS and text.lstrip(f"{MINUS}-+") == "1":
        unit = POINTS.removesuffix("s")
    return f"{text}{SPACE}{unit}" if unit else text


def interval(lower: float | None, upper: float | None, places: int) -> str:
    """``0.33 to 0.44``."""
    return f"{number(lower, places)}{SPACE}to{SPACE}{number(upper, places)}"


def estimate(
    value: float | None, lower: float | None, upper: float | None, error: float | None = None, unit: str = ""
) -> str:
    """``0.39 mm (0.33 to 0.44)``: the estimate, and its interval in brackets where there is one."""
    places = decimals(error if known(error) else half_width(lower, upper))
    text = with_unit(number(value, places), unit)
    return f"{text} ({interval(lower, upper, places)})" if known(lower) and known(upper) else text


def half_width(lower: float | None, upper: float | None) -> float | None:
    """A quarter of an interval's width, about a standard error."""
    if lower is None or upper is None or not (known(lower) and known(upper)):
        return None
    return (upper - lower) / 4
