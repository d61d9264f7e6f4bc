"""docs/team.md, done by two people: real clones, DVC, PostgreSQL and MLflow, at the server of deploy/compose.yaml."""

import hashlib
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import numpy as np
import pytest
import requests

from pixelproof.files import read_json
from tests.support.environment import OWN, environment
from tests.support.imports import ROOT
from tests.support.prepared import Prepared
from tests.support.project import Project
from tests.support.servers.postgres import postgres_programs
from tests.support.servers.team import Clone, Team, team_server

pytestmark = pytest.mark.slow

DOCS = (ROOT / "docs/team.md").read_text("utf-8")
PASSWORDS = {"ada": "the first of two", "bob": "the other of two"}
ORIGIN = "https://mlflow.example.org"
DEPLOY_ENV = {
    "LISTEN": "127.0.0.1",
    "MLFLOW_ORIGINS": f"http://localhost:5000,{ORIGIN}",
    "MLFLOW_ADMIN_PASSWORD": "known to one person",
    "MLFLOW_SECRET_KEY": "signs forms",
    "POSTGRES_PASSWORD": "it's @ 100% secret/",  # nothing may put it into an address unescaped
    "S3_ACCESS_KEY": "team",
    "S3_SECRET_KEY": "known to the team",
}
SEARCH = "/api/2.0/mlflow/experiments/search"


@pytest.fixture(scope="module", autouse=True)
def clean_environment() -> Iterator[pytest.MonkeyPatch]:
    """No setting of this machine's may lead anywhere else."""
    with pytest.MonkeyPatch.context() as patch:
        for key in [key for key in os.environ if key.startswith(OWN)]:
            patch.delenv(key)
        yield patch


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, clean_environment: pytest.MonkeyPatch) -> Iterator[Team]:
    """The team's server with two people on it, neither of them its admin."""
    programs = postgres_programs()
    if programs is None:
        message = "PostgreSQL is not installed: `apt-get install postgresql` (CI fails instead)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with team_server(programs, tmp_path_factory.mktemp("server"), DEPLOY_ENV) as team:
        for name, password in PASSWORDS.items():
            add_user(team, name, password)
        yield team


def add_user(team: Team, name: str, password: str) -> None:
    """Make a user by the docs' own lines of Python, as the admin."""
    code = DOCS.partition("```python\n")[2].partition("```")[0]
    assert '"ada", "a password of 12 or more"' in code
    code = code.replace('"ada", "a password of 12 or more"', f"{name!r}, {password!r}")
    admin = team.member("admin", team.values["MLFLOW_ADMIN_PASSWORD"])
    subprocess.run([sys.executable, "-c", code], env=environment() | admin, check=True)


def run(project: Project, command: str) -> str:
    """Run a command that docs/team.md shows; return what it prints."""
    done = project.run(*shlex.split(command))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def documented(command: str) -> str:
    assert command in DOCS, f"docs/team.md does not show: {command}"
    return command


def commit(project: Project, message: str) -> None:
    run(project, "git add --all")
    run(project, f"git -c user.name=t -c user.email=t@t commit --quiet -m '{message}'")


