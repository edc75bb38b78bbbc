"""roc-validator without a network: the one document that it fetches is vendored."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

CONTEXT_URL = "https://w3id.org/ro/crate/1.1/context"
CONTEXT = Path(__file__).parent / "reference" / "data" / "rocrate" / "context-1.1.jsonld"


def _seed(cache: Path) -> None:
    """Put the vendored context into the validator's HTTP cache."""
    import requests
    from requests.adapters import BaseAdapter
    from requests_cache import CachedSession

    class Vendored(BaseAdapter):
        """Answers every request with the context."""

        def send(self, request: Any, **_: Any) -> requests.Response:  # type: ignore[override]
            import io

            from urllib3 import HTTPResponse

            raw = HTTPResponse(
                body=io.BytesIO(CONTEXT.read_bytes()),
                status=200,
                headers={"Content-Type": "application/ld+json"},
                preload_content=False,
            )
            adapter = requests.adapters.HTTPAdapter()
            return adapter.build_response(request, raw)

        def close(self) -> None:
            """Nothing is open."""

    session = CachedSession(cache_name=str(cache), expire_after=-1)
    session.mount("https://", Vendored())
    answer = session.get(CONTEXT_URL, headers={"Accept": "application/ld+json, application/json"})
    assert answer.status_code == 200
    session.close()


def findings(crate: Path, profile: str, cache: Path, severity: str = "REQUIRED") -> tuple[list[str], int]:
    """What the validator finds wrong with a crate under a profile, and how many checks it made."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from rocrate_validator.models import Severity, ValidationSettings
        from rocrate_validator.services import validate

        _seed(cache)
    settings = ValidationSettings(
        rocrate_uri=str(crate),
        profile_identifier=profile,
        requirement_severity=Severity.get(severity),
        cache_path=cache,
        offline=True,
        skip_availability_check=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the validator uses what rdflib has deprecated
        result = validate(settings)
    said = [f"{issue.check.identifier}: {issue.message}" for issue in result.get_issues()]
    return said, len(result.executed_checks)
