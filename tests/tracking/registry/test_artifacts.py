import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pixelproof.errors import UserError
from pixelproof.tracking.history.revisions import ModelRevision
from pixelproof.tracking.registry.artifacts import GitTag, find_model, missing_tags, shown, write_tags
from tests.support.git import commit, git

pytestmark = pytest.mark.slow  # loads GTO


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for variable in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{variable}_NAME", "t")
        monkeypatch.setenv(f"{variable}_EMAIL", "t@example.org")
    git("init", "--quiet")
    return tmp_path


def held(run_id: str) -> ModelRevision:
    found = find_model({run_id}, None)
    assert found is not None
    return found


def promote(run_id: str, version: int, alias: str = "champion") -> list[str]:
    """Make the tags of a promotion; return their names."""
    tags = missing_tags(held(run_id), alias, version)
    write_tags(tags, f"version {version}")
    return [tag.name for tag in tags]


def test_a_model_is_found_in_an_older_commit(project: Path) -> None:
    """Else only the last training could be promoted with DVC's side named."""
    first, md5 = commit("one")
    commit("two")
    assert (held("one").revision, held("one").md5) == (first, md5)
    assert find_model({"none of them", None}, "w-two") == held("two")  # the same weights under another run
    assert find_model({"none of them", None}, None) is None


def test_a_promotion_gives_a_version_and_a_stage(project: Path) -> None:
    """The names are GTO's; the major number is the version of MLflow."""
    commit("one")
    assert promote("one", 3) == ["cnn@v3.0.0", "cnn#champion#1"]
    assert git("cat-file", "-t", "cnn@v3.0.0") == "tag", "GTO overlooks lightweight tags"


def test_nothing_is_tagged_twice(project: Path) -> None:
    """Also when later commits hold the same model: the commit that has the version stays the model's."""
    first, md5 = commit("one")
    promote("one", 1)
    git("commit", "--quiet", "--allow-empty", "-m", "words only")
    assert promote("one", 1) == []
    assert (held("one").revision, held("one").md5) == (first, md5)
    assert promote("one", 1, "live") == ["cnn#live#2"]  # GTO counts through all stages of an artifact


def test_the_other_artifact_loses_the_stage(project: Path) -> None:
    """Else DVC would have two champions, and MLflow one."""
    first, _ = commit("one")
    promote("one", 1)
    commit("two", model="mlp")
    assert promote("two", 2) == ["mlp@v2.0.0", "cnn#champion!#2", "mlp#champion#1"]
    assert git("rev-parse", "cnn#champion!#2^{}") == first
    commit("three")
    assert promote("three", 3) == ["cnn@v3.0.0", "cnn#champion#3", "mlp#champion!#2"]


def test_a_version_that_is_taken_is_not_moved(project: Path) -> None:
    """MLflow's numbers begin anew in an empty store; a tag that others have fetched must stay."""
    commit("one")
    promote("one", 4)
    commit("two")
    assert promote("two", 1) == ["cnn@v5.0.0", "cnn#champion#2"]


def test_a_project_below_the_top_is_named_as_gto_names_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else two projects of one repository would share their models' names."""
    below = project / "apps/cats"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    commit("one")
    assert promote("one", 1) == ["apps/cats=cnn@v1.0.0", "apps/cats=cnn#champion#1"]


def test_the_commands_that_are_shown_make_the_same_tags(project: Path) -> None:
    """`#` and `!` mean something to a shell."""
    commit("one")
    promote("one", 1)
    commit("two", model="mlp")
    tags = missing_tags(held("two"), "champion", 2)
    subprocess.run(["bash", "-c", "\n".join(shown(tags, "it's version 2"))], check=True)
    assert missing_tags(held("two"), "champion", 2) == []


def test_why_a_tag_cannot_be_made_is_one_message(project: Path) -> None:
    """Else a tag that somebody else made in the meantime would end in a traceback."""
    head, _ = commit("one")
    write_tags([GitTag("cnn@v1.0.0", head)], "words")
    with pytest.raises(UserError, match=r"registry: .*cnn@v1\.0\.0"):
        write_tags([GitTag("cnn@v1.0.0", head)], "words")


def test_gto_reads_one_champion_and_the_versions(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GTO is what DVC and its registries read the tags with; it goes by their times, to the second."""
    for version, model in ((1, "cnn"), (2, "mlp"), (3, "cnn"), (4, "mlp")):
        commit(f"run {version}", model=model)
        monkeypatch.setattr(time, "time", lambda second=version: 1_800_000_000.0 + second)
        promote(f"run {version}", version)
    gto = str(Path(sys.executable).with_name("gto"))
    told = json.loads(subprocess.run([gto, "show", "--json"], capture_output=True, text=True, check=True).stdout)
    assert {artifact: (state["version"], state["stage"]) for artifact, state in told.items()} == {
        "cnn": ("v3.0.0", {"champion": None}),
        "mlp": ("v4.0.0", {"champion": "v4.0.0"}),
    }
