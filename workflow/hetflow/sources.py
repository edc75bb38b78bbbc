"""A fingerprint of the code behind a script, so that edited code reruns the stages that use it and no other."""

from __future__ import annotations

import ast
import functools
import hashlib
import re
from pathlib import Path

_PACKAGE = "hetflow"
_DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}  # import name to name in the lock, where they differ


def code_fingerprint(script: Path, library: Path, lock: Path) -> str:
    """SHA-256 over a script, what it imports of the library and of other scripts, and their packages' locked versions.

    Parameters
    ----------
    script : Path
        The script.
    library : Path
        Folder of the package ``hetflow``.
    lock : Path
        The lock file, whose ``name==version`` lines are read.

    Returns
    -------
    str
        Hexadecimal digest. It does not depend on where the project lies. Imports are followed statically, those inside
        functions included; the data files beside a module (templates) count with it.
    """
    modules, packages = import_closure(script, library)
    digest = hashlib.sha256()
    for path in [script, *modules]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    versions = locked_versions(lock)
    for package in packages:
        name = _DISTRIBUTIONS.get(package, package)
        if name in versions:
            digest.update(f"{name}=={versions[name]}\n".encode())
    return digest.hexdigest()


def import_closure(script: Path, library: Path) -> tuple[list[Path], list[str]]:
    """Files of the library and other scripts, and outside packages, that a script imports, directly or not, sorted.

    Scripts whose name begins with an underscore are left out: the common command line shapes no result.
    """
    found: set[Path] = set()
    packages: set[str] = set()
    waiting = [script]
    while waiting:
        for name in _imports(waiting.pop()):
            first = name.split(".")[0]
            beside = script.with_name(f"{first}.py")
            if first != _PACKAGE and not beside.is_file():
                packages.add(first)
            for path in _module_files(name, library) if first == _PACKAGE else _lender(beside):
                if path not in found:
                    found.add(path)
                    if path.suffix == ".py":
                        waiting.append(path)
    return sorted(found), sorted(packages)


def packages_of(script: Path, library: Path) -> list[str]:
    """Distributions that a script uses, directly or through the library, by their names in the lock, sorted."""
    return sorted({_DISTRIBUTIONS.get(name, name) for name in import_closure(script, library)[1]})


def locked_versions(lock: Path) -> dict[str, str]:
    """Versions that the lock file pins, by lower-case distribution name."""
    pins = re.findall(
        r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return {name.lower().replace("_", "-"): version for name, version in pins}


@functools.cache
def _imports(path: Path) -> tuple[str, ...]:
    """Dotted names that a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names |= {
                f"{node.module}.{alias.name}" for alias in node.names if node.module.startswith(_PACKAGE)
            }
    return tuple(sorted(names))


def _lender(beside: Path) -> list[Path]:
    """A script that lends functions to others, as a list of one; of another name, nothing."""
    return [beside] if beside.is_file() and not beside.name.startswith("_") else []


def _module_files(name: str, library: Path) -> list[Path]:
    """Source files of a dotted library name, its packages' ``__init__`` and the data files of its folder."""
    parts = name.split(".")[1:]
    files = [library / "__init__.py"]
    folder = library
    for part in parts:
        module, package = folder / f"{part}.py", folder / part
        if module.is_file():
            files.append(module)
        if not package.is_dir():
            break
        folder = package
        files.append(folder / "__init__.py")
    templates = folder / "templates"
    if templates.is_dir():
        files += [path for path in templates.iterdir() if path.is_file()]
    return [path for path in files if path.is_file()]
