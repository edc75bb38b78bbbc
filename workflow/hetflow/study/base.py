"""What every section of the study file shares."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

#: Name of the analysis that the others are compared with.
PRIMARY = "primary"
NAME = r"^[a-z][a-z0-9_]{0,39}$"

#: Small letters, digits and underscores, starting with a letter, at most 40: safe as a folder's name.
Name = Annotated[str, Field(pattern=NAME)]
#: An expression over columns; see `hetflow.study.expressions`.
Expression = Annotated[str, Field(min_length=1, max_length=2000)]
Code = str | int | float | bool


class Section(BaseModel):
    """A part of the study file: unknown keys are refused, nothing changes after reading."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_strip_whitespace=False,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )


class AppraisalSection(Section):
    """A section about what is made of an analysis' scores beyond its estimates."""

    analyses: list[Name] = [PRIMARY]
    """Analyses for which this is done; an empty list does without."""


def section_key(title: str) -> str:
    """The key of a section in the study file, from its model's name (``MissingOutcome``)."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", title.removesuffix("Override")).lower()
