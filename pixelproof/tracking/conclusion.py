"""What an evaluation adds to the runs of both models: the comparison in their descriptions, and the table's columns."""

from collections.abc import Mapping

from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient

from pixelproof.tracking import runs_table
from pixelproof.tracking.description import NOTE, with_comparison
from pixelproof.tracking.runs import connect


def describe_comparison(run_ids: Mapping[str, str], comparison: str) -> None:
    """Put the comparison (Markdown) of two models' runs into their descriptions, and show in the table what differs.

    A run that the store does not have is left out, and then so is the comparison.
    """
    client = connect()
    found = {model: run for model, run_id in run_ids.items() if (run := _find(client, run_id))}
    for model, run in found.items():
        partner = next((other for name, other in found.items() if name != model), None)
        if partner is None:
            continue
        address = f"#/experiments/{partner.info.experiment_id}/runs/{partner.info.run_id}"
        described = with_comparison(run.data.tags.get(NOTE, ""), comparison, str(partner.info.run_name), address)
        client.set_tag(run.info.run_id, NOTE, described)
        runs_table.save(client, run.info.experiment_id)


def _find(client: MlflowClient, run_id: str) -> Run | None:
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        return None
