"""A reader who adds and subtracts: counts that are not printed, narrowed by all that is (integer programming)."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

Cell = Hashable


@dataclass
class Attack:
    """What is known of cells that hold whole numbers of units.

    Attributes
    ----------
    low, high : dict of cell to float
        What is printed of a cell: equal where its count is, 1 and 9 for ``<10``, 0 and infinity where nothing is.
    sums : list of (cells, low, high)
        What is printed of sums.
    """

    low: dict[Cell, float] = field(default_factory=dict)
    high: dict[Cell, float] = field(default_factory=dict)
    sums: list[tuple[list[Cell], float, float]] = field(default_factory=list)

    def cell(self, name: Cell, printed: object, threshold: int) -> None:
        """A cell as a table prints it: a count, ``<10``, or anything else for one that is hidden."""
        text = str(printed).replace(",", "").replace("\u202f", "").strip().removesuffix(".0")
        if text.isdigit():
            low = high = float(text)
        elif text.startswith("<"):
            low, high = 1.0, threshold - 1.0
        else:
            low, high = 0.0, np.inf
        self.low[name] = max(low, self.low.get(name, 0.0))
        self.high[name] = min(high, self.high.get(name, np.inf))

    def total(self, names: Iterable[Cell], printed: object, threshold: int) -> None:
        """The sum of some cells as a table prints it; nothing is learnt where it is hidden."""
        own = Attack()
        own.cell("total", printed, threshold)
        listed = list(names)
        for name in listed:
            self.low.setdefault(name, 0.0)
            self.high.setdefault(name, np.inf)
        if np.isfinite(own.high["total"]):
            self.sums.append((listed, own.low["total"], own.high["total"]))

    def interval(self, name: Cell) -> tuple[float, float]:
        """Smallest and largest count that agrees with everything; the largest may be infinite.

        Raises
        ------
        AssertionError
            If nothing agrees: what is printed contradicts itself, or has been read wrongly.
        """
        names = list(self.low)
        place = {one: number for number, one in enumerate(names)}
        matrix = np.zeros((len(self.sums), len(names)))
        for row, (cells, _, _) in enumerate(self.sums):
            for cell in cells:
                matrix[row, place[cell]] += 1.0
        limits = (
            [LinearConstraint(matrix, *np.array([ends[1:] for ends in self.sums]).T)] if self.sums else []
        )
        ends = []
        for sign in (1.0, -1.0):
            cost = np.zeros(len(names))
            cost[place[name]] = sign
            found = milp(
                cost,
                constraints=limits,
                integrality=np.ones(len(names)),
                bounds=Bounds(list(self.low.values()), list(self.high.values())),
            )
            unbounded = found.status == 3 or (found.status == 4 and sign < 0)
            assert found.success or unbounded, found.message
            ends.append(sign * found.fun if found.success else np.inf)
        return float(round(ends[0])), float(round(ends[1])) if np.isfinite(ends[1]) else np.inf

    def width(self, name: Cell) -> float:
        """How many counts a cell may have."""
        low, high = self.interval(name)
        return high - low + 1


def covariate_attack(
    rows: list[dict[str, str]], gaps: dict[str, str] | None, arms: dict[str, int], threshold: int
) -> Attack:
    """What the baseline table and the table of missing values tell of one covariate.

    Parameters
    ----------
    rows : list of dict
        Rows of ``baseline.csv`` of one covariate to which all units belong.
    gaps : dict or None
        Its row of ``missing.csv``; None where nothing is missing or nothing is told.
    arms : dict of str to int
        Units of each arm, which the reader knows.
    threshold : int

    Returns
    -------
    Attack
        Cells are (level, arm); what misses a value is the level ``missing``, what no row names the level ``rest``.
    """
    attack = Attack()
    for arm, size in arms.items():
        for row in rows:
            counted = row["statistic"].startswith("number")
            printed = row[arm].split(" (")[0] if counted else ""
            attack.cell((row["level"] if counted else "observed", arm), printed, threshold)
        attack.cell(("missing", arm), rows[0][f"missing_{arm}"].split(" (")[0], threshold)
        if gaps is not None:
            attack.cell(("missing", arm), gaps[arm].split(" (")[0], threshold)
        if len(rows) == 1:
            attack.cell(("rest", arm), "", threshold)
        attack.total([cell for cell in attack.low if cell[1] == arm], size, threshold)  # type: ignore[index]
    if gaps is not None:
        attack.total([("missing", arm) for arm in arms], gaps["all"].split(" (")[0], threshold)
    return attack


def told_sets(
    published: Iterable[frozenset[int]], most: int, atoms_together: int = 3
) -> list[frozenset[int]]:
    """Sets of few units whose mean the means of published sets tell, by adding and subtracting.

    Units that no published set tells apart make up an atom. A mean of some atoms is told where their indicator is a
    linear combination of the published ones.

    Parameters
    ----------
    published : iterable of set of int
        Units of each published mean, whose numbers of units are known.
    most : int
        Sets of at most so many units are looked for.
    atoms_together : int
        Unions of up to so many atoms; larger ones are not looked for once some are found.
    """
    sets = [one for one in dict.fromkeys(published) if one]
    members: dict[tuple[bool, ...], set[int]] = {}
    for unit in frozenset().union(*sets):
        members.setdefault(tuple(unit in one for one in sets), set()).add(unit)
    atoms = list(members.values())
    matrix = np.array([[float(key[row]) for key in members] for row in range(len(sets))])
    span = np.linalg.svd(matrix, full_matrices=False)
    basis = span.Vh[1e-9 * span.S[0] < span.S]
    beyond = np.eye(len(atoms)) - basis.T @ basis  # what of an indicator no combination reaches
    small = [place for place, atom in enumerate(atoms) if len(atom) <= most]
    found = []
    for number in range(1, atoms_together + 1):
        for places in itertools.combinations(small, number):
            size = sum(len(atoms[place]) for place in places)
            if size <= most and abs(beyond[np.ix_(places, places)].sum()) < 1e-9:
                found.append(frozenset().union(*(atoms[place] for place in places)))
        if found:
            break
    return found
