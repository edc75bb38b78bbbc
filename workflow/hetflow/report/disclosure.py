"""Small counts: shown as ``<10``, and not to be recovered from their neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from hetflow.report import formats as fmt

HIDDEN = "hidden"
Key = tuple[str, str, str]


def small(count: float | None, minimum: int) -> bool:
    """Whether a count is between 1 and the minimum, so that it must not be shown."""
    return count is not None and fmt.known(count) and 0 < count < minimum


def shown(count: float | None, minimum: int) -> str:
    """A count, or ``<10``."""
    return f"<{minimum}" if small(count, minimum) else fmt.count(count)


def protect(counts: Sequence[float | None], minimum: int) -> list[str]:
    """Counts that add up to a known total: small ones as ``<10``, another hidden where subtraction tells.

    If the small counts together reach the minimum, and there are at least two, subtraction tells no single
    one. Else the smallest of the other positive counts is hidden as well.

    Returns
    -------
    list of str
        A count, ``<10`` or ``hidden``, in the given order.
    """
    text = [shown(count, minimum) for count in counts]
    tiny = [place for place, count in enumerate(counts) if small(count, minimum)]
    if not tiny or (len(tiny) > 1 and sum(counts[place] or 0 for place in tiny) >= minimum):
        return text
    others = [
        (count, place)
        for place, count in enumerate(counts)
        if place not in tiny and fmt.known(count) and count
    ]
    if others:
        text[min(others)[1]] = HIDDEN
    return text


def texts(
    counts: Sequence[int], keys: Sequence[Key], minimum: int, covered: Mapping[Key, str] | None
) -> list[str]:
    """Counts as text: by `protect`, or, in the public form, as `covered` says."""
    if covered is None:
        return protect(counts, minimum)
    return [covered.get(key) or fmt.count(count) for key, count in zip(keys, counts, strict=True)]


def mask_counts(frame: pd.DataFrame, columns: Sequence[str], minimum: int) -> pd.DataFrame:
    """The frame with count columns as text, small counts as ``<10``."""
    masked = frame.copy()
    for column in columns:
        if column in masked:
            masked[column] = [shown(value, minimum) for value in frame[column]]
    return masked


def enough(frame: pd.DataFrame, column: str, minimum: int) -> pd.DataFrame:
    """Rows whose count reaches the minimum."""
    return frame[frame[column] >= minimum].reset_index(drop=True)
