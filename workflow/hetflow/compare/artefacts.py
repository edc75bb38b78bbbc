"""Where two runs part: the files of every stage, compared by the hashes that the manifests list."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hetflow.compare.read import Run
from hetflow.study.appraisals import APPRAISALS

#: Stages in the order in which a run goes through them, with the names of their files.
STAGES: dict[str, re.Pattern[str]] = {
    stage: re.compile(pattern)
    for stage, pattern in {
        "cohort": r"(cohort|outcomes|reasons|flow|baseline)\.parquet|(cohort|feasible)\.json",
        "folds": r"folds\.parquet",
        "what is missing": r"missingness/.*",
        "completed covariates": r"[^/]+/(completed/.*|guards\.json)",
        "nuisances": r"[^/]+/nuisance/.*",
        "forests": r"[^/]+/(cate|forest|trees)/.*",
        "drawn outcomes": r"[^/]+/outcome_draws/.*",
        "scores": r"[^/]+/scores/.*",
        "estimates": r"estimates\.parquet|[^/]+/(estimates|curves|displays|joint)\.parquet|[^/]+/covariance\.npz|"
        r"[^/]+/notices\.json|[^/]+/permutations/.*",
        "appraisals": rf"[^/]+/({'|'.join([*APPRAISALS, 'sensitivity', 'refits'])})/.*",
        "analysis plan": r"plan/.*",
        "report": r"report\.html|(figures|tables|reporting)/.*",
        "other files": r".*",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Stage:
    """Files of one stage.

    Attributes
    ----------
    name : str
    same, differ, only_a, only_b : int
        Files with the same and with another hash; files of one run only.
    """

    name: str
    same: int
    differ: int
    only_a: int
    only_b: int

    @property
    def identical(self) -> bool:
        """Whether both runs have the same files, byte for byte."""
        return not (self.differ or self.only_a or self.only_b)


def stages(a: Run, b: Run) -> list[Stage]:
    """Every stage that left a file in either run, in the order of the workflow."""
    counts: dict[str, list[int]] = {}
    for name in {*a.artefacts, *b.artefacts}:
        stage = next(one for one, pattern in STAGES.items() if pattern.fullmatch(name))
        was, now = a.artefacts.get(name), b.artefacts.get(name)
        place = 3 if was is None else 2 if now is None else int(was != now)
        counts.setdefault(stage, [0, 0, 0, 0])[place] += 1
    return [Stage(name, *counts[name]) for name in STAGES if name in counts]
