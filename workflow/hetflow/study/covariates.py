"""Covariates that the study names: whether the dictionary makes them covariates, of a kind that suits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from hetflow.errors import Problem, close_names
from hetflow.study.analyses import named_covariates, resolve_all
from hetflow.study.auxiliaries import auxiliary_problems
from hetflow.study.base import PRIMARY
from hetflow.study.confounding import benchmark_problems
from hetflow.study.expressions import ExpressionError, names, parse
from hetflow.study.model import Study
from hetflow.study.policy_checks import policy_columns
from hetflow.study.risk import score_problems
from hetflow.study.said import said

_LEVELLED = ("binary", "ordinal", "nominal")


def covariate_problems(study: Study, source: str, header: Sequence[str] | None) -> list[Problem]:
    """What is wrong with the covariates that estimates and outcomes name.

    Parameters
    ----------
    study : Study
    source : str
        The study file's name, for the messages.
    header : sequence of str or None
        Columns of the data file; without them there is nothing to look up.
    """
    if header is None or len(header) < 2 or not _resolvable(study):
        return []  # nothing to look up, or a file that was not split into columns
    columns = dict.fromkeys([*header, *study.derived])  # in order, and quick to look up among ten thousand
    known = {name for name in columns if said(study, name, "role", columns) == "covariate"}
    if not known:
        remedy = "write for instance `age: {role: covariate, kind: continuous}`"
        return [Problem(f"{source}: dictionary", "at least one column of role covariate", "none", remedy)]
    problems: dict[tuple[str, str], Problem] = {}
    for analysis, resolved in resolve_all(study).items():
        prefix = "" if analysis == PRIMARY else f"analyses.{analysis}."
        found = (
            *_unknown(resolved, columns, known),
            *_kinds(resolved, columns),
            *_kept(resolved, columns, known),
            *auxiliary_problems(resolved, columns),
            *policy_columns(resolved, columns, known),
            *score_problems(resolved, columns, known),
            *benchmark_problems(resolved, columns, known),
        )
        for problem in found:
            placed = Problem(
                f"{source}: {prefix}{problem.where}", problem.expected, problem.found, problem.remedy
            )
            problems.setdefault((problem.where, problem.found), placed)
    groups = _groups(study, source, columns)
    return [*problems.values(), *groups, *_outcomes_of_covariates(study, source, known)]


def _resolvable(study: Study) -> bool:
    """Whether every analysis' overrides fit; what does not is said elsewhere."""
    try:
        resolve_all(study)
    except ValueError:
        return False
    return True


def _unknown(study: Study, columns: Collection[str], known: set[str]) -> Iterator[Problem]:
    described = {f"splits.covariates[{i}]": name for i, name in enumerate(study.splits.covariates)}
    for key, name in (named_covariates(study) | described).items():
        if name in known:
            continue
        close = close_names(name, sorted(known))
        remedy = f"did you mean {' or '.join(close)}?" if close else f"name one of {_some(known)}"
        if name in columns:
            role = said(study, name, "role", columns) or "ignore"
            found = f"{name}, whose role is {role}"
            remedy = "give it the role covariate if it was known before treatment, or name another"
        else:
            found = f"{name}, no column of the data file"
        yield Problem(key, "a column of role covariate", found, remedy)


def _kinds(study: Study, columns: Collection[str]) -> Iterator[Problem]:
    for name, rule in study.estimates.rules.items():
        kind = said(study, rule.covariate, "kind", columns)
        where = f"estimates.rules.{name}"
        if rule.levels and kind is not None and kind not in _LEVELLED:
            expected = "a binary, ordinal or nominal covariate for `levels`"
            yield Problem(where, expected, f"{rule.covariate}, {kind}", "give `cuts` or `quantiles`")
        if kind == "nominal" and (rule.cuts or rule.quantiles):
            expected = "a covariate with an order for `cuts` and `quantiles`"
            yield Problem(where, expected, f"{rule.covariate}, nominal", "write `levels: true`")


def _kept(study: Study, columns: Collection[str], known: set[str]) -> Iterator[Problem]:
    """Covariates of `keep_mask` whose gaps may not be told to the nuisances of a trial."""
    if study.missingness.strategy != "selective" or study.design.kind != "randomised":
        return
    for i, name in enumerate(study.missingness.keep_mask):
        if name in known and not said(study, name, "mask_fixed_before_randomisation", columns):
            yield Problem(
                f"missingness.keep_mask[{i}]",
                "a covariate of which it was settled before randomisation who would miss it",
                f"{name}, of which the dictionary does not say so",
                "write `mask_fixed_before_randomisation: true` if that is so; otherwise leave it out: an indicator "
                "of anything later is a post-treatment variable",
            )


def _groups(study: Study, source: str, columns: Collection[str]) -> Iterator[Problem]:
    """Columns by whose levels missing values are counted: in the cohort, and with levels."""
    usable = {
        name
        for name in columns
        if said(study, name, "role", columns) in ("covariate", "auxiliary")
        and said(study, name, "kind", columns) in _LEVELLED
    }
    for place, name in enumerate(study.missingness.groups):
        if name in usable:
            continue
        role, kind = said(study, name, "role", columns) or "ignore", said(study, name, "kind", columns)
        of_kind = f", kind {kind}" if kind else ""
        found = f"{name}, role {role}{of_kind}" if name in columns else f"{name}, no column of the data file"
        expected = "a binary, ordinal or nominal column of role covariate or auxiliary"
        remedy = f"name one of {_some(usable)}" if usable else "remove the key"
        yield Problem(f"{source}: missingness.groups[{place}]", expected, found, remedy)


def _outcomes_of_covariates(study: Study, source: str, known: set[str]) -> Iterator[Problem]:
    """Outcomes that covariates determine: every column of their expression is one."""
    for name, outcome in study.outcomes.items():
        if not outcome.expression:
            continue
        try:
            used = names(parse(outcome.expression))
        except ExpressionError:
            continue
        if used and used <= known:
            yield Problem(
                f"{source}: outcomes.{name}.expression",
                "an outcome that covariates do not determine",
                f"{', '.join(sorted(used))}, all of role covariate",
                "set role: outcome for what was measured after treatment",
            )


def _some(known: set[str]) -> str:
    shown = sorted(known)[:8]
    return ", ".join(shown) + (", ..." if len(known) > len(shown) else "")
