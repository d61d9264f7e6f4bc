"""What a run's model answered to the test part: a table that `evaluate` adds to the run."""

import tempfile
from pathlib import Path

import pandas as pd
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from pixelproof.errors import UserError
from pixelproof.tracking.store.refusals import server_errors_as_user_errors

PREDICTIONS = "predictions.parquet"  # the artifact's name


@server_errors_as_user_errors()
def read_predictions(client: MlflowClient, run: Run) -> pd.DataFrame:
    """Return a run's predictions. Raises UserError if it has none."""
    if PREDICTIONS not in {file.path for file in client.list_artifacts(run.info.run_id)}:
        raise UserError(
            f"run {run.info.run_id}: it has no {PREDICTIONS}: it was not evaluated, or by an earlier version. "
            "`dvc exp apply` or `git checkout` brings its state back; then run `dvc repro evaluate`."
        )
    with tempfile.TemporaryDirectory() as folder:
        try:
            return pd.read_parquet(Path(client.download_artifacts(run.info.run_id, PREDICTIONS, folder)))
        except (MlflowException, OSError, ValueError) as error:
            raise UserError(
                f"run {run.info.run_id}: its {PREDICTIONS} cannot be read: {str(error).splitlines()[0]}"
            ) from None
