"""The OPT trial's covariates as a typed frame, built straight from the raw export."""
# ruff: noqa: SIM905 (lists of names read better as text)

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column

RAW = Path(__file__).parents[1] / "workflow" / "resources" / "opt" / "opt.csv"

YES_NO = (
    "Black White Nat.Am Asian Hisp Public.Asstce Diabetes Use.Tob Use.Alc Drug.Add Prev.preg Live.PTB "
    "Any.stillbirth Spont.ab Induced.ab Any.live.ptb.sb.sp.ab.in.ab"
).split()
COUNTS = "BL.Cig.Day BL.Drks.Day N.prev.preg N.living.kids N.qualifying.teeth".split()
CONTINUOUS = (
    "Age BMI BL.GE BL..BOP BL.PD.avg BL..PD.4 BL..PD.5 BL.CAL.avg BL..CAL.2 BL..CAL.3 BL.Calc.I BL.Pl.I"
).split()
LABORATORY = (
    "BL.DNA BL.Univ BL.AA BL.PG BL.TD BL.TF BL.PI BL.CR BL.FN BL.S7 "
    "BL..AA BL..PG BL..TD BL..TF BL..PI BL..CR BL..FN BL..S7"
).split()
SERUM = "OAA1 OCR1 OFN1 OPG1 OPI1 OTD1 OTF1 OCRP1 O1B1 O61 O81 OPGE21 OTNF1 OMMP91 OFIBRIN1".split()
CONDITIONS = {
    "BL.Diab.Type": "Diabetes == 'Yes'",
    "BL.Cig.Day": "Use.Tob == 'Yes'",
    "BL.Drks.Day": "Use.Alc == 'Yes'",
} | dict.fromkeys(
    (
        "N.prev.preg Live.PTB Any.stillbirth Spont.ab Induced.ab Any.live.ptb.sb.sp.ab.in.ab N.living.kids"
    ).split(),
    "Prev.preg == 'Yes'",
)
LEVELS = {
    "Hypertension": ("N", "Y"),
    "BL.Diab.Type": ("Type I", "Type II"),
    "Education": ("LT 8 yrs", "8-12 yrs", "MT 12 yrs"),
    "ETXU_CAT1": ("1", "2", "3", "4", "5"),
    "Clinic": ("KY", "MN", "MS", "NY"),
} | dict.fromkeys(YES_NO, ("No", "Yes"))
KINDS = (
    {"Clinic": "nominal", "Education": "ordinal", "ETXU_CAT1": "ordinal", "Hypertension": "binary"}
    | {"BL.Diab.Type": "binary"}
    | dict.fromkeys(YES_NO, "binary")
    | dict.fromkeys(COUNTS, "count")
    | dict.fromkeys([*CONTINUOUS, *LABORATORY, *SERUM], "continuous")
)


def opt_columns() -> list[Column]:
    """The 71 baseline covariates; blocks are left undeclared, so that they have to be found."""
    return [
        Column(name, kind, levels=LEVELS.get(name), applicable_if=CONDITIONS.get(name))
        for name, kind in KINDS.items()
    ]


@cache
def _raw() -> pd.DataFrame:
    raw = pd.read_csv(RAW, dtype=str, keep_default_na=False).apply(lambda series: series.str.strip())
    return raw.mask(raw.isin(["", "."]))


def _typed(raw: pd.DataFrame, column: Column) -> pd.Series:
    text = raw[column.name]
    if column.kind == "nominal":
        return text.astype(str).where(text.notna())
    if column.levels is not None:
        codes = {level: float(code) for code, level in enumerate(column.levels)}
        return text.map(codes).astype("float64")
    return text.astype("float64")


def opt_frame() -> pd.DataFrame:
    """unit, 71 covariates and their ``__applies``; 823 rows."""
    raw = _raw()
    parts: dict[str, object] = {"unit": np.arange(len(raw), dtype=np.int64)}
    for column in opt_columns():
        values = _typed(raw, column)
        if column.applicable_if is not None:
            parent = raw[column.applicable_if.split()[0]]
            applies = np.where(parent.isna(), np.nan, (parent == "Yes").astype(float))
            values = values.mask(applies == 0, float(column.not_applicable))
            parts[column.applies] = applies
        parts[column.name] = values
    return pd.DataFrame(parts)


def opt_arm() -> np.ndarray:
    """1 treated, 0 control."""
    return (_raw()["Group"] == "T").to_numpy().astype(np.int8)


def opt_outcome() -> np.ndarray:
    """Change of periodontal depth, mm; missing: NaN."""
    raw = _raw()
    return (raw["V5.PD.avg"].astype(float) - raw["BL.PD.avg"].astype(float)).to_numpy()
