"""Blinded runs: the whole pipeline on permuted arms, apart from the study's results, and what they may not do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from hetflow.errors import Problem

if TYPE_CHECKING:
    from hetflow.study.model import Study

BLINDED = "-blinded"
"""What the folder of a blinded run's results ends in; a hyphen is in no study's name."""
#: Targets that no blinded run may make, with the reason.
NEVER = {
    "publish": "numbers made from permuted arms, which are no results",
    "predict": "effects learnt from permuted arms, which no patient has",
}


def results_name(study: Study) -> str:
    """Name of the study's folder of results; a blinded run has its own."""
    return f"{study.study}{BLINDED}" if study.blinded else study.study


def folder_problems(study: Study, results: str) -> Iterator[Problem]:
    """A folder of results that a workflow which imports hetflow chose, and in which blinded results would meet others.

    Parameters
    ----------
    study : Study
    results : str
        The folder, as rules name it.
    """
    if study.blinded != results.rstrip("/").endswith(BLINDED):
        ending = f"ends in {BLINDED}" if study.blinded else f"does not end in {BLINDED}"
        yield Problem(
            "pathvars: results",
            f"a folder that {ending}, since results of permuted arms lie apart",
            results,
            "choose another folder",
        )


def blinded_settings(study: Study) -> dict[str, Any]:
    """What settings say beside the rest of a blinded run; nothing of others, so that they stay as they are."""
    return {"blinded": {"seed": study.seed}} if study.blinded else {}


def never_blinded(blinded: object, words: Iterable[str]) -> Iterator[Problem]:
    """A problem for each target of a command line that a blinded run may not make.

    Parameters
    ----------
    blinded : object
        Whether the run is blinded: a study's key, or what `blinded_settings` put into its settings.
    words : iterable of str
        Of the command line.
    """
    for word in words if blinded else ():
        if word in NEVER:
            yield Problem(
                f"blinded: {word}",
                "a study that is unblinded",
                NEVER[word],
                "set `blinded: false` (or leave `--config blinded=true` out), run the study, and start again",
            )
