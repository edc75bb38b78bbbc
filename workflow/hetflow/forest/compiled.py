"""Compiled kernels: how they are compiled, and where the machine code is kept between processes.

Kernels release the GIL, so threads run them side by side. Each has one signature, and the folder of its machine
code is named by everything that the code depends on (source of all kernels, versions, processor). Processes that
start together therefore write the same content, and numba writes it under a temporary name first; whoever comes
last changes nothing.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
from numba import njit
from numba.core.caching import UserProvidedCacheLocator

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": False}
"""No fast-math: reordered sums would differ between processors."""


class ByContent(UserProvidedCacheLocator):
    """Where numba keeps machine code: the folder is named by content already, so that the place of the source does not
    count and every copy of it finds the code.
    """

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        """The folder below numba's, whatever the path of the source."""
        return "code"


def helper(function: Callable[..., Any]) -> Any:
    """A function that only kernels call; it is compiled into each of them."""
    return njit(forceinline=True, **_OPTIONS)(function)


def kernel(signature: str) -> Callable[[Callable[..., Any]], Any]:
    """A function that Python calls, compiled for one signature and kept on disk where that is possible.

    Parameters
    ----------
    signature : str
        In numba's notation.
    """

    def compile_it(function: Callable[..., Any]) -> Any:
        folder = cache_folder()
        if folder is None:
            return njit(signature, **_OPTIONS)(function)
        with _numba_folder(folder):
            try:
                return njit(signature, cache=True, **_OPTIONS)(function)
            except (OSError, RuntimeError):  # the folder vanished, or its disk is full: compile without it
                return njit(signature, **_OPTIONS)(function)

    return compile_it


@contextmanager
def _numba_folder(folder: Path) -> Iterator[None]:
    """Point numba's cache elsewhere for the kernels of hetflow alone."""
    config: Any = numba.config
    before = config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES
    config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = str(folder), f"{__name__}.{ByContent.__name__}"
    try:
        yield
    finally:
        config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = before


def cache_folder() -> Path | None:
    """The first folder that can be written and that nobody else can write, or None.

    ``NUMBA_CACHE_DIR`` comes first, then the user's cache folder, then one below the temporary folder. Cached code
    is executed, so a folder that belongs to another user is not taken.
    """
    for base in _bases():
        folder = base / f"kernels-{_fingerprint()}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _ours(folder):
                tempfile.TemporaryFile(dir=folder).close()
                return folder
        except OSError:
            continue
    return None


def _bases() -> list[Path]:
    named = os.environ.get("NUMBA_CACHE_DIR")
    places = [Path(named)] if named else []
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    places.append(Path(home) / "hetflow")
    places.append(Path(tempfile.gettempdir()) / f"hetflow-{_user()}")
    return places


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")


def _ours(folder: Path) -> bool:
    """Whether the folder is the user's own and nobody else may write into it."""
    if not hasattr(os, "getuid"):
        return True
    found = folder.stat()
    return found.st_uid == os.getuid() and not found.st_mode & 0o022


def _fingerprint() -> str:
    """Digest of what the machine code depends on; numba itself looks only at the kernel's own file."""
    digest = hashlib.sha256()
    versions = (sys.version, numba.__version__, llvm.llvm_version_info, llvm.get_host_cpu_name())
    features = llvm.get_host_cpu_features().flatten()
    digest.update(repr((versions, features)).encode())
    here = Path(__file__)
    library = here.parents[1]
    for path in [here, *sorted(library.rglob("kernels_*.py"))]:
        digest.update(path.relative_to(library).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]
