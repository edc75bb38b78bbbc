"""What an estimand family returns: estimates with their covariance, before they are pooled and tabled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hetflow.effects.linear import Matrix, Vector

OUTCOME, BENEFIT, DESCRIPTIVE = "outcome", "benefit", "descriptive"
TWO_SIDED, GREATER = "two-sided", "greater"


@dataclass(frozen=True, slots=True)
class Terms:
    """Estimates that belong together, of one set of scores (and one completed data set).

    Attributes
    ----------
    estimand : str
        What is estimated.
    groups, terms : tuple of str, length k
        Of whom, and which coefficient or rule.
    scale : str
        ``outcome`` (treated minus control, outcome units), ``benefit`` (sign turned where lower is better) or
        ``descriptive``.
    estimate : ndarray, shape (k,)
    covariance : ndarray, shape (k, k)
    n : tuple of int, length k
        Units behind each estimate.
    df : float
        Degrees of freedom, infinite where the reference distribution is normal.
    alternative : str
        ``two-sided``, or ``greater`` for a one-sided test and lower confidence bound.
    tested : bool
        Whether a p-value is printed: only where the size of the test has been simulated.
    heterogeneity : bool
        Whether the test is one of heterogeneity (not printed in observational designs).
    interval : bool
        Whether an interval is printed: not where it is known to cover too seldom.
    """

    estimand: str
    groups: tuple[str, ...]
    terms: tuple[str, ...]
    scale: str
    estimate: Vector
    covariance: Matrix
    n: tuple[int, ...]
    df: float = np.inf
    alternative: str = TWO_SIDED
    tested: bool = False
    heterogeneity: bool = True
    interval: bool = True

    def __post_init__(self) -> None:
        k = len(self.groups)
        shapes = (len(self.terms), len(self.n), self.estimate.shape, self.covariance.shape)
        if shapes != (k, k, (k,), (k, k)):
            raise ValueError(f"{self.estimand}: {k} groups, but shapes {shapes}")


def single(
    estimand: str, group: str, term: str, scale: str, estimate: float, se: float, n: int, **more: object
) -> Terms:
    """Terms of a single estimate with its standard error."""
    return Terms(
        estimand,
        (group,),
        (term,),
        scale,
        np.array([estimate]),
        np.array([[se**2]]),
        (n,),
        **more,  # type: ignore[arg-type]
    )
