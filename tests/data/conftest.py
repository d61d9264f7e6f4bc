from collections.abc import Iterator

import pytest

from pixelproof.data.fetch import downloads
from tests.support.servers.web import Server, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A local server; a download that breaks off is tried again at once."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(downloads, "WAITS_S", ())
    with serving() as running:
        yield running
