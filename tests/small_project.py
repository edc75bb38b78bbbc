"""A small study in a copy of the project, run by the real command."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from hetflow.disk import sha256
from hetflow.files import read_json

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "workflow", "profiles", "config", "envs")


def small_data(units: int = 240) -> pd.DataFrame:
    """A trial of two sites: two complete covariates, a block of three missing together, an outcome with gaps."""
    rng = np.random.default_rng(20261)
    age = rng.normal(50, 10, units).round(2)
    female = rng.integers(0, 2, units)
    lab = rng.normal(size=(units, 3)).round(3) + 0.3 * (age[:, None] - 50) / 10
    arm = np.tile([0, 1], units // 2)
    y0 = rng.normal(10, 1, units).round(3)
    y1 = (y0 + 0.5 * arm * (1 + (age - 50) / 10) + 0.4 * lab[:, 0] + rng.normal(size=units)).round(3)
    frame = pd.DataFrame(
        {
            "id": np.arange(1000, 1000 + units),
            "site": np.where(np.arange(units) % 4 < 2, "North", "South"),
            "arm": arm,
        }
        | {"age": age, "female": np.where(female == 1, "Yes ", "No"), "y0": y0, "y1": y1}
    ).astype({"y1": object})
    for index in range(3):
        values = lab[:, index].astype(object)
        values[rng.permutation(units)[: units // 4] if index < 0 else np.arange(units) % 4 == 1] = "."
        frame[f"lab{index}"] = values
    frame.loc[np.arange(units) % 15 == 7, "y1"] = ""
    return frame


STUDY = """\
study: small
title: A small study
seed: 5
data: {file: small.csv, unit: id, missing_codes: ["", "."]}
estimand: {population: adults, treatments: drug or placebo, variable: change, intercurrent_events: none, summary: mean}
design: {kind: randomised, probability: 0.5, strata: [site]}
treatment: {column: arm, treated: [1], control: [0]}
outcomes:
  change: {expression: y1 - y0, label: Change, unit: points, better: higher}
outcome: change
folds: 3
dictionary:
  age: {role: covariate, kind: continuous, unit: years}
  female: {role: covariate, kind: binary, levels: ["No", "Yes"]}
  site: {role: covariate, kind: nominal}
  "lab*": {role: covariate, kind: continuous, block: laboratory}
missingness: {imputations: 2, iterations: 2}
nuisance: {outcome: linear}
forest: {trees: 80, held_out_trees: 8, shard_bags: 10}
stability: {analyses: []}
estimates:
  groups: 2
  rules: {older: {covariate: age, cuts: [50]}}
  projection: [age]
  ranking_draws: 50
splits: {number: 6, job_splits: 4, groups: 2}
learners: {methods: [linear, t], base: linear}
analyses:
  primary: {label: Primary}
  complete_variables: {label: Complete variables, missingness: {strategy: complete_variables}}
"""


class Project:
    """A copy of the project with the small study in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        ignore = shutil.ignore_patterns("__pycache__", "resources", ".snakemake")
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=ignore)
            else:
                shutil.copy2(source, folder / part)
        small_data().to_csv(folder / "small.csv", index=False)
        self.study.write_text(STUDY)

    @classmethod
    def there(cls, folder: Path) -> Project:
        """The project that lies in a folder already."""
        project = object.__new__(cls)
        project.folder = folder
        return project

    def copy(self, folder: Path) -> Project:
        """A copy of it with all that it has made, to change."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project.there(folder)

    @property
    def study(self) -> Path:
        """The small study's file."""
        return self.folder / "config" / "small.yaml"

    def command(self, *options: str) -> list[str]:
        """The command line that runs the small study."""
        cores = [] if "--cores" in options else ["--cores", "2"]
        return [sys.executable, "-m", "snakemake", *options, *cores, "--configfile", "config/small.yaml"]

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of the command, with what is given besides."""
        own = {"XDG_CACHE_HOME": str(self.folder / ".cache")}
        return os.environ | {"PYTHONHASHSEED": "0"} | own | more

    def snakemake(self, *options: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        """Run snakemake on the small study, in a process group of its own; `more` are environment variables."""
        command = self.command(*options)
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
            start_new_session=True,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
        return done

    def verify(self) -> subprocess.CompletedProcess[str]:
        """What `make verify-run` does."""
        command = [sys.executable, "workflow/scripts/verify_run.py", "--study", "config/small.yaml"]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    @property
    def results(self) -> Path:
        """The small study's results."""
        return self.folder / "results" / "small"

    def digests(self) -> dict[str, str]:
        """SHA-256 of the manifest and of every artefact that it lists, as they are on disk."""
        listed = read_json(self.results / "manifest.json", "facts")["artefacts"]
        return {name: sha256(self.results / name) for name in ["manifest.json", *listed]}

    def would_run(self) -> Counter[str]:
        """Rules of a dry run, with their number of jobs; `study` and `all` left out."""
        done = self.snakemake("--dry-run", "--quiet", "reason")
        text = done.stdout + done.stderr
        if "Nothing to be done" in text:
            return Counter()
        stats = text.split("Job stats:")[1].split("total")[0]
        counts = re.findall(r"^(\w+) +(\d+)$", stats, flags=re.MULTILINE)
        return Counter({rule: int(number) for rule, number in counts if rule not in {"study", "all"}})

    def edit(self, old: str, new: str) -> None:
        """Replace a piece of the study file."""
        text = self.study.read_text()
        assert text.count(old) == 1, old
        self.study.write_text(text.replace(old, new))
