"""How tests run: the same examples every time, no deadline, compiled kernels kept within the project's folder, and one
browser a worker.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium
from hypothesis import settings

os.environ.setdefault(
    "NUMBA_CACHE_DIR", str(Path(__file__).resolve().parents[1] / ".pytest_cache" / "kernels")
)

settings.register_profile("hetflow", deadline=None, derandomize=True)
settings.load_profile("hetflow")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium; one a worker, for Playwright refuses to be started twice in a thread."""
    with chromium() as running:
        yield running
