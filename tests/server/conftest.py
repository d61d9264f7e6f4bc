"""A server that the tests of a file share."""

from collections.abc import Iterator

import pytest

from tests.support.networks import FLATTEN, network
from tests.support.saved_models import CLASSES, SHAPE
from tests.support.servers.photos import serving


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture(scope="package")
def with_maps() -> Iterator[str]:
    """A server whose network has maps of places."""
    from pixelproof.network.cnn.cnn import build
    from pixelproof.network.cnn.saved.saved import predict

    conv = {"kind": "conv", "filters": 4, "kernel": 3, "activation": "relu"}
    model = build(network(conv=conv, flatten=FLATTEN), SHAPE, len(CLASSES))
    with serving(network=lambda images: predict(model, [(images, None)]), model=model) as address:
        yield address
