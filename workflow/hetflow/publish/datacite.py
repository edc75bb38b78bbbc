"""The description that DataCite and Zenodo read, and the archive's own page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

UNKNOWN = ":unkn"
"""DataCite's word for what is not known."""
_SPDX = re.compile(r"[A-Za-z0-9.+-]+")


def datacite(
    report: Mapping[str, Any], publish: Mapping[str, Any], year: int, software: str
) -> dict[str, Any]:
    """Metadata in DataCite's schema 4.5; the identifier is given by whoever registers it.

    Parameters
    ----------
    report, publish : mapping
        Settings of the page and of publishing.
    year : int
        In which the run ended; `publish` may name another.
    software : str
        Version of hetflow.
    """
    said = report["report"]
    found: dict[str, Any] = {
        "schemaVersion": "http://datacite.org/schema/kernel-4",
        "titles": [{"title": report["title"]}],
        "creators": [_creator(author) for author in said["authors"]] or [{"name": UNKNOWN}],
        "publisher": {"name": publish["publisher"]},
        "publicationYear": str(publish["year"] or year),
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Results of a clinical or cohort study"},
        "version": publish["version"],
        "subjects": [{"subject": word} for word in publish["keywords"]],
        "descriptions": [
            {"descriptionType": kind, "description": text}
            for kind, text in (
                ("Abstract", said["summary"].strip()),
                ("TechnicalInfo", f"Made by hetflow {software}; an RO-Crate (Provenance Run Crate 0.5)."),
                ("Other", f"Data: {said['citation'].strip()}" if said["citation"].strip() else ""),
            )
            if text
        ],
        "fundingReferences": [_funding(funder) for funder in publish["funders"]],
    }
    if said["licence"]:
        found["rightsList"] = [_rights(said["licence"].strip())]
    return {key: value for key, value in found.items() if value}


def _creator(author: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": author["name"], "nameType": "Personal"}
    if author.get("affiliation"):
        found["affiliation"] = [{"name": author["affiliation"]}]
    if author.get("orcid"):
        found["nameIdentifiers"] = [
            {
                "nameIdentifier": f"https://orcid.org/{author['orcid']}",
                "nameIdentifierScheme": "ORCID",
                "schemeUri": "https://orcid.org",
            }
        ]
    return found


def _funding(funder: Mapping[str, Any]) -> dict[str, Any]:
    found = {"funderName": funder["name"]}
    name = funder.get("identifier") or ""
    if name:
        found["funderIdentifier"] = name
        found["funderIdentifierType"] = "ROR" if "ror.org" in name else "Crossref Funder ID"
    if funder.get("award"):
        found["awardNumber"] = funder["award"]
    return found


def _rights(text: str) -> dict[str, str]:
    if _SPDX.fullmatch(text):
        return {
            "rights": text,
            "rightsIdentifier": text.lower(),
            "rightsIdentifierScheme": "SPDX",
            "rightsUri": f"https://spdx.org/licenses/{text}",
        }
    return {"rights": text}


def readme(report: Mapping[str, Any], threshold: int, suppressed: Mapping[str, int]) -> str:
    """The archive's own page."""
    said = "\n".join(f"- {rule}: {number}" for rule, number in suppressed.items()) or "- nothing"
    cited = report["report"]["citation"].strip()
    return (
        f"# {report['title']}\n\n"
        f"{report['report']['summary'].strip()}\n\n"
        "`report.html` tells the results and opens without a network. `figures/` and `tables/` hold what it shows, "
        "`reporting/` filled checklists and text for a paper, `settings/` the resolved study, `workflow/` and `envs/` "
        "what made it. `manifest.json` lists every artefact of the run, those that are not published included, by a "
        "hash that is keyed by the data file; `sha256sum --check SHA256SUMS` checks this archive. "
        "`ro-crate-metadata.json` describes all of it, with every job.\n\n"
        f"No file holds a row of a unit. Counts below {threshold} are not shown, and others are hidden or rounded so "
        "that tables do not tell them by subtraction; `disclosure.csv` lists what was suppressed, `disclosure.json` "
        f"also what a person should look at:\n\n{said}\n" + (f"\nData: {cited}\n" if cited else "")
    )
