"""A figure as the page takes it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from hetflow.report.captions import Caption


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure with its caption and the table it was drawn from."""

    svg: str
    caption: Caption
    table: pd.DataFrame
