"""The most different rows of the corpus, for the real commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from small_project import STUDY, small_data

from corpus.texts import BOMB

PYTHON = sys.executable
SNAKEMAKE = (PYTHON, "-m", "snakemake", "--cores", "1", "--configfile", "config/small.yaml")
CHECK = (PYTHON, "-m", "snakemake", "check", "--cores", "1", "--configfile", "config/small.yaml")
MAKE = ("make", "--no-print-directory", "study", "STUDY=config/small.yaml", "CORES=1")
MAKE_CHECK = ("make", "--no-print-directory", "check", "STUDY=config/small.yaml")
UNPRIVILEGED = ("setpriv", "--inh-caps=-all", "--bounding-set=-all") if os.geteuid() == 0 else ()
READ_ONLY = 'mount --bind . . && mount -o remount,ro,bind . && cd "$PWD" && exec "$@"'


@dataclass(frozen=True)
class Real:
    """A row: what is done to a project, the command, what must be said, and its exit status."""

    name: str
    command: tuple[str, ...]
    words: str
    status: int = 1
    spoil: Callable[[Path], object] = lambda folder: None
    blocked: str = ""  # a package that is not there
    plain: bool = True  # said in the four parts of a refusal


def study(change: Callable[[str], str | bytes]) -> Callable[[Path], object]:
    """Another study file."""
    made = change(STUDY)
    content = made if isinstance(made, bytes) else made.encode()
    return lambda folder: (folder / "config" / "small.yaml").write_bytes(content)


def swap(old: str, new: str) -> Callable[[Path], object]:
    """The study file with a piece replaced."""
    assert STUDY.count(old) == 1, old
    return study(lambda text: text.replace(old, new))


def table(change: Callable[[object], object]) -> Callable[[Path], object]:
    """Other data."""
    return lambda folder: change(small_data()).to_csv(folder / "small.csv", index=False)  # type: ignore[attr-defined]


def data(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    """Other bytes of the data file."""
    return lambda folder: (folder / "small.csv").write_bytes(change((folder / "small.csv").read_bytes()))


def script(name: str, *options: str) -> tuple[str, ...]:
    """A script by hand."""
    return (PYTHON, f"workflow/scripts/{name}.py", *options)


def without_rights(*command: str) -> tuple[str, ...]:
    """A command as somebody for whom permissions hold."""
    return (*UNPRIVILEGED, *command)


INGEST = [
    word
    for name in ("cohort", "outcomes", "facts", "flow", "baseline", "reasons")
    for word in (f"--{name}", f"x/{name}")
]
YTE = '__use_yte__: true\n?if open("evaluated", "w"):\n  a: 1\n'
NAN = ["NaN" if unit == 3 else unit % 2 for unit in range(240)]
KEYS = "abcdefghijklmnopqrstuvwxyz"
BOMB_OF_KEYS = "a: &a {x: 1}\n" + "".join(
    f"{new}: &{new} {{x: *{old}, y: *{old}}}\n" for old, new in pairwise(KEYS)
)

ROWS = [
    Real("an unknown key", SNAKEMAKE, "did you mean folds?", spoil=swap("folds: 3", "folds: 3\nfold: 4")),
    Real(
        "a study of the folder above",
        SNAKEMAKE,
        "letters, digits and underscores",
        spoil=swap("study: small", "study: ../up"),
    ),
    Real("a value on the command line", (*SNAKEMAKE, "--config", "folds=three"), "a whole number"),
    Real("a terminal's command", SNAKEMAKE, "control characters", spoil=swap("A small study", '"\\e[2J"')),
    Real("a bomb of aliases", SNAKEMAKE, "anchors and aliases", spoil=study(lambda _: BOMB)),
    Real(
        "a bomb of aliases through make",
        MAKE,
        "anchors and aliases",
        2,
        spoil=study(lambda text: text + BOMB_OF_KEYS),
    ),
    Real("a study that asks to be evaluated", MAKE, "which evaluates", 2, spoil=study(lambda _: YTE)),
    Real(
        "a study in Latin letters",
        MAKE_CHECK,
        "UTF-8",
        2,
        spoil=study(lambda text: text.replace("small study", "caf\xe9").encode("latin-1")),
    ),
    Real(
        "no study", MAKE, "No such file", 2, spoil=lambda folder: (folder / "config" / "small.yaml").unlink()
    ),
    Real(
        "millions of jobs",
        SNAKEMAKE,
        "files of trees",
        spoil=swap("trees: 80, held_out_trees: 8, shard_bags: 10", "trees: 1000000, shard_bags: 1"),
    ),
    Real("no data", SNAKEMAKE, "no file small.csv", spoil=lambda folder: (folder / "small.csv").unlink()),
    Real(
        "encodings mixed in the data",
        SNAKEMAKE,
        "name the file's encoding",
        spoil=data(lambda raw: raw + "9,Zü,1".encode("latin-1")),
    ),
    Real(
        "braces in the data file's name",
        SNAKEMAKE,
        "Snakemake reads as patterns",
        spoil=swap("small.csv", '"small{x}.csv"'),
    ),
    Real(
        "10,000 columns of one name",
        SNAKEMAKE,
        "each column name once",
        spoil=data(lambda raw: b"x," * 10_000 + raw),
    ),
    Real("three rows", SNAKEMAKE, "at least 30 eligible units", spoil=table(lambda frame: frame[:3])),
    Real(
        "NaN as a treatment", CHECK, "'NaN' in data row 4", spoil=table(lambda frame: frame.assign(arm=NAN))
    ),
    Real(
        "dates as text",
        CHECK,
        "numbers, not dates",
        spoil=table(lambda frame: frame.assign(age="2020-01-01")),
    ),
    Real(
        "a constant outcome",
        CHECK,
        "values that differ",
        spoil=table(lambda frame: frame.assign(y1=frame["y0"])),
    ),
    Real("a missing package", SNAKEMAKE, "no econml", blocked="econml"),
    Real("a missing package through make", MAKE_CHECK, "no pandas", 2, blocked="pandas"),
    Real("a missing package by hand", script("page", "--help"), "no matplotlib", blocked="matplotlib"),
    Real(
        "data that may not be read",
        without_rights(*SNAKEMAKE),
        "Permission denied",
        spoil=lambda folder: (folder / "small.csv").chmod(0),
    ),
    Real(
        "results that may not be written",
        without_rights(*SNAKEMAKE),
        "no permission to write",
        spoil=lambda folder: (folder / "results" / "small").chmod(0o555),
    ),
    Real(
        "a folder that may not be written",
        without_rights(*SNAKEMAKE),
        "no permission to write",
        spoil=lambda folder: folder.chmod(0o555),
    ),
    Real(
        "a disk that is read-only",
        ("unshare", "--mount", "sh", "-c", READ_ONLY, "sh", *SNAKEMAKE),
        "no permission to write",
    ),
    Real(
        "a file where results should be",
        SNAKEMAKE,
        "which is a file",
        spoil=lambda folder: (
            (folder / "results").rename(folder / "kept"),
            (folder / "results").write_text("x"),
        ),
    ),
    Real(
        "a script without its settings",
        script("ingest", "--data", "small.csv", "--settings", "none.json", *INGEST),
        "no such file",
        2,
    ),
    Real(
        "settings that somebody edited",
        script("folds", "--cohort", "small.csv", "--settings", "s.json", "--folds", "x"),
        "a damaged file",
        2,
        spoil=lambda folder: (folder / "s.json").write_text('{"hetflow": 1}'),
    ),
    Real(
        "a log that may not be written",
        script("readable", "--study", "config/small.yaml", "--log", "small.csv/x.log"),
        "The system said",
        plain=False,
    ),
    Real(
        "an option that is none",
        script("ingest", "--date", "small.csv"),
        "the following arguments are required",
        2,
        plain=False,
    ),
]
