"""MLflow's model registry: one registered model per project, whose versions CNN and MLP compete to provide."""

from collections.abc import Iterator
from datetime import UTC, datetime

import mlflow
from mlflow.entities import LifecycleStage, LoggedModel, LoggedModelStatus, Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import (
    INVALID_PARAMETER_VALUE,
    RESOURCE_ALREADY_EXISTS,
    RESOURCE_DOES_NOT_EXIST,
    ErrorCode,
)
from mlflow.tracking import MlflowClient

from pixelproof.errors import UserError
from pixelproof.files import locked
from pixelproof.paths import project_root
from pixelproof.tracking.history.revisions import ModelRevision
from pixelproof.tracking.registry import artifacts
from pixelproof.tracking.registry.gate import SAME_TEST_PART, Contender, Decision, Terms, judge
from pixelproof.tracking.run.record import RUN_ID
from pixelproof.tracking.store.connection import store_uri
from pixelproof.tracking.store.refusals import server_errors_as_user_errors

PARAMETERS = "model/parameters"
HASHES = [f"{path}.md5" for path in SAME_TEST_PART]
FACTS = ("model", "git.commit", "git.changed", "git.untracked", "dvc.experiment", "weights_sha256", *HASHES)


def registered_name(client: MlflowClient, run: Run) -> str:
    """Return the name of the registered model for a run: its experiment's, without what MLflow forbids in it."""
    experiment = str(client.get_experiment(run.info.experiment_id).name)
    return experiment.strip("/").replace("/", "-").replace(":", "-")


@server_errors_as_user_errors()
def promote(client: MlflowClient, run: Run, terms: Terms, *, dry_run: bool = False, git_tag: bool = False) -> list[str]:
    """Let a run take an alias if the gate lets it pass; return the lines to print.

    The run that has the alias already keeps it, and gets what it lacks on DVC's side. Raises UserError, with the
    registry unchanged, if the run does not pass.
    """
    if run.info.lifecycle_stage != LifecycleStage.ACTIVE:
        raise UserError(f"{_contender(run, terms)} was deleted in MLflow; restore it there first. Nothing was changed.")
    mlflow.set_tracking_uri(store_uri())  # MLflow looks a version's model up where its own setting leads
    with locked(project_root()):  # two promotions at once would both beat the same champion
        name = registered_name(client, run)
        model = artifacts.find_model({run.info.run_id, run.data.tags.get(RUN_ID)}, run.data.tags.get("weights_sha256"))
        if git_tag and not model:
            raise UserError(f"{_contender(run, terms)}: {_not_kept(run)} Nothing was changed.")
        holder = _holder(client, name, terms.alias)
        if holder and holder.run_id == run.info.run_id:
            line = f"{_contender(run, terms)} is {terms.alias} already: {_named(holder)}. MLflow was not changed."
            return [line, *_dvc_side(run, model, holder, terms, git_tag=git_tag and not dry_run)]
        decision = judge(_contender(run, terms), _champion(client, holder, terms), terms)
        if not decision.passes:
            raise UserError(decision.words)
        logged = _logged_model(client, run)
        if dry_run:
            return [decision.words, "--dry-run: nothing was changed."]
        tags = {**_facts(run, model), **_reasons(decision, holder, terms)}
        version = _register(client, name, logged, tags, f"{datetime.now(UTC):%Y-%m-%d}: {decision.words}")
        _hand_over(client, holder, version, terms)
        line = f"{_named(version)} is now {terms.alias}: models:/{version.name}@{terms.alias}"
        return [decision.words, line, *_dvc_side(run, model, version, terms, git_tag=git_tag)]


def _contender(run: Run, terms: Terms) -> Contender:
    tags, metrics = run.data.tags, run.data.metrics
    parameters = metrics.get(PARAMETERS)
    return Contender(
        run_id=run.info.run_id,
        model=tags.get("model", run.info.run_name),
        status=run.info.status,
        commit=tags.get("git.commit"),
        changed=tags.get("git.changed", ""),
        untracked=tags.get("git.untracked", ""),
        measured=metrics.get(terms.metric),
        parameters=None if parameters is None else int(parameters),
        data={path: tags[f"{path}.md5"] for path in SAME_TEST_PART if f"{path}.md5" in tags},
    )


def _holder(client: MlflowClient, name: str, alias: str) -> ModelVersion | None:
    """Return the version that has the alias now."""
    try:
        return client.get_model_version_by_alias(name, alias)
    except MlflowException as error:
        if error.error_code not in (ErrorCode.Name(RESOURCE_DOES_NOT_EXIST), ErrorCode.Name(INVALID_PARAMETER_VALUE)):
            raise
        return None


