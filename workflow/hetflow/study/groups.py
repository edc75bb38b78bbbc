"""What is wrong with rules that make groups of units, in the user's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hetflow.errors import Problem

if TYPE_CHECKING:
    from hetflow.study.model import Study


def rule_problems(study: Study) -> Iterator[Problem]:
    """Rules of one resolved analysis that make no groups; `where` is the key."""
    for name, rule in study.estimates.rules.items():
        given = [key for key in ("quantiles", "cuts", "levels") if getattr(rule, key)]
        if len(given) != 1:
            yield Problem(
                f"estimates.rules.{name}",
                "exactly one of `quantiles`, `cuts` and `levels`",
                " and ".join(given) or "none",
                "keep the one that makes the groups",
            )
        if rule.cuts and sorted(set(rule.cuts)) != rule.cuts:
            yield Problem(
                f"estimates.rules.{name}.cuts",
                "cut points that ascend",
                str(rule.cuts),
                "sort them and drop repeats",
            )
