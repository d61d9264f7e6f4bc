"""Connections that send the head of a request too slowly are closed, so that a thousand of them hold nobody up."""

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol


def patient_for(seconds: float) -> type[asyncio.Protocol]:
    """Return Uvicorn's protocol, which has a limit for idle connections only, with one for heads of requests.

    While a request is read or answered, `Limits.seconds` and the network decide.
    """

    class Connection(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # Uvicorn chooses it when it is imported
        _closing: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_watching()
            super().connection_lost(exc)

        def _watch(self) -> None:
            """Let the time run from the first byte of a head to its last."""
            if self.cycle is not None and not self.cycle.response_complete:
                self._stop_watching()
            elif self._closing is None:
                self._closing = self.loop.call_later(seconds, self._close)

        def _stop_watching(self) -> None:
            if self._closing:
                self._closing.cancel()
            self._closing = None

        def _close(self) -> None:
            self._closing = None
            if self.cycle is None or self.cycle.response_complete:
                self.transport.close()

    return Connection
