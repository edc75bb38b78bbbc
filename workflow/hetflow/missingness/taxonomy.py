"""The taxonomy of structured missingness: how masks relate to values, and masks to one another.

Jackson, Mitra, Hagenbuch, McGough and Harbron (arXiv 2307.02650) cross the relation of a mask to values with
its relation to other masks. Seventeen classes result.
"""

from __future__ import annotations

from dataclasses import dataclass

from hetflow.errors import refuse

VALUES = ("MCAR", "MAR", "MNAR")
STRUCTURES = ("U", "WS-B", "WS-S", "SS-B", "SS-S")
NATURES = ("P", "D")
DETERMINISTIC = ("U", "SS-B", "SS-S")
"""Structures that may follow from values with certainty; the weak ones are probabilistic by definition."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One class.

    Attributes
    ----------
    values : {"MCAR", "MAR", "MNAR"}
        The mask depends on no value, on values of other (observed) columns, or on the value that it hides.
    structure : {"U", "WS-B", "WS-S", "SS-B", "SS-S"}
        Unstructured: masks are independent given values. Weak (WS) or strong (SS) structure, in blocks (B)
        or sequential (S). Strong blocks share one mask; under strong sequences who misses a column misses all
        later ones.
    nature : {"P", "D"}
        Whether values settle the mask with a probability or with certainty. Under MCAR always "P".
    """

    values: str
    structure: str
    nature: str = "P"

    def __post_init__(self) -> None:
        known = self.values in VALUES and self.structure in STRUCTURES and self.nature in NATURES
        certain = self.nature == "D"
        if not known or (certain and (self.values == "MCAR" or self.structure not in DETERMINISTIC)):
            refuse(
                "mechanism",
                f"one of {', '.join(CLASSES)}; -D may follow SS-B and SS-S of MAR and MNAR",
                f"{self.values}, {self.structure}, {self.nature}",
                "choose one of them",
            )

    @property
    def name(self) -> str:
        """As in `CLASSES`: ``MAR-UD``, ``MCAR-WS-B``; ``MAR-SS-B-D`` for a block that values settle."""
        if self.structure == "U":
            return f"{self.values}-U{'' if self.values == 'MCAR' else self.nature}"
        return f"{self.values}-{self.structure}{'-D' if self.nature == 'D' else ''}"

    @property
    def sequential(self) -> bool:
        """Whether the order of the columns matters."""
        return self.structure.endswith("-S")


CLASSES = (
    *(f"MCAR-{structure}" for structure in STRUCTURES),
    *(f"MAR-{structure}" for structure in ("UP", "UD", *STRUCTURES[1:])),
    *(f"MNAR-{structure}" for structure in ("UP", "UD", *STRUCTURES[1:])),
)
"""The seventeen classes by name."""


def parse_mechanism(name: str) -> Mechanism:
    """A class from its name.

    Raises
    ------
    Refused
        If there is no such class.
    """
    values, _, rest = name.partition("-")
    if values != "MCAR" and rest in ("UP", "UD"):
        return Mechanism(values, "U", rest[1])
    if rest == "U" and values != "MCAR":
        rest = "?"
    structure, certain = rest.removesuffix("-D"), rest.endswith("-D")
    return Mechanism(values, structure, "D" if certain else "P")
