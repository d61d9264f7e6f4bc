"""Runs that are made while a test looks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pixelproof.tracking.run.record import (
    MetricPoint,
    Record,
)
from tests.support.runs import a_record, everything


def begun(run_id: str = "1" * 32, **changes: Any) -> Record:
    return a_record(run_id, **{"status": "RUNNING", "ended": None, "metrics": [], "inputs": [], **changes})


def recorded(live: Any, record: Record, *, resumed: bool = False, metrics: Sequence[MetricPoint] = ()) -> str:
    """Make a run; return its id."""
    with live.recording(record, {}, resumed=resumed) as run:
        run.add(metrics)
    return record.run_id


def client() -> Any:
    from pixelproof.tracking.store.connection import connect

    return connect()


def stored(root: Path) -> dict[str, dict[str, Any]]:
    return everything(f"sqlite:///{root / 'mlflow.db'}")
