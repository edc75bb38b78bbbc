"""The JSON schema of the study file, for editors' completion and checks."""

from __future__ import annotations

import json
from typing import Any

from hetflow.study.model import Study


def study_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a study file."""
    schema = Study.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text() -> str:
    """The schema as the committed file holds it."""
    return json.dumps(study_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
