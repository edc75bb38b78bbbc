"""What explains what, as far as two runs can tell: only what follows from what is and is not the same."""

from __future__ import annotations

from hetflow.compare.cells import DIFFERENT, ROUNDING, SAME, TOLERANCE
from hetflow.compare.compared import Comparison
from hetflow.compare.estimates import Estimate
from hetflow.report import formats as fmt
from hetflow.report.words import listed, opening

SEED, SETTINGS, DATA, SOFTWARE = "the seed", "settings", "the data", "code or versions"
#: Stages that make no estimate: the plan that was frozen is held against what was done, and the report tells it.
_TELLING = {"planned", "report"}


def causes(found: Comparison) -> list[str]:
    """What the runs were made from that differs: seed, settings, data, code or versions."""
    apart = {
        SEED: any(one.is_seed for one in found.settings),
        SETTINGS: any(not one.is_seed for one in found.settings),
        DATA: not found.data.same_file,
        SOFTWARE: bool(found.code or found.versions),
    }
    return [cause for cause, differs in apart.items() if differs]


def headline(found: Comparison) -> str:
    """What differs, in a few words."""
    apart = causes(found)
    if not apart:
        return "Nothing that the runs were made from"
    return opening(listed(apart)) if len(apart) > 1 else f"Only {apart[0]}"


def explanations(found: Comparison) -> list[str]:
    """Sentences, the weightiest first."""
    said = [_cause(found), _begins(found), _size(found), _beyond(found), _forms(found)]
    return [one for one in said if one]


def _cause(found: Comparison) -> str:
    apart = causes(found)
    if not apart:
        return _nothing(found)
    if len(apart) > 1:
        return (
            f"{opening(listed(apart))} differ at once: which of them moved a number cannot be told from these two "
            "runs. Change one at a time to tell."
        )
    told = {SEED: _seed, SETTINGS: _settings, DATA: _data, SOFTWARE: _software}
    return told[apart[0]](found)


def _nothing(found: Comparison) -> str:
    same = "Data, settings, seed, code and versions are the same"
    if found.identical:
        return f"{same}, and so is every file, byte for byte."
    if found.a.public != found.b.public and not found.number_changed:
        return f"{same}, and no number of the tables differs."
    more = (
        "by more than rounding, which should not be: look at the machines, or whether a file was made by hand"
        if found.number_changed
        else "by rounding at most, as results of different kinds of processors do"
    )
    return f"{same}, yet files differ: numbers {more}."


def _seed(found: Comparison) -> str:
    said = (
        "Only the seed of the random draws differs: data, all other settings, code and versions are the same. All "
        "differences are chance of the computation (folds, imputations, half-samples, permutations), and say nothing "
        "about the data."
    )
    if found.conclusion_changed:
        said += (
            " A conclusion that another seed changes rests on that chance and should not be reported as settled. More "
            "trees and imputations lessen it, but for what the draw of the folds adds."
        )
    return said


def _settings(found: Comparison) -> str:
    stages = sorted({stage for one in found.settings for stage in one.stages})
    said = "Only settings differ: data, seed, code and versions are the same."
    if set(stages) <= _TELLING:
        return (
            f"{said} No stage that makes an estimate reads them: only what is told of the study can differ."
        )
    return f"{said} Whatever differs follows from them. They are read by the stages {listed(stages)}."


def _data(found: Comparison) -> str:
    return (
        "Only the data file differs: settings, seed, code and versions are the same. Whatever differs follows from the "
        "data, and from random draws that fall otherwise on other data."
    )


def _software(found: Comparison) -> str:
    return (
        "Only code or versions differ: data, settings and seed are the same. Whatever differs follows from the "
        "software, or from another kind of processor."
    )


def _begins(found: Comparison) -> str:
    """The first stage whose files differ."""
    first = next((place for place, stage in enumerate(found.stages) if not stage.identical), None)
    if first is None or first == 0:
        return ""
    before = listed([stage.name for stage in found.stages[:first]])
    return (
        f"The files of {before} are the same, byte for byte; the first that differ are of the stage "
        f"“{found.stages[first].name}”."
    )


def _size(found: Comparison) -> str:
    """How many estimates differ, and by how much at most."""
    both = [one for one in found.estimates if one.state in (SAME, ROUNDING, DIFFERENT)]
    moved = [one for one in both if one.state == DIFFERENT]
    if not both:
        return "The runs have no estimate in common."
    if not moved:
        rounding = sum(one.state == ROUNDING for one in both)
        by = f", {fmt.count(rounding)} of them to rounding (a relative {TOLERANCE:g})" if rounding else ""
        return f"All {fmt.count(len(both))} estimates that both runs have agree{by}."
    said = f"Of {fmt.count(len(both))} estimates that both runs have, {fmt.count(len(moved))} differ"
    known = [one for one in moved if abs(one.in_errors) >= 0]
    if not known:
        return f"{said}."
    most = max(known, key=lambda one: abs(one.in_errors))
    return f"{said}, the most by {errors_text(most)} standard errors ({most.analysis}: {most.label})."


def errors_text(one: Estimate) -> str:
    """A difference in standard errors as text, without its sign."""
    size = abs(one.in_errors)
    return "less than 0.01" if size < 0.005 else fmt.number(size, 2)


def _beyond(found: Comparison) -> str:
    """How many differences are more than chance of the computation."""
    known = [one.beyond for one in found.estimates if one.beyond is not None]
    if not known or not any(one.state == DIFFERENT for one in found.estimates):
        return ""
    number = sum(known)
    return (
        f"Of {fmt.count(len(known))} estimates whose Monte Carlo error is known in both runs, {fmt.count(number)} "
        f"differ{'s' if number == 1 else ''} by more than it explains; of differences that are chance alone, some 5 % "
        "would."
    )


def _forms(found: Comparison) -> str:
    """What follows from one or both runs being crates."""
    said = []
    if found.a.public != found.b.public:
        which = "A" if found.a.public else "B"
        said.append(
            f"{which} is a crate, in which small counts are suppressed, and the other is not: rows and texts may "
            "differ for that alone."
        )
    if (found.a.public or found.b.public) and not found.data.same_file:
        said.append(
            "The hashes in a crate are keyed by its data file, so that of other data every file counts as another."
        )
    return " ".join(said)
