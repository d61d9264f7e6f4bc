"""`pixelproof serve`'s application in a thread of the test, with a network that takes no libraries."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import uvicorn

from pixelproof.inference.classifier import Classifier, Network
from pixelproof.inference.preprocessing import Preprocessing
from pixelproof.server.app import create_app
from pixelproof.server.connections import patient_for
from pixelproof.server.limits import Limits
from tests.support.saved_models import PREPROCESSING
from tests.support.servers.postgres import free_port
from tests.support.waiting import wait_until


def by_colour(images: np.ndarray) -> np.ndarray:
    """Answer each image (n, height, width, 3) by the share of each channel in its brightness: (n, 3), sums of 1."""
    means = images.mean(axis=(1, 2), dtype=np.float64) + 1e-6
    shares: np.ndarray = (means / means.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def classifier(network: Network = by_colour, model: Any = None) -> Classifier:
    return Classifier(Preprocessing(**PREPROCESSING), network, model)


@contextmanager
def serving(
    limits: Limits | None = None, network: Network = by_colour, model: Any = None, served: Classifier | None = None
) -> Iterator[str]:
    """Serve a network with the model that it is of, or a classifier; yield the address."""
    port = free_port()
    limits = limits or Limits()
    app, protocol = create_app(served or classifier(network, model), limits, "by colour"), patient_for(limits.seconds)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical", http=protocol))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, seconds=60, pause=0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
