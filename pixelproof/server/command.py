"""`pixelproof serve`: the process."""

import logging

import numpy as np
import uvicorn

from pixelproof.inference.classifier import Classifier
from pixelproof.inference.models import find_model
from pixelproof.server.app import create_app
from pixelproof.server.limits import Limits

KEEP_ALIVE = 15  # seconds that an idle connection stays open


def serve(model: str, host: str, port: int, limits: Limits) -> None:
    """Serve a model until a signal comes. Raises UserError where there is no such model."""
    classifier = Classifier.open(find_model(model))
    classifier.network(np.zeros((1, *classifier.preprocessing.shape), np.uint8))  # TensorFlow traces it once
    logging.info("http://%s:%d/ answers photos by %s; Ctrl-C ends it", host, port, model)
    uvicorn.run(
        create_app(classifier, limits, model),
        host=host,
        port=port,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE,
        limit_concurrency=4 * limits.waiting,
        server_header=False,
        h11_max_incomplete_event_size=64 * 1024,
    )
