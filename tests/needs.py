"""What a test needs from the machine: its absence fails in continuous integration and leaves the test out elsewhere."""

from __future__ import annotations

import importlib
import os
import shutil
import warnings
from types import ModuleType
from typing import NoReturn

import pytest


def do_without(what: str) -> NoReturn:
    """End the test because something is not there."""
    if os.environ.get("HETFLOW_CI"):
        pytest.fail(f"{what}, and continuous integration must run this test")
    pytest.skip(what)


def program(name: str) -> str:
    """Path of a program; daemons lie outside most users' path."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if found is None:
        do_without(f"{name} is not installed")
    return found


def package(name: str) -> ModuleType:
    """A package of the development lock that a user need not have; its own warnings are not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except ImportError:
            do_without(f"the package {name} is not installed")
