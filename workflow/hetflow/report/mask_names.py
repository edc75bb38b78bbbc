"""What variables that go missing together are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hetflow.report.words import Words


@dataclass(frozen=True, slots=True)
class MaskNames:
    """Names of masks, by the variables that share them.

    Attributes
    ----------
    words : Words
    blocks : dict of str to str or None
        Block of each column of the cohort.
    outcomes : dict of str to str
        Labels of the outcomes, where masks of outcomes are among them.
    """

    words: Words
    blocks: Mapping[str, str | None]
    outcomes: Mapping[str, str]

    @classmethod
    def of(
        cls,
        columns: Sequence[Mapping[str, Any]],
        words: Words,
        outcomes: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> MaskNames:
        """From the cohort's columns and, of its outcomes, the facts."""
        blocks = {column["name"]: column.get("block") for column in columns}
        return cls(words, blocks, {name: facts["label"] for name, facts in (outcomes or {}).items()})

    def split(self, text: str) -> list[str]:
        """Variables of a mask, as a table joins them."""
        return split_names(text, [*self.blocks, *self.outcomes])

    def label(self, names: Sequence[str], outcome: bool = False) -> str:
        """The one variable, the block, or the first and how many more; `outcome`: one is known to be an outcome."""
        if len(names) == 1 and (outcome or names[0] in self.outcomes):
            return f"outcome: {self.outcomes.get(names[0], names[0])}"
        if len(names) == 1:
            return self.words.covariate(names[0])
        block, *others = {self.blocks.get(name) for name in names}
        if block and not others:
            return f"{block} ({len(names)} variables)"
        return f"{self.words.covariate(names[0])} and {len(names) - 1} more"


def split_names(text: str, known: Sequence[str]) -> list[str]:
    """Names joined by ``, ``, some of which may hold a comma themselves."""
    parts = text.split(", ") if text else []
    names: list[str] = []
    pending = ""
    for piece in parts:
        pending = f"{pending}, {piece}" if pending else piece
        if pending in known:
            names.append(pending)
            pending = ""
    return [*names, pending] if pending else names
