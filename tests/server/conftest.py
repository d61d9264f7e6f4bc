"""A server that the tests of a file share."""

from collections.abc import Iterator

import pytest

from tests.support.servers.photos import serving


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as address:
        yield address
