"""ro-crate-metadata.json: the study as a Provenance Run Crate 0.5, which is a Workflow Run Crate as well.

The document is written as it is, without a library: a crate is a list of plain entities, and nothing but the run's own
times may differ between two runs. The tests have it validated from outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hetflow.publish import provenance
from hetflow.publish.archive import TIMED
from hetflow.publish.entities import Entity, file_entity, funding, licence, people, ref, software
from hetflow.publish.jobs import Job, moment
from hetflow.publish.provenance import DATA, ENGINE, WORKFLOW

_RUN_TERMS = "https://w3id.org/ro/terms/workflow-run#"
CONTEXT = [
    "https://w3id.org/ro/crate/1.1/context",
    {"sha256": f"{_RUN_TERMS}sha256"},
]
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
_OUTPUTS = {"report": "report.html", "figures": "figures/", "tables": "tables/"}
_FOLDERS = {
    "figures/": "Figures, drawn from aggregated tables",
    "tables/": "Aggregated tables",
    "reporting/": "Checklists, methods and results for a paper, references",
    "settings/": "The resolved study, one slice a stage",
    "analysis-plan/": "The analysis plan as it was frozen, with its amendments",
    "workflow/": "Source of the workflow",
    "envs/": "The environment",
}


@dataclass(frozen=True, slots=True)
class Described:
    """What the description is made of.

    Attributes
    ----------
    report, publish : dict
        Settings of the page and of publishing.
    manifest : dict
        The run's manifest.
    jobs : sequence of Job
    data : str
        Path of the raw file as the jobs name it.
    files : dict of str to bytes
        What the crate holds.
    uses : dict of str to list of str
        Packages that each script uses, by their names in the lock.
    """

    report: Mapping[str, Any]
    publish: Mapping[str, Any]
    manifest: Mapping[str, Any]
    jobs: Sequence[Job]
    data: str
    files: Mapping[str, bytes]
    uses: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def ended(self) -> str:
        """When the last job ended."""
        return moment(max(job.ended for job in self.jobs))


def crate(given: Described) -> dict[str, Any]:
    """The document as JSON values."""
    agents = [one for one in people(given.report["report"]["authors"]) if one["@type"] == "Person"]
    source = given.manifest["data"]
    kept, renamed = provenance.withheld(given.jobs, given.files, given.data, source["sha256"])
    settings = sorted(name for name in given.files if name.startswith("settings/"))
    graph = [
        _descriptor(),
        _root(given, agents),
        *_profiles(),
        *people(given.report["report"]["authors"]),
        *funding(given.publish["funders"]),
        licence(given.report["report"]["licence"]),
        {"@id": "#publisher", "@type": "Organization", "name": given.publish["publisher"]},
        *_workflow(given),
        *software(given.manifest["versions"]),
        *_parameters(),
        *_data_entities(given),
        *provenance.steps(given.jobs, given.files),
        *provenance.tools(given.jobs, given.files, given.manifest["versions"]["hetflow"], _required(given)),
        *kept,
        *provenance.whole(given.jobs, list(_OUTPUTS.values()), settings, agents),
        *provenance.actions(given.jobs, given.files, agents),
    ]
    return {"@context": CONTEXT, "@graph": [_renamed(entity, renamed) for entity in _once(graph)]}


def _required(given: Described) -> dict[str, list[str]]:
    """Identifiers of Python and the packages that each script uses, with their versions."""
    known = {one["name"]: one["@id"] for one in software(given.manifest["versions"])}
    return {
        script: [known[name] for name in ("python", *names) if name in known]
        for script, names in given.uses.items()
    }


def _once(graph: Sequence[Entity]) -> list[Entity]:
    """Entities of one name as one: a script is a file and a tool."""
    found: dict[str, Entity] = {}
    for entity in graph:
        name = entity["@id"]
        if name not in found:
            found[name] = entity
            continue
        kinds = dict.fromkeys([*_listed(found[name]["@type"]), *_listed(entity["@type"])])
        found[name] = entity | found[name] | {"@type": list(kinds) if len(kinds) > 1 else entity["@type"]}
    return list(found.values())


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """The values with names replaced; a list of one as that one."""
    if isinstance(value, dict):
        return {key: _renamed(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        several = [_renamed(inner, names) for inner in value]
        return several[0] if len(several) == 1 else several
    return names.get(value, value) if isinstance(value, str) else value


def _descriptor() -> Entity:
    return {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "about": ref("./"),
        "conformsTo": [
            ref("https://w3id.org/ro/crate/1.1"),
            ref("https://w3id.org/workflowhub/workflow-ro-crate/1.0"),
        ],
    }


def _profiles() -> list[Entity]:
    return [
        {"@id": name, "@type": "CreativeWork", "name": title, "version": version}
        for name, (title, version) in PROFILES.items()
    ]


def _root(given: Described, agents: list[Entity]) -> Entity:
    """The crate itself."""
    report, publish = given.report, given.publish
    parts = sorted(
        {*given.files, *(name for name in _FOLDERS if _holds(given, name))} - {"ro-crate-metadata.json"}
    )
    parts = [
        name for name in parts if not name.startswith("workflow/") or name in {"workflow/", *_tools(given)}
    ]
    root: Entity = {
        "@id": "./",
        "@type": "Dataset",
        "name": report["title"],
        "description": report["report"]["summary"].strip() or f"Results of the study {report['study']}",
        "datePublished": given.ended,
        "version": publish["version"],
        "license": ref(licence(report["report"]["licence"])["@id"]),
        "publisher": ref("#publisher"),
        "conformsTo": [ref(name) for name in PROFILES],
        "mainEntity": ref(WORKFLOW),
        "hasPart": [ref(name) for name in parts],
        "mentions": [
            ref("#run"),
            ref("#organise"),
            *(ref(provenance.action_name(job)) for job in given.jobs),
        ],
    }
    more = {
        "author": [ref(one["@id"]) for one in agents],
        "funder": [ref(one["@id"]) for one in funding(publish["funders"])],
        "keywords": ", ".join(publish["keywords"]),
        "citation": report["report"]["citation"].strip(),
    }
    return root | {key: value for key, value in more.items() if value}


def _tools(given: Described) -> set[str]:
    return {WORKFLOW, *(provenance.tool_of(job, given.files) for job in given.jobs)}


def _workflow(given: Described) -> list[Entity]:
    """The workflow, its language and the engine."""
    versions = given.manifest["versions"]
    engine = str(versions["packages"].get("snakemake"))
    address = "https://snakemake.github.io"
    steps = provenance.steps(given.jobs, given.files)
    main = {
        "@id": WORKFLOW,
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        "name": "hetflow",
        "description": "From a raw trial file and one study file to a report on treatment-effect heterogeneity",
        "version": versions["hetflow"],
        "url": address,
        "license": ref("https://spdx.org/licenses/MIT"),
        "programmingLanguage": ref("#snakemake-language"),
        "conformsTo": ref("https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"),
        "input": [ref("#parameter-data"), ref("#parameter-settings")],
        "output": [ref(f"#parameter-{name}") for name in _OUTPUTS],
        "step": [ref(one["@id"]) for one in steps],
        "hasPart": [ref(name) for name in sorted(_tools(given) - {WORKFLOW})],
        "softwareRequirements": [ref(one["@id"]) for one in software(versions)],
    }
    return [
        main,
        {
            "@id": "#snakemake-language",
            "@type": "ComputerLanguage",
            "name": "Snakemake",
            "url": address,
            "identifier": address,
        },
        {
            "@id": ENGINE,
            "@type": "SoftwareApplication",
            "name": "Snakemake",
            "softwareVersion": engine,
            "url": address,
        },
        {"@id": "https://spdx.org/licenses/MIT", "@type": "CreativeWork", "name": "MIT"},
    ]


def _parameters() -> list[Entity]:
    """What the workflow takes and gives."""

    def parameter(name: str, kind: str, example: str, title: str) -> Entity:
        return {
            "@id": f"#parameter-{name}",
            "@type": "FormalParameter",
            "additionalType": kind,
            "name": name,
            "description": title,
            "workExample": ref(example),
        }

    return [
        parameter("data", "PropertyValue", DATA, "The raw data file, by its hash"),
        parameter("settings", "Dataset", "settings/", "The resolved study"),
        parameter("report", "File", "report.html", "The report"),
        parameter("figures", "Dataset", "figures/", "The figures"),
        parameter("tables", "Dataset", "tables/", "The tables"),
    ]


def _holds(given: Described, folder: str) -> bool:
    return any(name.startswith(folder) for name in given.files)


def _data_entities(given: Described) -> list[Entity]:
    """Folders and files; of the source, only what a job names."""
    named = _tools(given)
    found: list[Entity] = []
    for folder, title in _FOLDERS.items():
        inside = [name for name in sorted(given.files) if name.startswith(folder)]
        entity: Entity = {"@id": folder, "@type": "Dataset", "name": title, "description": title}
        if folder != "workflow/":
            entity["hasPart"] = [ref(name) for name in inside]
        parameter = folder.rstrip("/")
        if parameter in {*_OUTPUTS, "settings"}:
            entity["exampleOfWork"] = ref(f"#parameter-{parameter}")
        if inside:
            found.append(entity)
    for name, content in sorted(given.files.items()):
        if name == "ro-crate-metadata.json" or (name.startswith("workflow/") and name not in named):
            continue
        found.append(file_entity(name, content, name in TIMED))
    for entity in found:
        if entity["@id"] == "report.html":
            entity["exampleOfWork"] = ref("#parameter-report")
        if entity["@id"] == "README.md":
            entity["about"] = ref("./")
        if entity["@id"] == WORKFLOW:
            entity.pop("name")
    return found
