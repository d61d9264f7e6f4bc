"""The name and description of a run, from a real Git repository."""

from pathlib import Path

import pytest

from pixelproof.tracking.run.description import NOTE
from pixelproof.tracking.run.new_run import describe_new_run
from tests.support.git import git

PARAMS = "seed: 7\ncnn: {learning_rate: 4e-3}\nmlp: {hidden: [100]}\n"


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The params.yaml of the working folder, not yet in Git."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    path = tmp_path / "params.yaml"
    path.write_text(PARAMS)
    return path


def commit(params: Path) -> str:
    git("init", "--quiet")
    git("add", "params.yaml")
    git("commit", "--quiet", "-m", "start")
    return git("rev-parse", "--short", "HEAD")


def test_a_run_of_the_commit_says_so(params: Path) -> None:
    """Else a baseline could not be told from what was tried."""
    head = commit(params)
    described = describe_new_run("cnn", {})
    assert described.name == f"cnn · as committed ({head})"
    assert described.tags == {"model": "cnn", NOTE: f"The CNN (Keras), with the params of commit `{head}`.\n"}


def test_an_edit_is_named_as_written_in_the_file(params: Path) -> None:
    """Read as DVC reads it: 1e-3 is a number, and 4e-3 the same as 0.004."""
    head = commit(params)
    params.write_text(PARAMS.replace("4e-3", "0.004"))
    assert describe_new_run("cnn", {}).name == f"cnn · as committed ({head})"
    params.write_text(PARAMS.replace("4e-3", "1e-3"))
    assert describe_new_run("cnn", {}).name == "cnn · learning_rate=0.001"
    assert describe_new_run("mlp", {}).name == f"mlp · as committed ({head})"


def test_an_experiment_is_compared_with_the_commit_that_it_is_based_on(params: Path) -> None:
    """In a temporary folder of DVC's the last commit may be the experiment's own."""
    base = commit(params)
    params.write_text(PARAMS.replace("[100]", "[200]"))
    git("commit", "--quiet", "--all", "-m", "experiment")
    described = describe_new_run("mlp", {"DVC_EXP_NAME": "wide", "DVC_EXP_BASELINE_REV": git("rev-parse", "HEAD~1")})
    assert described.name == "mlp · wide · hidden=[200]"
    assert "| `mlp.hidden` | [100] | [200] |" in described.tags[NOTE]
    assert f"commit `{base}`" in described.tags[NOTE]


def test_a_project_below_the_top_of_a_repository_is_compared_with_its_own_file(
    params: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be compared with another project's params, or with none."""
    head = commit(params)
    folder = params.parent / "deep/project"
    folder.mkdir(parents=True)
    (folder / "params.yaml").write_text(PARAMS)
    git("add", ".")
    git("commit", "--quiet", "-m", "second")
    params.write_text("seed: 9\n")
    monkeypatch.chdir(folder)
    name = describe_new_run("cnn", {}).name
    assert name.startswith("cnn · as committed (")
    assert head not in name


@pytest.mark.parametrize("content", ["", "a: [1", "- 1\n", "\tx"])
def test_a_commit_whose_params_cannot_be_read_is_none(params: Path, content: str) -> None:
    """A merge gone wrong, committed, must not stop a later training."""
    params.write_text(content)
    commit(params)
    params.write_text(PARAMS)
    assert describe_new_run("cnn", {}).name == "cnn"


def test_without_git_a_run_is_named_by_its_model(params: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a folder that is no repository, or a machine without Git, could not be trained on."""
    assert describe_new_run("cnn", {"DVC_EXP_NAME": "wide"}).name == "cnn · wide"
    monkeypatch.setenv("PATH", "")
    assert describe_new_run("mlp", {}).name == "mlp"


def test_a_run_says_where_its_photos_come_from(params: Path) -> None:
    """Else runs on other photos could not be told from those on the same ones; a download's token is nobody's."""
    fetch = "fetch: {dataset: url, url: 'https://ada:1234@host/a.zip', sha256: ff}"
    params.write_text(f"{PARAMS}{fetch}\ningest: {{source: data/raw}}\n")
    assert describe_new_run("cnn", {}).source == {
        "fetch.dataset": "url",
        "fetch.url": "https://host/a.zip",
        "fetch.sha256": "ff",
        "ingest.source": "data/raw",
    }
    params.write_text(PARAMS)
    assert describe_new_run("cnn", {}).source == {}


def test_classes_are_named_in_the_order_of_the_outputs_as_far_as_mlflow_takes_them() -> None:
    """Else output 1 could be any class, or a run of very many classes would be refused."""
    from pixelproof.tracking.run.training_record import class_params

    assert class_params(["dogs", "cats"]) == {"data.classes": "dogs, cats", "data.class_count": "2"}
    many = class_params([f"class {number}" for number in range(2000)])
    assert (len(many["data.classes"]), many["data.class_count"]) == (6000, "2000")
