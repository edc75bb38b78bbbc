"""An estimate as it is printed: in its unit, with as many digits as its error allows, and its evidence beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hetflow.report import formats as fmt


@dataclass(frozen=True, slots=True)
class Number:
    """One estimate with what is printed beside it.

    Attributes
    ----------
    estimate, lower, upper : float
        As they are printed: an effect is already multiplied by the words' factor. A bound that does not
        exist is None.
    se, p : float, optional
    label : str
        Of whom or of which term.
    groups : int
        How many groups there are, where the estimate compares groups.
    """

    estimate: float
    lower: float | None
    upper: float | None
    se: float | None = None
    p: float | None = None
    label: str = ""
    groups: int = 0

    @property
    def places(self) -> int:
        """Decimals to print."""
        return fmt.decimals(self.se if fmt.known(self.se) else fmt.half_width(self.lower, self.upper))

    @property
    def direction(self) -> int:
        """+1 or -1 where the interval leaves zero out, 0 where it holds zero."""
        if self.lower is not None and fmt.known(self.lower) and self.lower > 0:
            return 1
        return -1 if self.upper is not None and fmt.known(self.upper) and self.upper < 0 else 0

    def shown(self, unit: str, level: str) -> str:
        """``0.39 mm (95 % CI 0.34 to 0.44)``."""
        value = fmt.with_unit(fmt.number(self.estimate, self.places), unit)
        return f"{value} ({self.evidence(level)})"

    def evidence(self, level: str) -> str:
        """``95 % CI 0.34 to 0.44; p < 0.001``."""
        return "; ".join(part for part in (self.bounds(level), fmt.p_value(self.p)) if part)

    def bounds(self, level: str) -> str:
        """``95 % CI 0.34 to 0.44``; of a one-sided interval its one bound."""
        low, high = fmt.known(self.lower), fmt.known(self.upper)
        if low and high:
            return f"{level}\u00a0CI {fmt.interval(self.lower, self.upper, self.places)}"
        if low:
            return f"{level} lower bound {fmt.number(self.lower, self.places)}"
        return f"{level} upper bound {fmt.number(self.upper, self.places)}" if high else ""


def number_of(row: Mapping[Any, Any], factor: float = 1.0, label: str = "") -> Number:
    """A row of estimates as it is printed; a bound, standard error or p-value that is not there is None.

    Parameters
    ----------
    row : mapping
        ``estimate, lower, upper`` and, where the table has them, ``se, p``.
    factor : float
        By which it is multiplied; a negative one turns an effect into a benefit, so that the bounds change places.
    """
    ends = [factor * row[end] if fmt.known(row[end]) else None for end in ("lower", "upper")]
    lower, upper = ends if factor > 0 else ends[::-1]
    se, p = row.get("se"), row.get("p")
    return Number(
        estimate=factor * row["estimate"],
        lower=lower,
        upper=upper,
        se=abs(factor) * float(se) if se is not None and fmt.known(se) else None,
        p=p if fmt.known(p) else None,
        label=label,
    )
