"""What the Snakemake workflow catalog and Snakedeploy look for, and one version everywhere.

The catalog's conventions: https://snakemake.github.io/snakemake-workflow-catalog, "Adding workflows". That the
workflow is linted and formatted is part of `make lint`.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from hetflow import __version__
from hetflow.start import DEFAULT_STUDY, read_studies
from hetflow.study.load import check_study

ROOT = Path(__file__).resolve().parents[2]


def test_the_workflow_lies_where_the_catalog_looks() -> None:
    readme = (ROOT / "README.md").read_text().lower()
    assert "snakemake" in readme
    assert "workflow" in readme
    assert (ROOT / "workflow" / "Snakefile").is_file()
    assert list((ROOT / "workflow" / "rules").glob("*.smk"))
    assert (ROOT / "config" / "README.md").is_file()
    assert (ROOT / "LICENSE").is_file()


def test_the_catalog_is_told_how_the_workflow_is_used() -> None:
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert usage["mandatory-flags"] == {"desc": None, "flags": None}
    assert usage["software-stack-deployment"] == {"conda": True, "apptainer": False, "apptainer+conda": False}
    assert usage["report"] is True


def test_every_rule_that_calls_python_names_the_conda_environment() -> None:
    """Else `--sdm conda`, which the catalog advertises, would run a rule with another Python."""
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for rule in re.split(r"^\s*rule ", path.read_text(), flags=re.MULTILINE)[1:]:
            if "$HETFLOW_PYTHON" in rule:
                assert '"../../envs/hetflow.yaml"' in rule, f"{path.name}: {rule.split(':')[0]}"


def test_the_places_that_commands_read_are_quoted() -> None:
    """Else a clone in a folder whose name holds a blank cannot run."""
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        text = path.read_text()
        assert text.count("$HETFLOW_") == len(re.findall(r'"\$HETFLOW_[A-Z]+(?:/\w+\.py)?"', text)), path.name


def test_the_report_s_captions_are_there() -> None:
    """Else `snakemake --report`, which the catalog advertises, fails."""
    named = [
        path.parent / caption
        for path in [ROOT / "workflow" / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]
        for caption in re.findall(r'"([^"]*report/\w+\.rst)"', path.read_text())
    ]
    assert len(named) >= 4
    assert all(path.is_file() for path in named)


def test_the_default_study_is_what_config_yaml_says() -> None:
    assert DEFAULT_STUDY == "config/config.yaml"
    named = yaml.safe_load((ROOT / DEFAULT_STUDY).read_text())
    given = read_studies([], {}, ROOT)
    assert list(named) == ["study_file"]
    assert Path(given.source).resolve() == ROOT / named["study_file"]
    assert check_study(given.values, given.source).study == Path(named["study_file"]).stem


def test_no_file_is_a_link_since_archives_and_copies_lose_them() -> None:
    for folder in ("config", "envs", "workflow", "profiles", "examples"):
        assert not [path for path in (ROOT / folder).rglob("*") if path.is_symlink()]


HEADINGS = re.findall(
    r"^## (\d+\.\d+\.\d+) - (unreleased|\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
)


def test_the_version_of_the_code_is_the_newest_of_the_changelog() -> None:
    assert __version__ == HEADINGS[0][0]


def test_every_place_names_the_same_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert project["version"] == __version__
    assert citation["version"] == __version__
    released = HEADINGS[0][1]
    if released == "unreleased":
        assert "date-released" not in citation
    else:
        assert str(citation["date-released"]) == released


def test_headings_of_the_changelog_fall_and_only_the_newest_may_be_unreleased() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert len(re.findall(r"^## ", text, re.MULTILINE)) == len(HEADINGS)
    versions = [tuple(int(part) for part in version.split(".")) for version, _ in HEADINGS]
    assert versions == sorted(set(versions), reverse=True)
    assert all(when != "unreleased" for _, when in HEADINGS[1:])
    dates = [when for _, when in HEADINGS if when != "unreleased"]
    assert dates == sorted(dates, reverse=True)


@pytest.mark.parametrize("name", ["README.md", "docs/module.md", "docs/releases.md", "docs/hpc.md"])
def test_pages_name_no_version_that_the_changelog_does_not_have(name: str) -> None:
    named = set(re.findall(r"\bv(\d+\.\d+\.\d+)\b", (ROOT / name).read_text()))
    assert named <= {version for version, _ in HEADINGS}


def test_the_contents_of_the_long_page_name_its_headings_in_their_order() -> None:
    text = (ROOT / "docs" / "validation.md").read_text()
    named = re.findall(r"^- \[(.*)\]\(#([\w-]+)\)$", text, re.MULTILINE)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert [title for title, _ in named] == headings, "bring the list under Contents up to date"
    for title, anchor in named:
        assert anchor == re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
