"""Results that an earlier version of hetflow made, though the run has ended: what Snakemake passes over.

Where a job must run again and others only wait for its file (`ancient`), Snakemake does not look at the code of these
and of those behind them: they are made anew in the run after. A run that leaves such results says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from hetflow.publish.jobs import read_records, script_of

_SAID = (
    "\nNot all results are of this version of hetflow: those of the rules {rules} are of an earlier one. Start again: "
    "they are made anew then."
)


def stale_rules(records: Path, outputs: Iterable[str], code: Mapping[str, str]) -> list[str]:
    """Rules whose outputs another code made than the one that is there.

    Parameters
    ----------
    records : Path
        ``.snakemake/metadata``.
    outputs : iterable of str
        Files of the run, as the rules name them. Others may be of an analysis that the study no longer has.
    code : mapping of str to str
        Fingerprint of the code behind each script.
    """
    wanted, found = set(outputs), set()
    for name, record in read_records(records).items():
        script = script_of(str(record.get("shellcmd")))
        if name in wanted and script and code.get(script, "") not in str(record.get("params")):
            found.add(str(record["rule"]))
    return sorted(found)


def said(rules: list[str]) -> str:
    """What is told of them at the end of a run; nothing where there are none."""
    return _SAID.format(rules=", ".join(rules)) if rules else ""
