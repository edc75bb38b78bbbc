"""The smallest study that is accepted, to change; and where the bundled ones lie."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

CONFIG = Path(__file__).resolve().parents[1] / "config"
#: Files of that folder that are no studies: which study is the default, and what a computing site provides.
OTHERS = ("config.yaml", "site.yaml")
#: The bundled ones, which the first table of the folder's README lists; a user's own may lie beside them.
STUDIES = [
    CONFIG / name
    for name in sorted(re.findall(r"^\| `(\w+\.yaml)` \|", (CONFIG / "README.md").read_text(), re.MULTILINE))
]

HEADER = ["id", "arm", "age", "site", "y0", "y1"]


def minimal() -> dict[str, Any]:
    """The smallest study that is accepted."""
    return {
        "study": "tiny",
        "title": "A tiny study",
        "data": {"file": "tiny.csv", "unit": "id"},
        "estimand": {
            "population": "adults",
            "treatments": "drug or placebo",
            "variable": "change at week 12",
            "intercurrent_events": "treatment policy",
            "summary": "difference of means",
        },
        "design": {"kind": "randomised", "probability": 0.5},
        "treatment": {"column": "arm", "treated": [1], "control": [0]},
        "outcomes": {"change": {"expression": "y1 - y0", "label": "Change", "better": "higher"}},
        "outcome": "change",
        "dictionary": {"age": {"role": "covariate", "kind": "continuous"}},
    }


def changed(path: str, value: Any) -> dict[str, Any]:
    """The minimal study with one key set; the path's parts are joined by slashes."""
    study = copy.deepcopy(minimal())
    *folders, last = path.split("/")
    inner = study
    for part in folders:
        inner = inner.setdefault(part, {})
    inner[last] = value
    return study
