"""Where hetflow's own files lie: beside the Snakefile that is read, or, if that comes out of Git, in a checkout.

Snakemake fetches a Snakefile and what it includes from a Git host one file at a time; scripts and the library are many
files that belong together, so the commit is written out whole, once, into Snakemake's cache. This file itself is
fetched and run before there is a library: it imports nothing of it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

PARTS = ("workflow", "envs", "config")
"""What a run reads of the project."""


def folder_of(workflow: Any) -> Path:
    """The folder ``workflow`` of the Snakefile that is being read.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        Knows where the Snakefile comes from and where Snakemake keeps its cache.

    Raises
    ------
    SystemExit
        If the Snakefile comes from a place of which only single files can be had.
    """
    base = workflow.current_basedir
    if hasattr(base, "repo_path") or hasattr(base, "hosted_repo"):
        return checked_out(_repository(base), base.ref, base.path, Path(workflow.sourcecache.cache_path))
    if base.is_local:
        return Path(base).resolve()
    raise _refused(str(base.get_path_or_uri(secret_free=True)))


def _repository(base: Any) -> Any:
    """The Git repository, on this disk, of a Snakefile's folder: the user's own clone, or Snakemake's of a host's."""
    if hasattr(base, "repo_path"):
        import git

        return git.Repo(base.repo_path)
    return base.hosted_repo.repo


def checked_out(repository: Any, ref: str, folder: str, cache: Path) -> Path:
    """A commit's files on disk, written once and never changed.

    Parameters
    ----------
    repository : git.Repo
        Where the commit is.
    ref : str
        Tag, branch or commit.
    folder : str
        Path of the folder ``workflow`` in the repository.
    cache : Path
        Folder below which it is written; several processes may do so at once.

    Returns
    -------
    Path
        The folder ``workflow``.
    """
    commit = repository.git.rev_parse("--verify", f"{ref}^{{commit}}")
    above = os.path.dirname(folder)
    place = cache / "hetflow" / "-".join([commit, *filter(None, above.split("/"))])
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{place.name}.", dir=place.parent))
        try:
            _write(repository, f"{commit}:{above}" if above else commit, draft)
            os.rename(draft, place)
        except OSError:
            if not place.is_dir():  # another process has not written it either
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return place / os.path.basename(folder)


def _write(repository: Any, tree: str, folder: Path) -> None:
    with tempfile.TemporaryFile() as packed:
        repository.git.archive(tree, *PARTS, output_stream=packed)
        packed.seek(0)
        with tarfile.open(fileobj=packed) as archive:
            archive.extractall(folder, filter="data")


def _refused(found: str) -> SystemExit:
    """Say which places do."""
    said = [
        "\nRefused. 1 thing must be mended first:",
        "1. the Snakefile of hetflow",
        "    expected: a path, or a place in Git: github(...), gitlab(...) or git+file://...",
        f"    found:    {found}",
        "    what to do: clone hetflow and name workflow/Snakefile of the clone; see docs/module.md\n",
    ]
    print("\n".join(said), file=sys.stderr)
    return SystemExit(1)
