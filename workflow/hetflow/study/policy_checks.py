"""What is refused of the section `policy`, in the user's words."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from hetflow.errors import Problem
from hetflow.study.model import Study
from hetflow.study.policy import harm_analysis
from hetflow.study.said import said

#: Names that rules of the study may not take.
RESERVED = ("effect", "risk", "random", "all", "none")


def policy_problems(study: Study, source: str) -> Iterator[Problem]:
    """What cannot work in the section of a study whose keys are each valid."""
    asked = study.policy
    for name, rule in asked.rules.items():
        where = f"{source}: policy.rules.{name}"
        if (rule.covariate is None) == (rule.column is None):
            found = "both" if rule.covariate else "neither"
            yield Problem(where, "exactly one of `covariate` and `column`", found, "keep the one that ranks")
        if name in RESERVED:
            remedy = "choose another name"
            yield Problem(where, f"a name other than {', '.join(RESERVED)}, which are taken", name, remedy)
    for key in ("covariates", "depths"):
        values = [str(value) for value in getattr(asked, key)]
        if twice := sorted({value for value in values if values.count(value) > 1}):
            yield Problem(f"{source}: policy.{key}", "each once", f"{', '.join(twice)} twice", "keep one")
    if asked.min_leaf != "auto" and asked.min_leaf < study.minimum_cell_count:
        yield Problem(
            f"{source}: policy.min_leaf",
            f"at least minimum_cell_count ({study.minimum_cell_count}): the leaves are printed with their counts",
            str(asked.min_leaf),
            f"write {study.minimum_cell_count} or more",
        )
    yield from _harm_problems(study, source)


def _harm_problems(study: Study, source: str) -> Iterator[Problem]:
    asked = study.policy
    where = f"{source}: policy.harm"
    if asked.harm is None:
        if asked.exchange_rate is not None:
            found = f"exchange_rate {asked.exchange_rate} without `harm`"
            yield Problem(
                f"{source}: policy.exchange_rate", "a harm to exchange", found, "name `policy.harm`"
            )
        return
    if asked.harm not in study.outcomes:
        expected = f"one of the outcomes {', '.join(study.outcomes)}"
        yield Problem(where, expected, asked.harm, "name one of them, or add it under `outcomes`")
        return
    judged = {
        study.analyses[name].outcome or study.outcome for name in asked.analyses if name in study.analyses
    }
    if asked.harm in judged:
        yield Problem(where, "an outcome other than the benefit", asked.harm, "name a second outcome")
    elif harm_analysis(study) is None:
        yield Problem(
            where,
            f"an analysis with `outcome: {asked.harm}` that does not impute outcomes: it makes the scores of the harm",
            "none",
            f"add one under `analyses`, for instance `harm: {{outcome: {asked.harm}}}`",
        )


def policy_columns(study: Study, columns: Collection[str], known: set[str]) -> Iterator[Problem]:
    """Columns that a resolved analysis' policy names and that the data file or the dictionary does not offer."""
    if not study.policy.analyses:
        return
    numeric = ("continuous", "count", "ordinal", "binary", None)
    names = {f"policy.covariates[{i}]": name for i, name in enumerate(study.policy.covariates)}
    ranked = {f"policy.rules.{name}": rule for name, rule in study.policy.rules.items()}
    names |= {key: rule.covariate for key, rule in ranked.items() if rule.covariate}
    for key, name in names.items():
        if name not in known:
            yield Problem(key, "a column of role covariate", name, "correct the name or its role")
    for key, rule in ranked.items():
        name = rule.covariate or rule.column or ""
        role = said(study, name, "role", columns) if name in columns else None
        if rule.column and role not in ("covariate", "auxiliary"):
            found = (
                f"{name}, role {role or 'ignore'}"
                if name in columns
                else f"{name}, no column of the data file"
            )
            remedy = "give it the role auxiliary if it was known before treatment, or name another"
            yield Problem(key, "a column of role covariate or auxiliary", found, remedy)
        elif name in columns and said(study, name, "kind", columns) not in numeric:
            remedy = "name a covariate with an order"
            yield Problem(key, "a covariate with an order", f"{name}, nominal", remedy)
