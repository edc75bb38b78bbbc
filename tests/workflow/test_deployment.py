"""The same rules under environment modules, Apptainer and conda: stand-ins of their commands show what is called.

None of the three is installed for the tests. Each stand-in writes down how it was called and then runs the job, so
that the order of the wrapping and the Python that a job calls are those of a real run.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from small_project import Project

pytestmark = pytest.mark.xdist_group("deployment")

TARGET = "results/small/cohort.parquet"
SITE = f"container: hetflow.sif\nmodules: [python/3.11, openblas]\npython: {sys.executable}\n"

APPTAINER = """\
#!/bin/bash
[ "$1" = --version ] && exec echo "apptainer version 1.3.6"
echo "$APPTAINERENV_HETFLOW_PYTHON $@" >> calls
exec env -u HETFLOW_PYTHON HETFLOW_PYTHON="$APPTAINERENV_HETFLOW_PYTHON" "${@: -3}"
"""
MODULE = "() { echo module $* >> calls; }"
ACTIVATE = 'echo activate "$1" >> calls; export PATH="$1/bin:$PATH"\n'


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """The small project, nothing computed, with a place for stand-ins."""
    project = Project(tmp_path / "project")
    (project.folder / "bin").mkdir()
    return project


def stand_in(project: Project, name: str, text: str) -> None:
    """A program of this name that comes first on the path."""
    place = project.folder / "bin" / name
    place.write_text(text)
    place.chmod(0o755)


def run(project: Project, method: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Make one file with software that is deployed."""
    command = [sys.executable, "-m", "snakemake", TARGET, "--cores", "1", "--sdm", method]
    environment = os.environ | {"PATH": f"{project.folder / 'bin'}:{os.environ['PATH']}"} | variables
    return subprocess.run(
        [*command, "--configfile", "config/small.yaml"],
        cwd=project.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def calls(project: Project) -> str:
    """What the stand-ins wrote down."""
    return (project.folder / "calls").read_text()


def site(project: Project, text: str = SITE) -> None:
    """Write the site's file."""
    (project.folder / "config" / "site.yaml").write_text(text)


def test_modules_are_loaded_before_a_job(fresh: Project) -> None:
    site(fresh)
    done = run(fresh, "env-modules", **{"BASH_FUNC_module%%": MODULE})
    assert done.returncode == 0, done.stderr
    assert calls(fresh).splitlines()[-2:] == ["module purge", "module load python/3.11 openblas"]
    assert (fresh.folder / TARGET).exists()


def test_a_job_runs_in_the_site_s_image(fresh: Project) -> None:
    site(fresh)
    stand_in(fresh, "apptainer", APPTAINER)
    done = run(fresh, "apptainer")
    assert done.returncode == 0, done.stderr
    last = calls(fresh).splitlines()[-1]
    assert last.startswith(f"{sys.executable} exec --home {fresh.folder}")
    assert " hetflow.sif bash -c " in last
    assert (fresh.folder / TARGET).exists()


def test_a_job_calls_the_python_of_a_conda_environment(fresh: Project) -> None:
    base = fresh.folder / "conda"
    (base / "bin").mkdir(parents=True)
    (base / "bin" / "activate").write_text(ACTIVATE)
    info = {"conda_prefix": str(base), "root_prefix": str(base), "platform": "linux-64"}
    stand_in(
        fresh,
        "conda",
        f"""#!/bin/bash
case "$*" in
  *--version) echo "conda 24.7.1" ;;
  info*) echo {shlex.quote(json.dumps(info))} ;;
  *channel_priority*) echo '{{"get": {{"channel_priority": "strict"}}}}' ;;
  *create*)
    echo "$@" >> calls
    while [ "$1" != --prefix ]; do shift; done
    mkdir -p "$2/bin" && printf '#!/bin/sh\\nexec {sys.executable} "$@"\\n' > "$2/bin/python"
    chmod +x "$2/bin/python" ;;
esac
""",
    )
    done = run(fresh, "conda")
    assert done.returncode == 0, done.stdout + done.stderr
    said = calls(fresh)
    assert "env create" in said
    assert "activate" in said.splitlines()[-1]
    assert (fresh.folder / TARGET).exists()


def test_without_deployment_jobs_use_the_python_that_runs_snakemake(fresh: Project) -> None:
    site(fresh, "python: /nowhere/python\n")
    fresh.snakemake(TARGET)
    assert (fresh.folder / TARGET).exists()


WRONG = {
    "no image": ("apptainer", "modules: [a]\n", "the image of every rule"),
    "no modules": ("env-modules", "container: a.sif\n", "the modules that hold Python"),
    "an unknown key": ("conda", "image: a.sif\n", "one of container, modules, python"),
    "a command for a name": ("conda", "container: a.sif; rm -rf x\n", "one word"),
    "modules in one text": ("env-modules", "modules: a b\n", "a list of module names"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_site_that_does_not_say_what_is_needed_is_refused(fresh: Project, case: str) -> None:
    method, text, said = WRONG[case]
    site(fresh, text)
    done = run(fresh, method)
    assert done.returncode != 0
    assert said in done.stderr
    assert "config/site.yaml" in done.stderr
    assert "Traceback" not in done.stderr
