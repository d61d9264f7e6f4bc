"""Promotions in a real MLflow store; the runs are as trainings and evaluations leave them, their models tiny."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelproof.errors import UserError
from pixelproof.tracking.registry.gate import Terms

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load

DATA = {"data/resized.md5": "aa.dir", "data/splits.csv.md5": "bb"}
PIXELS = np.arange(12, dtype=np.float32).reshape(6, 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project's folder, its MLflow store made once; each test has an experiment of its own."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("project")
        for variable in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID"):
            patch.setenv(variable, "")
            patch.delenv(variable)
        patch.setenv("DVC_ROOT", str(folder))
        patch.chdir(folder)
        yield folder
        import mlflow

        mlflow.set_tracking_uri(None)  # None takes it back


@pytest.fixture
def client(folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    from pixelproof.tracking.store import connection

    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", f"/team/{request.node.originalname}")
    return connection.connect()


Trained = Callable[..., Any]


@pytest.fixture
def trained(client: Any) -> Trained:
    """Make a run that is FINISHED and evaluated, with a model whose name says nothing."""
    import mlflow
    from mlflow.models import infer_signature
    from sklearn.linear_model import LinearRegression

    def train(accuracy: float | None = 0.9, parameters: int = 100, model: str = "mlp", **tags: str) -> Any:
        fitted = LinearRegression().fit(PIXELS, PIXELS[:, 0] * (accuracy or 1))
        tested = {} if accuracy is None else {"test/accuracy": accuracy, "test/log_loss": 1 - accuracy}
        mlflow.set_experiment(os.environ["MLFLOW_EXPERIMENT_NAME"])
        with mlflow.start_run(
            run_name=model, tags={"model": model, "git.commit": "c0ffee123456", **DATA, **tags}
        ) as run:
            mlflow.log_metrics({"model/parameters": parameters, **tested})
            mlflow.sklearn.log_model(
                fitted,
                name="of any name",
                signature=infer_signature(PIXELS, fitted.predict(PIXELS)),
                pip_requirements=[],
                serialization_format="skops",
            )
        return client.get_run(run.info.run_id)

    return train


def promote(client: Any, run: Any, **terms: Any) -> list[str]:
    from pixelproof.tracking.registry import registry

    options = {key: terms.pop(key) for key in ("dry_run", "git_tag") if key in terms}
    return registry.promote(client, run, Terms(**terms), **options)


def registered(client: Any) -> list[tuple[str, str, list[str]]]:
    """Return (version, run, aliases) of every version of this test's registered model, with its tags unread."""
    versions = client.search_model_versions(f"name='{registered_name()}'")
    whole = [client.get_model_version(version.name, version.version) for version in versions]
    return sorted((str(version.version), version.run_id, list(version.aliases)) for version in whole)


def registered_name() -> str:
    """Return the name that this test's experiment gives; MLflow forbids `/` in it."""
    return os.environ["MLFLOW_EXPERIMENT_NAME"].strip("/").replace("/", "-")


def champion(client: Any) -> Any:
    return client.get_model_version_by_alias(registered_name(), "champion")


def test_the_first_champion_can_be_loaded_by_its_alias(client: Any, trained: Trained) -> None:
    """What the registry is for: `models:/<name>@champion`, whatever the model was logged as."""
    import mlflow

    run = trained(0.7)
    told = promote(client, run)
    version = champion(client)
    assert version.run_id == run.info.run_id
    loaded = mlflow.sklearn.load_model(f"models:/{version.name}@champion")
    np.testing.assert_allclose(loaded.predict(PIXELS), PIXELS[:, 0] * 0.7, atol=1e-4)
    assert f"models:/{version.name}@champion" in told[1]
    assert "no commit and no experiment here holds this model" in told[2]


def test_a_better_one_takes_the_place_and_says_why(client: Any, trained: Trained) -> None:
    """Else nobody could tell in a year why this model runs; the old version stays, and names its successor."""
    old, new = trained(0.8), trained(0.85, model="cnn", **{"git.changed": "params.yaml"})
    promote(client, old)
    first = champion(client)
    told = promote(client, new, margin=0.02)
    assert told[0].startswith(f"run {new.info.run_id[:8]} (cnn) replaces run {old.info.run_id[:8]} (mlp): ")
    version = champion(client)
    expected = {
        **DATA,
        "model": "cnn",
        "git.commit": "c0ffee123456",
        "git.changed": "params.yaml",
        "test/accuracy": "0.85",
        "model/parameters": "100",
        "champion.metric": "test/accuracy",
        "champion.margin": "0.02",
        "champion.beat": f"version {first.version}, run {old.info.run_id}",
        "champion.verdict": told[0],
    }
    assert expected.items() <= version.tags.items()
    assert told[0] in version.description
    assert "better by 0.0500" in told[0]
    left = client.get_model_version(first.name, first.version)
    assert left.tags["champion.superseded_by"] == f"version {version.version}"
    assert [aliases for _, _, aliases in registered(client)] == [[], ["champion"]]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"accuracy": 0.7}, "worse by 0.1000"),
        ({"accuracy": 0.8, "parameters": 101}, "equal, with 101 parameters against 100"),
        ({"accuracy": 0.81}, "--margin asks for 0.05"),
        ({"accuracy": None}, "it has no test/accuracy"),
        ({"accuracy": 0.9, "data/splits.csv.md5": "cc"}, "data/splits.csv is cc here and bb there"),
        ({"accuracy": 0.9, "git.commit": ""}, "it records no commit"),
    ],
)
def test_a_refusal_changes_nothing(client: Any, trained: Trained, options: dict[str, Any], words: str) -> None:
    """A gate that lets anything through, or leaves a version behind, is none."""
    if not registered(client):
        promote(client, trained(0.8))
    before, tags = registered(client), champion(client).tags
    with pytest.raises(UserError, match="Nothing was changed") as refusal:
        promote(client, trained(**options), margin=0.05)
    assert words in str(refusal.value)
    assert (registered(client), champion(client).tags) == (before, tags)


