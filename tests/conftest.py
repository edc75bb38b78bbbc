"""How tests run: the same examples every time, no deadline, and compiled kernels kept within the project's folder."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import settings

os.environ.setdefault(
    "NUMBA_CACHE_DIR", str(Path(__file__).resolve().parents[1] / ".pytest_cache" / "kernels")
)

settings.register_profile("hetflow", deadline=None, derandomize=True)
settings.load_profile("hetflow")
