"""Random streams keyed by purpose; fingerprints of the code behind a script."""

from __future__ import annotations

import shutil
from pathlib import Path

from hetflow.seeds import generator, integer_seed
from hetflow.sources import code_fingerprint, import_closure, locked_versions

ROOT = Path(__file__).resolve().parents[2]


def test_a_stream_depends_on_its_key_alone() -> None:
    assert generator(7, "impute", 3).integers(1 << 40) == generator(7, "impute", 3).integers(1 << 40)
    draws = {
        generator(*key).integers(1 << 60)
        for key in [
            (7, "impute", 3),
            (7, "impute", 4),
            (8, "impute", 3),
            (7, "impute", "3"),
            (7, "impute3"),
            (7, "imput", "e", 3),
        ]
    }
    assert len(draws) == 6


def test_integer_seeds_fit_the_libraries() -> None:
    assert all(0 <= integer_seed(1, "x", i) < 2**31 for i in range(1000))


def _copy(folder: Path) -> tuple[Path, Path, Path]:
    shutil.copytree(
        ROOT / "workflow", folder / "workflow", ignore=shutil.ignore_patterns("__pycache__", "resources")
    )
    shutil.copytree(ROOT / "envs", folder / "envs")
    return folder / "workflow" / "scripts", folder / "workflow" / "hetflow", folder / "envs" / "lock.txt"


def test_a_fingerprint_follows_imports_and_not_the_place(tmp_path: Path) -> None:
    scripts, library, lock = _copy(tmp_path / "a")
    here = code_fingerprint(
        ROOT / "workflow" / "scripts" / "folds.py", ROOT / "workflow" / "hetflow", ROOT / "envs" / "lock.txt"
    )
    assert code_fingerprint(scripts / "folds.py", library, lock) == here


def test_only_scripts_that_import_an_edited_module_change(tmp_path: Path) -> None:
    from hetflow import sources

    scripts, library, lock = _copy(tmp_path)
    edited = library / "nuisance" / "folds.py"
    names = sorted(path for path in scripts.glob("*.py") if not path.name.startswith("_"))
    before = {path.name: code_fingerprint(path, library, lock) for path in names}
    users = {path.name for path in names if edited in import_closure(path, library)[0]}
    edited.write_text(edited.read_text() + "\n# edited\n")
    sources._imports.cache_clear()
    after = {path.name: code_fingerprint(path, library, lock) for path in names}
    assert {name for name in before if before[name] != after[name]} == users
    assert "folds.py" in users
    assert users < set(before)


def test_a_script_that_borrows_from_another_changes_with_it() -> None:
    """What `trees` reads is read by a function of `grow`; the common command line shapes no result."""
    library = ROOT / "workflow" / "hetflow"
    scripts = ROOT / "workflow" / "scripts"
    borrowed = {
        "trees": "grow",
        "draws": "impute",
        "permutation": "impute",
        "followed": "page",
        "publish": "page",
    }
    for script, lender in borrowed.items():
        found, packages = import_closure(scripts / f"{script}.py", library)
        assert scripts / f"{lender}.py" in found, script
        assert set(import_closure(scripts / f"{lender}.py", library)[0]) <= set(found)
        assert scripts / "_command.py" not in found
        assert lender not in packages


def test_locked_versions_are_read() -> None:
    versions = locked_versions(ROOT / "envs" / "lock.txt")
    assert versions["econml"].startswith("0.17")
    assert "pytest" not in versions
