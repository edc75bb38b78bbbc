"""Whether the packages that hetflow needs are there, asked before any of them is imported.

Only the standard library is used, in words that older versions of Python understand, so that the answer is plain
wherever it is asked.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable

#: Import names by distribution. What the workflow needs to start, and what its jobs need besides.
TO_START = {
    "pydantic": "pydantic",
    "pyyaml": "yaml",
    "numpy": "numpy",
    "pandas": "pandas",
    "pyarrow": "pyarrow",
    "pyreadstat": "pyreadstat",
    "openpyxl": "openpyxl",
}
TO_COMPUTE = {
    "econml": "econml",
    "lightgbm": "lightgbm",
    "scikit-learn": "sklearn",
    "scipy": "scipy",
    "threadpoolctl": "threadpoolctl",
    "matplotlib": "matplotlib",
    "jinja2": "jinja2",
}
_OLDEST = (3, 11)
_REMEDY = (
    "run `make study`, which sets the environment up, or `pip install --require-hashes -r envs/lock.txt`; "
    "README.md says more"
)


def need(packages: Iterable[dict[str, str]] = (TO_START, TO_COMPUTE)) -> None:
    """End with a plain message if Python is too old or a package is missing.

    Parameters
    ----------
    packages : iterable of dict
        Distribution to import name.

    Raises
    ------
    SystemExit
        With status 1.
    """
    if sys.version_info < _OLDEST:
        end("Python {}.{} or newer".format(*_OLDEST), f"Python {sys.version.split()[0]}", _REMEDY)
    absent = sorted(name for group in packages for name, module in group.items() if not _is_there(module))
    if absent:
        end("the packages of envs/lock.txt", "no " + ", ".join(absent), _REMEDY)


def end(expected: str, found: str, remedy: str) -> None:
    """Say what the environment lacks and end with status 1."""
    said = [
        "\nRefused. 1 thing must be mended first:",
        f"1. the environment of {sys.executable}",
        f"    expected: {expected}",
        f"    found:    {found}",
        f"    what to do: {remedy}\n",
    ]
    print("\n".join(said), file=sys.stderr)
    raise SystemExit(1)


def explain(error: BaseException) -> None:
    """End with a plain message for a package that is there but cannot be loaded."""
    remedy = _REMEDY
    if "libgomp" in str(error):
        remedy = "install the OpenMP runtime (Debian: `apt-get install libgomp1`; conda: `libgomp`)"
    end("packages that can be loaded", str(error), remedy)


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
