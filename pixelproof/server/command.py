"""`pixelproof serve`: the process."""

import logging
import signal
import socket

import numpy as np
import uvicorn

from pixelproof.errors import UserError
from pixelproof.evidence.noting import open_noting
from pixelproof.server.app import create_app
from pixelproof.server.connections import patient_for
from pixelproof.server.limits import Limits

KEEP_ALIVE = 15  # seconds that an idle connection stays open


def serve(model: str, host: str, port: int, limits: Limits) -> None:
    """Serve a model until a signal comes. Raises UserError where there is no such model, or the port is taken."""
    with _bound(host, port) as place:
        classifier = open_noting(model, "serve")
        classifier.say([np.zeros(classifier.preprocessing.shape, np.uint8)])  # TensorFlow traces it once
        logging.info("http://%s:%d/ answers photos by %s; Ctrl-C ends it", host, port, model)
        config = uvicorn.Config(
            create_app(classifier, limits, model),
            http=patient_for(limits.seconds),
            log_level="warning",
            timeout_keep_alive=KEEP_ALIVE,
            limit_concurrency=4 * limits.waiting,
            server_header=False,
        )
        signal.signal(signal.SIGTERM, _end)  # uvicorn raises the signal anew when it has stopped
        uvicorn.Server(config).run(sockets=[place])


def _end(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def _bound(host: str, port: int) -> socket.socket:
    """Take the port, before the seconds that a model needs to load."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        place = socket.socket(family, socket.SOCK_STREAM)
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(address)
    except OSError as error:
        raise UserError(f"{host}:{port}: {error.strerror}. Choose another --host or --port.") from None
    return place
