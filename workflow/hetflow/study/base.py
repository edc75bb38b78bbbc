"""What every section of the study file shares."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

NAME = r"^[a-z][a-z0-9_]{0,39}$"

Name = Annotated[
    str,
    Field(
        pattern=NAME,
        description="Small letters, digits and underscores, starting with a letter, at most 40.",
    ),
]
Expression = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        description="An expression over columns, for instance `V5.PD.avg - BL.PD.avg` or `Use.Tob == 'Yes'`; "
        "names with odd characters stand in backticks.",
    ),
]
Code = str | int | float | bool


class Section(BaseModel):
    """A part of the study file: unknown keys are refused, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False, use_attribute_docstrings=True)
