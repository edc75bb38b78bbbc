"""What an appraisal hands to the page."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from hetflow.report.drawn import Drawn
from hetflow.report.tables import Table


@dataclass(frozen=True, slots=True)
class Shown:
    """What an appraisal adds to the page.

    Attributes
    ----------
    tables : list of Table
    figures : dict of str to Drawn
        By name, in the order of the page.
    exported : dict of str to DataFrame
        Tables by name as they may leave the study: small counts replaced.
    """

    tables: list[Table] = field(default_factory=list)
    figures: dict[str, Drawn] = field(default_factory=dict)
    exported: dict[str, pd.DataFrame] = field(default_factory=dict)
