"""How property tests run: the same examples every time, and no deadline, for machines are shared."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("hetflow", deadline=None, derandomize=True)
settings.load_profile("hetflow")
