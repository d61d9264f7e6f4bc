"""The MLflow run of a sweep's trial, seen from outside while it trains."""

from collections.abc import Mapping
from contextlib import suppress

from mlflow.entities import Run

from pixelproof.tracking.run.record import FINISHED, KILLED, RUN_ID, RunAddition, now
from pixelproof.tracking.store.connection import connect, tagged
from pixelproof.tracking.store.databases import UnreachableError
from pixelproof.tracking.store.refusals import server_errors_as_user_errors


class TrialRun:
    """The run that has these tags and began at `since` (milliseconds since 1970) or later; it may not be there yet."""

    def __init__(self, tags: Mapping[str, str], since: int) -> None:
        self._tags, self._since = tags, since
        self._client = connect()

    def curve(self, metric: str) -> dict[int, float]:
        """Return the metric by epoch, as far as the training has come; nothing while the store is away."""
        with suppress(UnreachableError), server_errors_as_user_errors():
            return self._curve(metric)
        return {}

    def _curve(self, metric: str) -> dict[int, float]:
        run = self._find()
        points = self._client.get_metric_history(run.info.run_id, metric) if run else []
        return {point.step: point.value for point in sorted(points, key=lambda point: point.step)}

    @property
    def is_finished(self) -> bool:
        """Whether the training is done, though DVC may still be at work on its outputs; unknown counts as no."""
        with suppress(UnreachableError), server_errors_as_user_errors():
            run = self._find()
            return run is not None and run.info.status == FINISHED
        return False

    @server_errors_as_user_errors()
    def end(self, kind: str, why: str) -> RunAddition | None:
        """Say that the run was stopped from outside, unless it is finished; return what this adds to it."""
        run = self._find()
        if run is None or run.info.status == FINISHED:
            return None
        run_id, tags = run.info.run_id, {kind: why}
        addition = RunAddition(kind=kind, run_id=run.data.tags.get(RUN_ID, run_id), written=now(), tags=tags)
        for key, value in {**tags, addition.mark: str(addition.written)}.items():
            self._client.set_tag(run_id, key, value)
        self._client.set_terminated(run_id, KILLED)
        return addition

    def _find(self) -> Run | None:
        return next(iter(tagged(self._client, self._tags, f"attributes.start_time >= {self._since}")), None)
