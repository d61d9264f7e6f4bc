"""Which columns MLflow's runs table shows, kept in the experiment as a view that its page opens by name."""

import base64
import json
import logging
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

KEY = "pixelproof"  # of the view, in the address: ?viewStateShareKey=pixelproof
TAG = f"mlflow.sharedViewState.{KEY}"  # where MLflow 3.17's page looks for it
KIND = ("mlflow.experimentKind", "custom_model_development")  # else the page guesses, and asks whether that is right
TAGS = ("model", "git.commit")
METRICS = ("test/accuracy", "best/valid_accuracy")  # left of the params, so that both are seen without scrolling
COSTS = ("train/seconds", "model/parameters", "model/multiply_adds")
PARAMS = ("cnn.learning_rate", "mlp.learning_rate", "train.epochs", "train.batch_size")  # shown where none differ
SHOWN_PARAMS = 10
COMPARED_RUNS = 200  # the newest ones
NAME, CREATED, DURATION = "attributes.`Run Name`", "runDateAndNestInfo", "duration"  # as the page calls their columns


def save(client: MlflowClient, experiment_id: str) -> None:
    """Keep the view in the experiment, with the columns of those params in which its runs differ.

    Whoever may not change the experiment sees the view that others have kept; a warning says so.
    """
    runs = client.search_runs([experiment_id], max_results=COMPARED_RUNS)
    try:
        if KIND[0] not in client.get_experiment(experiment_id).tags:
            client.set_experiment_tag(experiment_id, *KIND)
        client.set_experiment_tag(experiment_id, TAG, saved(differing(runs) or PARAMS, time.time_ns() // 1_000_000))
    except MlflowException as error:
        logging.warning("MLflow: the columns of the runs table stay as they are: %s", error)


def differing(runs: Iterable[Run]) -> list[str]:
    """Return the params that have several values among the runs of one model, those with the most values first."""
    by_model: dict[str, list[Mapping[str, str]]] = {}
    for run in runs:
        by_model.setdefault(run.data.tags.get("model", ""), []).append(run.data.params)
    each = [by_model[model] for model in sorted(by_model)]  # in the order of params.yaml
    keys = dict.fromkeys(key for those in each for params in those for key in params)
    values = {key: max(len({params.get(key) for params in those}) for those in each) for key in keys}
    several = [key for key, count in values.items() if count > 1]
    return sorted(several, key=lambda key: -values[key])[:SHOWN_PARAMS]


def saved(params: Sequence[str], milliseconds: int) -> str:
    """Return the value of TAG as MLflow 3.17 writes it when a person saves a view under a name."""
    packed = base64.b64encode(zlib.compress(json.dumps(state(params)).encode()))  # a tag has 5,000 characters at most
    content = f"deflate;{packed.decode()}"
    return json.dumps({"name": KEY, "createdAt": milliseconds, "updatedAt": milliseconds, "state": content})


def state(params: Sequence[str]) -> dict[str, Any]:
    """Return what the runs table shows, and how wide; what is left out stays as MLflow has it."""
    model, commit = (column("tags", name) for name in TAGS)
    chosen = [
        model,
        *(column("metrics", name) for name in METRICS),
        *(column("params", name) for name in params),
        *(column("metrics", name) for name in COSTS),
        commit,
    ]
    widths = {NAME: 290, CREATED: 145, DURATION: 80} | {each: _width(each) for each in chosen}  # pixels
    return {
        "selectedColumns": [column("attributes", "Duration"), *chosen],
        "columnOrder": list(widths),
        "columnWidths": widths,
    }


def column(kind: str, name: str) -> str:
    """Return what MLflow's page calls a column of metrics, params, tags or attributes."""
    return f"{kind}.`{name}`"


def _width(chosen: str) -> int:
    """Return how many pixels the header takes."""
    return 32 + 7 * len(chosen.split("`")[1])
