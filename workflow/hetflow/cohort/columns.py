"""What is known of a column once the data dictionary has been resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

NUMERIC_KINDS = ("continuous", "count", "ordinal", "binary")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the cohort.

    Attributes
    ----------
    name : str
        Name in the cohort, as in the raw file or as derived.
    kind : str
        ``continuous``, ``count``, ``ordinal``, ``binary`` (all stored as float64) or ``nominal`` (stored as str).
    role : str
        ``covariate`` (estimators read it) or ``auxiliary`` (imputation may read it).
    label, unit : str
        For people; `unit` is the unit of measurement, empty when there is none.
    levels : tuple of str, optional
        Binary: the level coded 0, then that coded 1. Ordinal: in ascending order, coded 0..K-1. Nominal: all levels.
    block : str, optional
        Columns measured together (a laboratory panel), imputed together.
    visit : int
        0 is baseline.
    applicable_if : str, optional
        Condition over other columns under which the value exists; ``<name>__applies`` then stands beside it.
    not_applicable : float or str
        The constant given to cells that do not apply.
    mask_fixed_before_randomisation : bool
        Whether who is missing was settled before treatment was assigned, so that an indicator is a covariate.
    """

    name: str
    kind: str
    role: str = "covariate"
    label: str = ""
    unit: str = ""
    levels: tuple[str, ...] | None = None
    block: str | None = None
    visit: int = 0
    applicable_if: str | None = None
    not_applicable: float | str = 0.0
    mask_fixed_before_randomisation: bool = False

    @property
    def applies(self) -> str:
        """Name of the 0/1 column that says to whom the column applies."""
        return f"{self.name}__applies"

    @property
    def indicator(self) -> str:
        """Name of the 0/1 column that says where the column was missing."""
        return f"{self.name}__missing"


def columns_to_json(columns: Iterable[Column]) -> list[dict[str, Any]]:
    """Columns as JSON objects, the inverse of `columns_from_json`."""
    return [
        {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(column).items()}
        for column in columns
    ]


def columns_from_json(items: Iterable[Mapping[str, Any]]) -> list[Column]:
    """Columns from the ``columns`` list of ``cohort.json``."""
    columns = []
    for item in items:
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in item.items()
        }
        columns.append(Column(**values))
    return columns
