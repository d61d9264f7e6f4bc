"""Which training run a model comes from, and that run completed with what its exports proved."""

import logging
import re
import tempfile
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.export import report
from pixelproof.files import read_json, write_text
from pixelproof.paths import MODELS
from pixelproof.tracking.delivery.kept import kept_runs
from pixelproof.tracking.delivery.live import complete
from pixelproof.tracking.run.record import (
    RECORD,
    RUN_ID,
    RunAddition,
    file_hashes,
    now,
    points,
    write_record,
)


def run_of(name: str, folder: Path) -> str | None:
    """Return the id of the run that trained a model, as its record has it; `folder` is the model's, `name` as given."""
    if (folder.parent / "run.json").is_file():  # models/cnn or models/mlp
        return str(read_json(folder.parent / "run.json")["run_id"])
    if name.startswith("models:/"):
        import mlflow

        run_id = mlflow.models.get_model_info(name).run_id
        return _recorded(run_id) if run_id else None
    return _recorded(name) if re.fullmatch("[0-9a-f]{4,32}", name) and not Path(name).is_dir() else None


def _recorded(run_id: str) -> str:
    from pixelproof.tracking.history.lineage import find_run, open_store

    run = find_run(open_store(), run_id)
    return str(run.data.tags.get(RUN_ID, run.info.run_id))


def add_to_run(run_id: str | None, model: str, proofs: report.Proofs) -> None:
    """Complete the model's run with the table and its numbers, in runs/ and in MLflow; say so where there is none."""
    folder = _record_folder(run_id) if run_id else None
    if run_id is None or folder is None:
        logging.info("MLflow: no run of this model is recorded here (in runs/), so none shows its exports.")
        return
    written = now()
    table = f"exported-{written}.csv"
    record = RunAddition(
        kind="exported",
        run_id=run_id,
        written=written,
        metrics=points(report.metrics(proofs), step=0, timestamp=written),
        artifacts=[table],
    )
    with tempfile.TemporaryDirectory() as beside:
        write_text(Path(beside) / table, report.as_csv(model, proofs))
        write_text(kept_runs() / run_id / table, report.as_csv(model, proofs))  # from where `sync` takes it
        record.files = file_hashes(record, Path(beside))
        write_record(record, Path(beside))
        try:
            complete(folder, Path(beside))
        except UserError as error:
            logging.warning("MLflow: %s\nWhat it lacks is kept in runs/; `pixelproof sync` delivers it.", error)


def _record_folder(run_id: str) -> Path | None:
    """Return the folder with the record of a run's training."""
    own = [path.parent for path in sorted(MODELS.glob("*/run.json")) if read_json(path)["run_id"] == run_id]
    return next((folder for folder in (*own, kept_runs() / run_id) if (folder / RECORD).is_file()), None)