def _champion(client: MlflowClient, holder: ModelVersion | None, terms: Terms) -> Contender | None:
    if holder is None:
        return None
    try:
        return _contender(client.get_run(holder.run_id or ""), terms)
    except MlflowException:
        raise UserError(
            f"{_named(holder)}, the {terms.alias} now, comes from run {holder.run_id or '(none)'}, which is no "
            f"longer in MLflow. Take the alias {terms.alias} away (docs/registry.md), and promote again. "
            "Nothing was changed."
        ) from None


def _logged_model(client: MlflowClient, run: Run) -> LoggedModel:
    """Return the newest model that the run has logged to its end, whatever its name."""
    source = f"source_run_id='{run.info.run_id}'"
    found = client.search_logged_models([run.info.experiment_id], filter_string=source)
    whole = [model for model in found if model.status == LoggedModelStatus.READY]
    if not whole:
        raise UserError(
            f"run {run.info.run_id}: MLflow has no model of it, so there is nothing to register. Train it again with "
            f"`dvc repro --force train@{run.data.tags.get('model', 'cnn')}`. Nothing was changed."
        )
    return max(whole, key=lambda model: model.creation_timestamp)


def _facts(run: Run, model: ModelRevision | None) -> dict[str, str]:
    """Return what stays true of a version: what it was made of, what it measured, and where DVC keeps it."""
    tags = {key: run.data.tags[key] for key in FACTS if key in run.data.tags}
    tested = {key: repr(value) for key, value in run.data.metrics.items() if key.startswith("test/")}
    dvc = {"dvc.revision": model.revision, "dvc.model_md5": model.md5} if model else {}
    return {**tags, **tested, PARAMETERS: str(int(run.data.metrics[PARAMETERS])), **dvc}


def _reasons(decision: Decision, holder: ModelVersion | None, terms: Terms) -> dict[str, str]:
    """Return why the version got this alias; it may have others, for reasons of their own."""
    return {
        f"{terms.alias}.since": datetime.now(UTC).isoformat(timespec="seconds"),
        f"{terms.alias}.metric": terms.metric,
        f"{terms.alias}.margin": f"{terms.margin:g}",
        f"{terms.alias}.beat": f"version {holder.version}, run {holder.run_id}" if holder else "nobody",
        f"{terms.alias}.verdict": decision.words,
    }


def _register(client: MlflowClient, name: str, model: LoggedModel, tags: dict[str, str], words: str) -> ModelVersion:
    """Return the version of the model's run, with these tags: the one that it has already, else a new one."""
    run_id = model.source_run_id
    had = [version for version in client.search_model_versions(f"name='{name}'") if version.run_id == run_id]
    if had:
        for key, tag in tags.items():
            client.set_model_version_tag(name, had[0].version, key, tag)
        return client.update_model_version(name, had[0].version, f"{had[0].description or ''}\n\n{words}".strip())
    try:
        client.create_registered_model(name, description="The models of this project that passed the gate.")
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise
    source = f"models:/{model.model_id}"
    return client.create_model_version(name, source, run_id, tags=tags, description=words, model_id=model.model_id)


def _hand_over(client: MlflowClient, holder: ModelVersion | None, version: ModelVersion, terms: Terms) -> None:
    """Set the alias, and let the version that had it say who has it now."""
    client.set_registered_model_alias(version.name, terms.alias, version.version)
    superseded = f"{terms.alias}.superseded_by"
    if superseded in version.tags:  # it had the alias before, and lost it
        client.delete_model_version_tag(version.name, version.version, superseded)
    if holder:
        client.set_model_version_tag(holder.name, holder.version, superseded, f"version {version.version}")


def _dvc_side(
    run: Run, model: ModelRevision | None, version: ModelVersion, terms: Terms, *, git_tag: bool
) -> Iterator[str]:
    """Yield what was done, or is to be done, so that DVC's registry names the same model."""
    if not model:
        yield f"DVC: {_not_kept(run)}"
        return
    message = f"{_named(version)}, run {run.info.run_id}"
    tags = artifacts.missing_tags(model, terms.alias, int(version.version))
    if git_tag:
        artifacts.write_tags(tags, message)
        yield from (f"Git: {tag.name} is now at {tag.commit[:8]}" for tag in tags)
    elif tags:
        yield f"DVC has this model at commit {model.revision[:8]}. What adds it to DVC's registry, as --git-tag does:"
        yield from artifacts.shown(tags, message)


def _not_kept(run: Run) -> str:
    return (
        f"no commit and no experiment here holds this model. Commit dvc.lock, or `dvc pull`, then "
        f"`pixelproof promote {run.info.run_id[:8]} --git-tag` makes the tags of DVC's registry."
    )


def _named(version: ModelVersion) -> str:
    return f"{version.name} version {version.version}"
