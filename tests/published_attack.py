"""A published study attacked by somebody who knows the raw file but for what is suppressed: counts and means."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
from disclosure_attack import Attack, covariate_attack, told_sets
from hetflow.files import read_json
from marked_patients import RARE_LEVEL
from small_project import Project

THRESHOLD, ALLOWED = 10, 5
OTHER = "other levels"
_RANGE = re.compile(r"^(?:<= (?P<most>\S+)|\((?P<low>\S+), (?P<high>[^\]]+)\]|> (?P<least>\S+))$")


def rows(path: Path) -> list[dict[str, str]]:
    """A published table; empty where it was not published."""
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) if path.is_file() else []


def raw(project: Project) -> pd.DataFrame:
    """The raw file as text, without missing codes and blanks around."""
    frame = pd.read_csv(project.folder / "small.csv", dtype=str, keep_default_na=False)
    return frame.apply(lambda column: column.str.strip()).replace({"": None, ".": None})


def covariate_attacks(project: Project) -> dict[tuple[str, str, str], tuple[int, float]]:
    """Small counts of covariates by level and arm: how many they are, and how many counts the crate leaves possible."""
    tables, frame = project.results / "crate" / "tables", raw(project)
    gaps = {row["variable"]: row for row in rows(tables / "missing.csv")}
    arms = {"treated": frame["arm"] == "1", "control": frame["arm"] == "0"}
    sizes = {name: int(own.sum()) for name, own in arms.items()}
    baseline = pd.DataFrame(rows(tables / "baseline.csv"))
    found = {}
    for name, part in baseline.groupby("variable", sort=False):
        own = [{str(key): str(value) for key, value in row.items()} for row in part.to_dict("records")]
        attack = covariate_attack(own, gaps.get(str(name)), sizes, THRESHOLD)
        for arm, inside in arms.items():
            values = frame.loc[inside, str(name)]
            counts = {"missing": int(values.isna().sum())}
            if own[0]["statistic"].startswith("number"):
                counts |= values.replace({RARE_LEVEL: OTHER}).value_counts().to_dict()
            for level, count in counts.items():
                if (level, arm) in attack.low and 0 < count < THRESHOLD:
                    low, high = attack.interval((level, arm))
                    assert low <= count <= high, (name, level, arm)
                    found[str(name), str(level), arm] = (count, high - low + 1)
    return found


def lost_attack(project: Project, outcome: str) -> dict[str, float]:
    """How many of each arm may lack the outcome, by the tables that count those with one.

    A reader knows the arms' sizes and the number analysed.
    """
    tables, frame = project.results / "crate" / "tables", raw(project)
    estimates = [row for row in rows(tables / "estimates.csv") if row["analysis"] == "primary"]
    analysed = int(next(row["n"] for row in estimates if row["estimand"] == "ATE"))
    attack = Attack()
    for arm in ("treated", "control"):
        attack.cell(arm, "", THRESHOLD)
        size = int((frame["arm"] == ("1" if arm == "treated" else "0")).sum())
        told = [row[f"n_{arm}"] for row in rows(tables / "risk_groups.csv")]
        if told and all(text.isdigit() for text in told):
            attack.cell(arm, size - sum(map(int, told)), THRESHOLD)
    attack.total(["treated", "control"], len(frame) - analysed, THRESHOLD)
    steps = [row["label"] for row in rows(tables / "flow.csv")]
    if "Outcome observed" in steps:
        attack.cell("treated", int(frame[outcome].isna()[frame["arm"] == "1"].sum()), THRESHOLD)
    for row in rows(tables / "mechanism.csv"):
        if row["label"].startswith("outcome") and row["difference"]:
            total = len(frame) - analysed
            half = (total + float(row["difference"]) * len(frame) / 2) / 2  # arms of equal size
            attack.cell("treated", round(half), THRESHOLD)
    return {arm: attack.width(arm) for arm in ("treated", "control")}


def _of_range(values: pd.Series, label: str) -> np.ndarray | None:
    found = _RANGE.match(label)
    if found is None:
        return None
    number = values.astype(float)
    low = float(found["low"] or found["least"] or -np.inf)
    high = float(found["high"] or found["most"] or np.inf)
    return np.asarray((number > low) & (number <= high))


def _of_level(frame: pd.DataFrame, covariate: str, level: str) -> np.ndarray:
    within = _of_range(frame[covariate], level)
    return np.asarray(frame[covariate] == level) if within is None else within


def published_means(project: Project, team: bool) -> list[frozenset[int]]:
    """Sets of units whose mean score stands in a table: all, groups by rule, levels, crossed covariates, those first by
    age.

    Parameters
    ----------
    project : Project
    team : bool
        The study team's own tables in place of the published ones.
    """
    folder = project.results / ("tables" if team else "crate/tables")
    frame = raw(project)
    outcome = "relapse" if "relapse" in frame else "y1"
    kept = frame[frame[outcome].notna()].reset_index(drop=True)
    folds = pd.read_parquet(project.results / "folds.parquet").set_index("unit")["fold"]
    judged = (folds > folds.min()).to_numpy()[frame[outcome].notna().to_numpy()]
    masks = [np.ones(len(kept), dtype=bool)]
    methods = read_json(project.results / "settings" / "report.json", "settings")["methods"]["primary"]
    covariate_of = {name: rule["covariate"] for name, rule in methods["estimates"]["rules"].items()}
    for row in _tables(folder, "estimates", project, team):
        if row["analysis"] == "primary" and row["estimand"] == "rule_groups":
            masks.append(_of_level(kept, covariate_of[row["term"]], row["group"]))
    for row in _tables(folder, "figure_displays", project, team):
        if row["level"] and row["covariate"] in ("age", "ward"):
            masks.append(_of_level(kept, row["covariate"], row["level"]))
    for row in _tables(folder, "figure_modifier_cells", project, team):
        if {row["first"], row["second"]} == {"age", "female"}:
            masks.append(
                _of_level(kept, row["first"], row["first_level"])
                & _of_level(kept, row["second"], row["second_level"])
            )
    for row in _tables(folder, "figure_policy", project, team):
        if row["rule"] == "old":
            order = np.argsort(-kept["age"].astype(float).to_numpy(), kind="stable")
            first = [unit for unit in order if judged[unit]][: int(float(row["n"]))]
            masks.append(np.isin(np.arange(len(kept)), first))
    return [frozenset(np.flatnonzero(mask).tolist()) for mask in masks]


def _tables(folder: Path, name: str, project: Project, team: bool) -> list[dict[str, str]]:
    """A published table, or what the study team has in its place, before anything is left out."""
    if not team:
        return rows(folder / f"{name}.csv")
    artefacts = {
        "estimates": ["primary/estimates"],
        "figure_displays": ["primary/displays", "primary/modifiers/displays"],
        "figure_modifier_cells": ["primary/modifiers/cells"],
        "figure_policy": ["primary/policy/curves"],
    }
    paths = [project.results / f"{one}.parquet" for one in artefacts[name]]
    frames = [pd.read_parquet(path) for path in paths if path.is_file()]
    return [
        {str(key): "" if value is None else str(value) for key, value in row.items()}
        for frame in frames
        for row in frame.to_dict("records")
    ]


def told_means(project: Project, team: bool = False) -> list[int]:
    """Sizes of sets of fewer units than the threshold whose mean the published means tell."""
    return sorted(len(one) for one in told_sets(published_means(project, team), THRESHOLD - 1))