def test_a_run_that_has_not_ended_well_is_refused(client: Any, trained: Trained) -> None:
    """Half a training may look good."""
    run = trained(0.9)
    client.set_terminated(run.info.run_id, "KILLED")
    with pytest.raises(UserError, match="it is KILLED, not FINISHED"):
        promote(client, client.get_run(run.info.run_id))
    assert registered(client) == []


def test_a_run_that_was_deleted_is_refused(client: Any, trained: Trained) -> None:
    """MLflow still finds it by its id, and its table does not show it."""
    run = trained(0.9)
    client.delete_run(run.info.run_id)
    with pytest.raises(UserError, match="was deleted in MLflow"):
        promote(client, client.get_run(run.info.run_id))
    assert registered(client) == []


def test_promoting_the_champion_again_changes_nothing(client: Any, trained: Trained) -> None:
    """Else every `make` of a script would make a version."""
    run = trained(0.8)
    promote(client, run)
    before, version = registered(client), champion(client)
    told = promote(client, run)
    assert "is champion already" in told[0]
    assert registered(client) == before
    assert champion(client).last_updated_timestamp == version.last_updated_timestamp


def test_a_dry_run_says_the_verdict_and_changes_nothing(client: Any, trained: Trained) -> None:
    """Else looking would be doing."""
    told = promote(client, trained(0.8), dry_run=True)
    assert "is the first champion" in told[0]
    assert told[-1] == "--dry-run: nothing was changed."
    assert registered(client) == []


def test_a_run_has_one_version_whatever_its_aliases(client: Any, trained: Trained) -> None:
    """The same model twice in the registry would look like two models."""
    old, new = trained(0.8), trained(0.9)
    promote(client, old, alias="live")
    promote(client, old)
    assert registered(client) == [("1", old.info.run_id, ["champion", "live"])]
    promote(client, new)
    assert [aliases for _, _, aliases in registered(client)] == [["live"], ["champion"]]
    client.delete_registered_model_alias(champion(client).name, "champion")  # by hand, as docs/registry.md says
    promote(client, old)
    assert "champion.superseded_by" not in champion(client).tags
    assert len(registered(client)) == 2


def test_another_metric_can_be_asked_for(client: Any, trained: Trained) -> None:
    """Of the loss less is better; a gate that forgot that would promote the worst."""
    promote(client, trained(0.8), metric="test/log_loss")
    with pytest.raises(UserError, match=r"test/log_loss 0\.3000, and 0\.2000"):
        promote(client, trained(0.7), metric="test/log_loss")
    assert "better by 0.1000" in promote(client, trained(0.9), metric="test/log_loss")[0]


def test_a_champion_whose_run_is_gone_is_told(client: Any, trained: Trained, folder: Path) -> None:
    """`mlflow gc` removes runs for good; the comparison would end in MLflow's traceback."""
    import sqlite3
    from contextlib import closing

    run = trained(0.8)
    promote(client, run)
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        database.execute("update model_versions set run_id = 'gone' where run_id = ?", (run.info.run_id,))
        database.commit()
    with pytest.raises(UserError, match=r"which is no longer in MLflow\. Take the alias champion away"):
        promote(client, trained(0.9))


def test_a_run_without_a_model_is_told(client: Any, trained: Trained) -> None:
    """A model may be deleted in MLflow, or its logging may have failed."""
    run = trained(0.8)
    (model,) = client.search_logged_models([run.info.experiment_id])
    client.delete_logged_model(model.model_id)
    with pytest.raises(UserError, match="there is nothing to register"):
        promote(client, run)
    assert registered(client) == []


def test_tags_are_asked_for_in_vain_where_no_commit_has_the_model(client: Any, trained: Trained) -> None:
    """The two registries shall not differ because the second step fails."""
    with pytest.raises(UserError, match="no commit and no experiment here holds this model"):
        promote(client, trained(0.8), git_tag=True)
    assert registered(client) == []
