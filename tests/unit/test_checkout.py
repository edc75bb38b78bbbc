"""hetflow's files out of Git: written once, whole, and the commit's."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import git
import pytest
from hetflow.checkout import PARTS, checked_out, folder_of
from snakemake.sourcecache import GenericSourceFile, LocalGitFile, LocalSourceFile


@pytest.fixture(params=["", "sub/hetflow"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[git.Repo, str]:
    """A repository with hetflow at its top or below a folder, and the path of the folder `workflow` in it."""
    top = tmp_path / "repository"
    for part in (*PARTS, "docs"):
        place = top / request.param / part
        place.mkdir(parents=True)
        (place / "file.txt").write_text("first")
    words = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for step in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "All"], ["tag", "v1"]):
        subprocess.run([*words, *step], cwd=top, check=True)
    for part in PARTS:
        (top / request.param / part / "file.txt").write_text("edited")
    return git.Repo(top), f"{request.param}/workflow".lstrip("/")


def test_a_commit_is_written_once_and_whole(repository: tuple[git.Repo, str], tmp_path: Path) -> None:
    held, folder = repository
    found = checked_out(held, "v1", folder, tmp_path / "cache")
    assert found.name == "workflow"
    assert sorted(path.name for path in found.parent.iterdir()) == sorted(PARTS)
    assert {(found.parent / part / "file.txt").read_text() for part in PARTS} == {"first"}
    (found / "file.txt").write_text("a mark")
    assert checked_out(held, held.head.commit.hexsha, folder, tmp_path / "cache") == found  # the same commit
    assert (found / "file.txt").read_text() == "a mark"
    assert [path.name for path in (tmp_path / "cache" / "hetflow").iterdir()] == [found.parent.name]


def test_what_is_written_by_another_process_at_the_same_time_is_taken(
    repository: tuple[git.Repo, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, folder = repository
    before = {}

    def overtaken(source: Path, place: Path) -> None:
        place.joinpath("workflow").mkdir(parents=True)
        before["place"] = place
        raise OSError("not empty")

    monkeypatch.setattr("hetflow.checkout.os.rename", overtaken)
    assert checked_out(held, "v1", folder, tmp_path / "cache").parent == before["place"]
    assert len(list((tmp_path / "cache" / "hetflow").iterdir())) == 1


def test_a_path_is_taken_as_it_is_and_a_web_address_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def workflow(base: object) -> SimpleNamespace:
        return SimpleNamespace(current_basedir=base, sourcecache=SimpleNamespace(cache_path=tmp_path / "c"))

    assert folder_of(workflow(LocalSourceFile(str(tmp_path)))) == tmp_path.resolve()
    with pytest.raises(SystemExit):
        folder_of(workflow(GenericSourceFile("https://example.org/hetflow/workflow")))
    said = capsys.readouterr().err
    assert "https://example.org/hetflow/workflow" in said
    assert "what to do: clone hetflow" in said


def test_a_place_in_git_is_checked_out(repository: tuple[git.Repo, str], tmp_path: Path) -> None:
    held, folder = repository
    base = LocalGitFile(str(held.working_dir), folder, ref="v1")
    cache = SimpleNamespace(cache_path=tmp_path / "cache")
    found = folder_of(SimpleNamespace(current_basedir=base, sourcecache=cache))
    assert (found / "file.txt").read_text() == "first"
