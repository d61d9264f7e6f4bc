"""Which columns the runs table has, kept where MLflow's page looks for them."""

import base64
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.runs import PARAMS, log_four, log_pair, logging_to, measured

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Any]:
    with logging_to(tmp_path) as module:
        yield module


def content(tag: str) -> dict[str, Any]:
    """Return the state of a saved view as MLflow's page unpacks it."""
    method, packed = json.loads(tag)["state"].split(";")
    assert method == "deflate"
    return dict(json.loads(zlib.decompress(base64.b64decode(packed))))


def saved_columns(runs: Any) -> list[str]:
    from pixelproof.tracking.store import runs_table

    client = runs.connect()
    experiment = client.get_experiment_by_name("pixelproof")
    runs_table.save(client, experiment.experiment_id)
    tags = client.get_experiment(experiment.experiment_id).tags
    assert tags["mlflow.experimentKind"] == "custom_model_development"
    return list(content(tags[runs_table.TAG])["selectedColumns"])


def params_of(columns: list[str]) -> list[str]:
    return [column.split("`")[1] for column in columns if column.startswith("params.")]


def test_before_any_run_the_most_used_params_are_shown(runs: Any) -> None:
    """`make ui` may be started first, to watch the training."""
    assert params_of(saved_columns(runs)) == [
        "cnn.learning_rate",
        "mlp.learning_rate",
        "train.epochs",
        "train.batch_size",
    ]


def test_the_params_that_differ_within_a_model_are_shown_and_no_others(runs: Any) -> None:
    """Those of the other model are absent from each second run; that is no difference."""
    log_four(runs)
    assert params_of(saved_columns(runs)) == ["cnn.layers.conv1.filters", "mlp.hidden"]


def test_the_params_with_the_most_values_come_first_and_their_number_is_bounded(runs: Any) -> None:
    """After a hundred runs nearly everything differs somewhere; a table of fifty columns tells nothing."""
    for number in range(3):
        layers = {f"conv{index}": {"filters": 8 * min(number, 1)} for index in range(20)}
        cnn = {**PARAMS["cnn"], "layers": layers, "learning_rate": 0.001 * (number + 1)}
        log_pair(runs, "", {**PARAMS, "cnn": cnn}, {"cnn": measured(0.9, 1, 1)})
    shown = params_of(saved_columns(runs))
    assert shown[0] == "cnn.learning_rate"
    assert len(shown) == 10


def test_the_view_stays_within_a_tags_length(runs: Any) -> None:
    """MLflow refuses a longer one."""
    from mlflow.utils.validation import MAX_EXPERIMENT_TAG_VAL_LENGTH

    from pixelproof.tracking.store.runs_table import SHOWN_PARAMS, saved

    names = [f"cnn.layers.{'block' * 40}{number}.filters" for number in range(SHOWN_PARAMS)]
    assert len(saved(names, 10**12)) < MAX_EXPERIMENT_TAG_VAL_LENGTH


def test_who_may_not_change_the_experiment_is_told(
    runs: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """On a team's server a reader must still see the runs, and an evaluation must not fail for its table."""
    from mlflow.exceptions import MlflowException

    from pixelproof.tracking.store import runs_table

    client = runs.connect()

    def refuse(*_: object) -> None:
        raise MlflowException("Permission denied")

    monkeypatch.setattr(client, "set_experiment_tag", refuse)
    runs_table.save(client, client.get_experiment_by_name("pixelproof").experiment_id)
    assert "the columns of the runs table stay as they are: Permission denied" in caplog.text
