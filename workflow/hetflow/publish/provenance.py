"""Who did what: a step and a tool for each rule, an action for each job (Provenance Run Crate 0.5, Leo et al. 2024)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from hetflow.publish.entities import Entity, ref
from hetflow.publish.jobs import Job, moment

WORKFLOW, ENGINE, RUN, DATA = "workflow/Snakefile", "#snakemake", "#run", "#data"
_DONE = "http://schema.org/CompletedActionStatus"


def tool_of(job: Job, files: Mapping[str, bytes]) -> str:
    """The script that did a job, or the rule where a shell command did it."""
    script = f"workflow/scripts/{job.script}.py"
    return script if job.script and script in files else f"#rule-{job.rule}"


def steps(jobs: Sequence[Job], files: Mapping[str, bytes]) -> list[Entity]:
    """One step a rule, in the order in which their first jobs began on this account of the graph, and its tool."""
    found: dict[str, Entity] = {}
    for rule in _order(jobs):
        job = next(one for one in jobs if one.rule == rule)
        tool = tool_of(job, files)
        found[f"#step-{rule}"] = {
            "@id": f"#step-{rule}",
            "@type": "HowToStep",
            "name": rule,
            "position": str(len(found) + 1),
            "workExample": ref(tool),
        }
    return list(found.values())


def _order(jobs: Sequence[Job]) -> list[str]:
    """Rules, each after those whose files it reads; by name where the graph leaves it open."""
    maker = {output: job.rule for job in jobs for output in job.outputs}
    before: dict[str, set[str]] = {job.rule: set() for job in jobs}
    for job in jobs:
        before[job.rule] |= {maker[path] for path in job.inputs if path in maker} - {job.rule}
    order: list[str] = []
    while len(order) < len(before):
        ready = sorted(rule for rule in before if rule not in order and before[rule] <= set(order))
        order += ready or sorted(set(before) - set(order))
    return order


def tools(
    jobs: Sequence[Job], files: Mapping[str, bytes], version: str, required: Mapping[str, Sequence[str]]
) -> list[Entity]:
    """The scripts and shell commands, with the packages that each script requires (identifiers, by script)."""
    found: dict[str, Entity] = {}
    for job in jobs:
        name = tool_of(job, files)
        shell = name.startswith("#")
        found[name] = {
            "@id": name,
            "@type": "SoftwareApplication" if shell else ["File", "SoftwareSourceCode"],
            "name": f"Rule {job.rule}" if shell else f"Script {job.script}",
            "softwareVersion" if shell else "version": version,
            "url": "https://snakemake.github.io",
        }
        if not shell:
            found[name] |= {"programmingLanguage": ref("#python"), "encodingFormat": "text/x-python"}
            found[name]["softwareRequirements"] = [ref(one) for one in required.get(str(job.script), ())]
    return [found[name] for name in sorted(found)]


def action_name(job: Job) -> str:
    """How the crate names what a job did."""
    return f"#job-{quote(job.name, safe='/-._')}"


def _control_name(job: Job) -> str:
    return f"#control-{quote(job.name, safe='/-._')}"


def actions(jobs: Sequence[Job], files: Mapping[str, bytes], agents: list[Entity]) -> list[Entity]:
    """What each job did, and what started it."""
    found: list[Entity] = []
    for job in jobs:
        name = action_name(job)
        entity: Entity = {
            "@id": name,
            "@type": "CreateAction",
            "name": f"{job.rule}: {job.outputs[0]}",
            "description": f"Job of the rule {job.rule}",
            "instrument": ref(tool_of(job, files)),
            "object": [ref(place(path, files)) for path in job.inputs],
            "result": [ref(place(path, files)) for path in job.outputs],
            "startTime": moment(job.started),
            "endTime": moment(job.ended),
            "actionStatus": _DONE,
        }
        if agents:
            entity["agent"] = [ref(agent["@id"]) for agent in agents]
        control = {
            "@id": _control_name(job),
            "@type": "ControlAction",
            "name": f"Start of {job.rule}: {job.outputs[0]}",
            "instrument": ref(f"#step-{job.rule}"),
            "object": ref(name),
        }
        found += [entity, control]
    return found


def place(path: str, files: Mapping[str, bytes]) -> str:
    """How the crate names what a job read or wrote: a file of its own, or one that was withheld."""
    if path in files:
        return path
    parts = [part for part in path.split("/") if part != "settings"]
    settings = "/".join(["settings", *parts])
    if path.endswith(".json") and "settings" in path.split("/") and settings in files:
        return settings
    if path in {"figures", "tables", "reporting"}:
        return f"{path}/"
    return f"#withheld-{quote(path, safe='/-._')}"


def withheld(
    jobs: Sequence[Job], files: Mapping[str, bytes], data: str, sha256: str
) -> tuple[list[Entity], dict[str, str]]:
    """What jobs read and wrote and is not published: named, but for the data file, of which only the hash is told.

    Returns
    -------
    entities : list of Entity
    renamed : dict of str to str
        Names that stand for others in what `actions` gives.
    """
    renamed, found = {}, {}
    for path in sorted({path for job in jobs for path in (*job.inputs, *job.outputs)}):
        name = place(path, files)
        if not name.startswith("#withheld-"):
            continue
        if path == data:
            renamed[name] = DATA
            continue
        found[name] = {"@id": name, "@type": "CreativeWork", "name": path, "description": "Not published"}
    raw = {
        "@id": DATA,
        "@type": "PropertyValue",
        "name": "SHA-256 of the raw data file, which is not published",
        "value": sha256,
        "exampleOfWork": ref("#parameter-data"),
    }
    return [raw, *found.values()], renamed


def whole(
    jobs: Sequence[Job], results: Sequence[str], settings: Sequence[str], agents: list[Entity]
) -> list[Entity]:
    """The run as a whole, and the engine that organised it."""
    times = {
        "startTime": moment(min(job.started for job in jobs)),
        "endTime": moment(max(job.ended for job in jobs)),
    }
    run: Entity = {
        "@id": RUN,
        "@type": "CreateAction",
        "name": "Run of the study",
        "description": "From the raw data file and the study file to the report",
        "instrument": ref(WORKFLOW),
        "object": [ref(DATA), *(ref(name) for name in settings)],
        "result": [ref(name) for name in results],
        "actionStatus": _DONE,
    } | times
    organised: Entity = {
        "@id": "#organise",
        "@type": "OrganizeAction",
        "name": "Snakemake's run of the workflow",
        "instrument": ref(ENGINE),
        "object": [ref(_control_name(job)) for job in jobs],
        "result": ref(RUN),
    } | times
    if agents:
        for action in (run, organised):
            action["agent"] = [ref(agent["@id"]) for agent in agents]
    return [run, organised]
