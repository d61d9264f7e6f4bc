"""The MLflow run of a sweep's trial, seen from outside while it trains."""

from collections.abc import Mapping
from contextlib import suppress

from mlflow.entities import Run

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

    def end(self, tags: Mapping[str, str]) -> None:
        """Say that the run was stopped from outside, and tag it."""
        with server_errors_as_user_errors():
            self._end(tags)

    def _end(self, tags: Mapping[str, str]) -> None:
        if run := self._find():
            for key, value in tags.items():
                self._client.set_tag(run.info.run_id, key, value)
            self._client.set_terminated(run.info.run_id, "KILLED")

    def _find(self) -> Run | None:
        return next(iter(tagged(self._client, self._tags, f"attributes.start_time >= {self._since}")), None)
