"""Score patients who are not in the study: effect, interval, and whether they are like the patients studied."""

from __future__ import annotations

from argparse import Namespace
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
from _command import Command
from hetflow.cohort.columns import Column, columns_from_json
from hetflow.cohort.matrix import covariate_codes
from hetflow.cohort.new_units import type_new_units
from hetflow.cohort.readers import read_raw
from hetflow.cohort.views import covariates
from hetflow.disk import write_text
from hetflow.errors import refuse_all
from hetflow.files import read_arrays, read_json, read_table, write_table
from hetflow.forest.effects import effects
from hetflow.forest.likeness import unlike
from hetflow.forest.stored import StoredTrees, from_arrays, score
from hetflow.missingness.imputer import from_arrays as imputer_from_arrays
from hetflow.missingness.new_units import complete_new_units
from hetflow.study.blinding import never_blinded
from hetflow.study.routes import ROUTES
from scipy.stats import norm

COMMAND = (
    Command(__doc__)
    .reads("data", "settings", "facts", "cohort", "deployment", "estimates")
    .reads("completed", "imputers", "trees", several=True)
    .writes("table", "readable")
)


def work(arguments: Namespace) -> None:
    """Type and complete the new patients, score them by the forest of every imputation, pool, write."""
    settings = read_json(arguments.settings, "settings")
    refuse_all([*never_blinded(settings.get("blinded"), ["predict"])])
    columns = columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"])
    deployment = read_json(arguments.deployment, "settings")
    missingness, seed = deployment["missingness"], deployment.get("seed", 0)
    strategy, kept = missingness["strategy"], missingness.get("keep_mask", ())
    level = read_json(arguments.estimates, "settings")["estimates"]["confidence"]
    where = str(arguments.data)
    helpers = ROUTES[strategy].chained
    typed = type_new_units(
        read_raw(arguments.data, settings["data"]), settings, columns, where, helpers=helpers
    )
    cohort = read_table(arguments.cohort, "cohort")
    forests = _forests(arguments.trees)
    cate: list[np.ndarray] = []
    variance: list[np.ndarray] = []
    flags: list[np.ndarray] = []
    reasons: list[list[str]] = []
    for path, stored in zip(sorted(arguments.completed), sorted(arguments.imputers), strict=True):
        completed = read_table(path, "completed")
        new = complete_new_units(
            typed,
            cohort,
            completed,
            columns,
            strategy,
            where,
            keep_mask=kept,
            imputer=imputer_from_arrays(read_arrays(stored), str(stored)),
            seed=seed,
            imputation=int(path.stem),
        )
        own, names, nominal = _matrix(columns, completed)
        X, _, _ = _matrix(columns, new)
        found = effects(score(forests[path.stem], X))
        flag, reason = unlike(X, own, names, nominal)
        cate.append(found[0])
        variance.append(found[1])
        flags.append(flag)
        reasons.append(reason)
    table = _pooled(np.array(cate), np.array(variance), level)
    table = table.assign(unlike=np.any(flags, axis=0).astype(np.int8), why=_first(reasons))
    table.insert(0, "unit", typed["unit"].to_numpy())
    write_table(table, arguments.table, "predictions")
    write_text(table.to_csv(index=False), arguments.readable)


def _forests(paths: list[Path]) -> dict[str, list[StoredTrees]]:
    """Shards by imputation, in the order of their bags; a file is .../<imputation>/<sample>/<shard>.npz."""
    forests: dict[str, list[StoredTrees]] = defaultdict(list)
    for path in sorted(paths):
        forests[path.parent.parent.name].append(from_arrays(read_arrays(path), str(path)))
    return forests


def _matrix(columns: list[Column], frame: pd.DataFrame) -> tuple[np.ndarray, list[str], np.ndarray]:
    return covariate_codes(frame, covariates(columns, frame))


def _pooled(cate: np.ndarray, variance: np.ndarray, level: float) -> pd.DataFrame:
    """Mean over imputations with the forests' sampling error alone, and the spread over imputations apart from it."""
    several = len(cate) > 1
    se = np.sqrt(variance.mean(axis=0))
    mean, half = cate.mean(axis=0), norm.ppf(0.5 + level / 2) * se
    spread = cate.std(axis=0, ddof=1) if several else np.full(len(mean), np.nan)
    interval = {"lower": mean - half, "upper": mean + half}
    return pd.DataFrame({"cate": mean, "se": se} | interval | {"between_imputations": spread})


def _first(reasons: list[list[str]]) -> list[str]:
    """The first imputation's reason that says something, for each patient."""
    return [next((said for said in several if said), "") for several in zip(*reasons, strict=True)]


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
