"""What `snakemake publish` may let out of the study, and what it says of the study's origin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from hetflow.errors import Problem
from hetflow.study.base import Section

if TYPE_CHECKING:
    from hetflow.study.model import Study


class Funder(Section):
    """Who paid for the study."""

    name: str = Field(min_length=1)
    """Name of the organisation."""
    identifier: str | None = Field(default=None, pattern=r"^https://[^\s<>\"]+$")
    """Its ROR or Crossref Funder ID, as an address (https://ror.org/...)."""
    award: str = ""
    """Number or title of the grant."""


class Publish(Section):
    """What `snakemake publish` copies into `crate/`, and how it describes it. Authors, licence and citation are those
    of `report`.
    """

    threshold: int = Field(default=10, ge=3, le=1000)
    """Counts of 1 up to one less are suppressed in what is published; `minimum_cell_count` where that is larger."""
    trees: bool = False
    """Whether decision trees are published; their leaves may describe few units closely."""
    funders: list[Funder] = []
    """Who paid for the study."""
    keywords: list[str] = []
    """Words to find it by."""
    publisher: str = "Zenodo"
    """Who will make the archive public."""
    version: str = "1"
    """Version of what is published."""
    year: int | None = Field(default=None, ge=1900, le=2200)
    """Year of publication; by default the year in which the run ended."""


def threshold(study: Study) -> int:
    """The count below which nothing is published."""
    return max(study.publish.threshold, study.minimum_cell_count)


def publish_problems(study: Study, source: str) -> Iterator[Problem]:
    """Words that would not find anything."""
    for place, word in enumerate(study.publish.keywords):
        if not word.strip():
            yield Problem(
                f"{source}: publish.keywords[{place}]",
                "a word",
                "an empty text",
                "remove it, or write a word",
            )
