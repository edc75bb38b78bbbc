"""Keeping a run's aggregates, so that a rerun can be compared with what was before it."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from pathlib import Path

from hetflow import __version__
from hetflow.compare.read import FIGURE, KEPT, KEPT_FACTS, MANIFEST, RESULTS, TABLE, Run, read_run
from hetflow.compare.stores import Folder
from hetflow.disk import write_bytes
from hetflow.errors import refuse
from hetflow.files import write_json
from hetflow.study.base import NAME

FOLDER = "kept"
LABEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_PAGE = "report.html"


def keep(results: Path, label: str) -> Path:
    """Copy what holds no row of a unit, held to its checksums, into ``kept/<study>-<label>`` beside the run's folder.

    Kept are the report, its figures, its tables as CSV, and the manifest with all settings; a file of any other name is
    never copied.

    Parameters
    ----------
    results : Path
        Folder of a finished run.
    label : str
        Lower-case letters, digits, ``_`` and ``-``, at most 40.

    Returns
    -------
    Path
        The new folder.

    Raises
    ------
    hetflow.errors.Refused
        If the run is not finished or damaged, the label is no such name, or there is such a copy already.
    """
    if not LABEL.fullmatch(label):
        expected = "lower-case letters, digits, _ and -, at most 40, the first a letter or digit"
        refuse("LABEL", expected, label, "give another one, like LABEL=before")
    run = read_run(results)
    if run.kind != RESULTS:
        remedy = "name the run's own folder, like results/opt"
        refuse(str(results), f"a {RESULTS}", f"a {run.kind}", remedy)
    study = str(run.report["study"])
    if not re.fullmatch(NAME, study):
        refuse(f"{results}: {MANIFEST}", "a study's name", study, "name a run of hetflow")
    target = results.resolve().parent / FOLDER / f"{study}-{label}"
    _refuse_existing(target)
    files = _files(results, run)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
    try:
        for name, content in files.items():
            write_bytes(content, draft / name)
        write_json({"study": study, "label": label, "hetflow": __version__}, draft / KEPT_FACTS, "facts")
        _refuse_existing(target)
        os.rename(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _refuse_existing(target: Path) -> None:
    if target.exists() or target.is_symlink():
        remedy = "give another LABEL, or remove that copy yourself"
        refuse(str(target), "no copy of that name: none is overwritten", f"a {KEPT}", remedy)


def _files(results: Path, run: Run) -> dict[str, bytes]:
    """The manifest, and of its artefacts those whose names are on the list."""
    store = Folder(results)
    wanted = [
        name for name in run.artefacts if name == _PAGE or TABLE.fullmatch(name) or FIGURE.fullmatch(name)
    ]
    files = {name: store.read(name) for name in wanted}
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != run.artefacts[name]:
            remedy = "start the run again: it makes anew what is damaged"
            refuse(f"{results}: {name}", "the file that was written", "another SHA-256", remedy)
    return files | {MANIFEST: store.read(MANIFEST)}
