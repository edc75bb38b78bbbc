"""The raw data of a blinded run: treatment permuted before anything is made of it or written.

The permutation must not be undone by anybody who has the results and this code. Its stream is keyed by a digest of the
identifiers and the treatment as assigned, both of which the results do not hold: whoever does not know the arms cannot
draw the permutation again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.eligibility import Selection, arms, select
from hetflow.cohort.ingest import ingest, open_source
from hetflow.cohort.permute import donors
from hetflow.cohort.source import Source
from hetflow.cohort.values import text_of
from hetflow.errors import refuse
from hetflow.seeds import generator


def blinded(raw: pd.DataFrame, settings: Mapping[str, Any]) -> pd.DataFrame:
    """The raw data as a run may see them.

    Parameters
    ----------
    raw : DataFrame
        From `hetflow.cohort.readers.read_raw`.
    settings : mapping
        The cohort's slice of the study.

    Returns
    -------
    DataFrame
        `raw` itself, unless the settings say that the run is blinded. Then the cells of the treatment column are
        permuted: among eligible units of the compared arms within strata (and levels by which the probability of
        treatment differs), by whole clusters where treatment is a cluster's; among the other units of these arms apart,
        so that each arm keeps its number of eligible units (of clusters, if these are permuted). Everything else,
        missing outcomes among it, stays with its unit.

    Raises
    ------
    Refused
        As ingest does; also if an eligibility rule tells the arms apart.
    """
    if not settings.get("blinded"):
        return raw
    # What an open run would refuse: a column that is the treatment itself, for instance.
    ingest(raw, settings)
    source, chosen = _chosen(raw, settings)
    order = np.arange(len(raw))
    rng = generator(int(settings["blinded"]["seed"]), "blinded", _secret(raw, settings))
    rows = chosen.rows
    whose = donors(chosen.treated, _groups(source, settings, rows), _clusters(source, settings, rows), rng)
    order[rows] = rows[whose]
    arm = arms(source, settings["treatment"])
    others = np.setdiff1d(np.flatnonzero(arm >= 0), rows)
    order[others] = rng.permutation(others)
    column = str(settings["treatment"]["column"])
    hidden = raw.copy(deep=False)
    hidden[column] = raw[column].to_numpy()[order]
    if not np.array_equal(_chosen(hidden, settings)[1].rows, rows):
        refuse(
            "blinded",
            "eligibility rules that do not tell the compared arms apart",
            f"a rule that reads {column} and keeps other units once the arms are permuted",
            "write the rule without the treatment; which arms are compared is said under `treatment`",
        )
    return hidden


def _chosen(raw: pd.DataFrame, settings: Mapping[str, Any]) -> tuple[Source, Selection]:
    source = open_source(raw, settings)
    randomised = settings["design"]["kind"] == "randomised"
    return source, select(source, settings["treatment"], settings.get("eligibility") or [], randomised)


def _secret(raw: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """SHA-256 over every row's identifier and treatment as they stand in the raw file."""
    digest = hashlib.sha256()
    for name in (settings["data"]["unit"], settings["treatment"]["column"]):
        for cell in raw[name]:
            text = "" if pd.isna(cell) else text_of(cell)
            digest.update(f"{len(text)}:{text}".encode())
    return digest.hexdigest()


def _groups(source: Source, settings: Mapping[str, Any], rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Strata as codes: within them, arms could have been assigned otherwise."""
    design = settings["design"]
    names = [*(design.get("strata") or []), design.get("probability_column")]
    parts = [_codes(source, str(name), rows) for name in names if name]
    if not parts:
        return np.zeros(len(rows), dtype=np.intp)
    return np.unique(np.column_stack(parts), axis=0, return_inverse=True)[1].reshape(-1).astype(np.intp)


def _clusters(source: Source, settings: Mapping[str, Any], rows: NDArray[np.intp]) -> NDArray[np.intp] | None:
    name = settings["design"].get("cluster")
    return _codes(source, str(name), rows) if name else None


def _codes(source: Source, name: str, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """A column's values as codes; gaps, which ingest refuses, are one more."""
    texts = [None if pd.isna(value) else text_of(value) for value in source.clean(name, rows).series]
    return pd.factorize(pd.Series(texts, dtype=object), sort=True)[0].astype(np.intp)