@pytest.fixture(scope="module")
def ada(team: Team, prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The first clone: it has trained, and pushed all that it has to the team."""
    project = prepared.ready_to_train(tmp_path_factory.mktemp("ada") / "project")
    project.environment = team.member("ada", PASSWORDS["ada"])
    run(project, documented("dvc remote add -d team s3://dvc"))
    documented("dvc remote modify team endpointurl http://team.example.org:8333")
    run(project, f"dvc remote modify team endpointurl {team.s3}")
    run(project, "dvc add photos")
    project.repro()
    commit(project, "What Ada tried")
    run(project, documented("dvc push"))
    return project


@pytest.fixture(scope="module")
def bob(team: Team, ada: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The second clone: it has pulled what the first pushed, and run nothing."""
    clone = Clone(ada, tmp_path_factory.mktemp("bob") / "project", team.member("bob", PASSWORDS["bob"]))
    run(clone, documented("dvc pull"))
    return clone


def member(patch: pytest.MonkeyPatch, project: Project) -> Any:
    """Return MLflow's client as the project's owner has it."""
    import mlflow

    for key, value in project.environment.items():
        patch.setenv(key, value)
    mlflow.set_tracking_uri(project.environment["MLFLOW_TRACKING_URI"])
    return mlflow.MlflowClient()


@pytest.fixture
def as_member(clean_environment: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes MLflow's client for the owner of a project, one after the other."""
    import mlflow

    with pytest.MonkeyPatch.context() as patch:
        yield lambda project: member(patch, project)
    mlflow.set_tracking_uri(None)  # None takes it back


def runs_seen(client: Any) -> dict[str, Any]:
    experiment = client.get_experiment_by_name("pixelproof")
    return {run.info.run_id: run for run in client.search_runs([experiment.experiment_id])}


def record(project: Project, model: str) -> dict[str, Any]:
    content: dict[str, Any] = read_json(project.root / "models" / model / "run.json")
    return content


def photos(project: Project) -> dict[str, str]:
    files = [path for path in (project.root / "photos").rglob("*") if path.is_file()]
    return {str(path.relative_to(project.root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_second_clone_has_the_same_photos_data_models_and_reports(ada: Project, bob: Project) -> None:
    """Else a team would compare models that were made of other files."""
    assert len(photos(ada)) == 68
    assert photos(bob) == photos(ada)
    assert bob.outputs() == ada.outputs()
    assert {
        "models/cnn/mlflow/data/model.keras",
        "models/mlp/mlflow/model.skops",
        "reports/index.html",
    } <= bob.outputs().keys()
    assert "up to date" in run(bob, "dvc status")


def test_the_second_person_sees_the_runs_of_the_first(ada: Project, bob: Project, as_member: Any) -> None:
    """Runs of another clone must be whole: finished, with params, curves, and what the test part said."""
    seen = runs_seen(as_member(bob))
    for model in ("cnn", "mlp"):
        trained = seen[record(ada, model)["run_id"]]
        assert trained.info.status == "FINISHED"
        assert trained.data.tags["model"] == model
        assert trained.data.params["train.epochs"] == "2"
        assert {"valid/accuracy", "test/accuracy"} <= trained.data.metrics.keys()
    assert not list(ada.root.glob("mlflow.db*")) + list(ada.root.glob("mlartifacts"))


def test_the_second_person_loads_the_model_of_the_first_from_the_server(
    team: Team, ada: Project, bob: Project, as_member: Any
) -> None:
    """The model's bytes must come out of S3, through MLflow, without a file of the first person's."""
    import mlflow.sklearn

    from pixelproof.network.mlp import saved

    as_member(bob)
    trained = record(ada, "mlp")
    logged = mlflow.sklearn.load_model(f"models:/{trained['model_id']}")
    pixels = np.random.default_rng(1).integers(0, 256, (5, 16 * 16 * 3)).astype(np.float32)
    pulled = saved.load(bob.root / "models/mlp/mlflow/model.skops")
    np.testing.assert_array_equal(logged.predict_proba(pixels), pulled.predict_proba(pixels))
    assert any(trained["model_id"] in key for key in kept(team, "mlflow"))


def kept(team: Team, bucket: str) -> list[str]:
    keys = team.s3_keys
    client = boto3.client(
        "s3",
        endpoint_url=team.s3,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        region_name=keys["AWS_DEFAULT_REGION"],
    )
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def test_the_first_person_sees_what_the_second_trains(ada: Project, bob: Project, as_member: Any) -> None:
    """Without the permission EDIT for all, the second person could not log to the experiment of the first."""
    before = record(bob, "mlp")["run_id"]
    bob.edit(lambda params: params["mlp"].update(hidden=[4]))
    assert bob.repro("train@mlp") == ["plan", "train@mlp"]
    trained = record(bob, "mlp")["run_id"]
    seen = runs_seen(as_member(ada))
    assert seen[trained].data.params["mlp.hidden"] == "[4]"
    assert seen[before].data.params["mlp.hidden"] == "[8]"
    assert seen[trained].info.artifact_uri.startswith("mlflow-artifacts:/")


def test_a_wrong_password_ends_a_training_with_one_message(team: Team, bob: Project) -> None:
    """A traceback of MLflow's would leave a person guessing what to change, and nothing may be half-written."""
    written = (bob.root / "models/mlp/mlflow/model.skops").read_bytes()
    bob.environment = team.member("bob", "not the password")
    done = bob.run(sys.executable, "-m", "stages.train_mlp")
    bob.environment = team.member("bob", PASSWORDS["bob"])
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"error: {team.mlflow}: MLflow asks for a name and a password" in done.stderr
    assert "MLFLOW_TRACKING_USERNAME=bob" in done.stderr
    assert "not the password" not in done.stderr
    assert (bob.root / "models/mlp/mlflow/model.skops").read_bytes() == written


@pytest.mark.parametrize(
    ("who", "headers", "status", "says"),
    [
        ("bob", {}, 200, "Default"),
        ("bob", {"Origin": ORIGIN}, 200, "Default"),
        ("nobody", {}, 401, "not authenticated"),
        ("bob", {"Host": "elsewhere.example.org"}, 403, "Invalid Host header"),
        ("bob", {"Origin": "https://elsewhere.example.org"}, 403, "Cross-origin request blocked"),
    ],
)
def test_the_server_refuses_what_deploy_env_does_not_name(
    team: Team, who: str, headers: dict[str, str], status: int, says: str
) -> None:
    """Else strangers, or pages of strangers in a member's browser, could read and change runs; or members could not."""
    password = PASSWORDS.get(who, "no password")
    answer = requests.post(
        team.mlflow + SEARCH, json={"max_results": 5}, auth=(who, password), headers=headers, timeout=120
    )
    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    if status != 200:
        assert says in DOCS or str(status) in DOCS, "docs/team.md says what to do about each refusal"


def test_the_documented_upgrade_leaves_the_runs(team: Team, ada: Project, as_member: Any) -> None:
    """`mlflow db upgrade` must reach the database as the server does, with the password from the environment."""
    command = documented("mlflow db upgrade postgresql+psycopg2:///mlflow")
    subprocess.run(shlex.split(command), env=team.environment, check=True, capture_output=True)
    assert record(ada, "cnn")["run_id"] in runs_seen(as_member(ada))
