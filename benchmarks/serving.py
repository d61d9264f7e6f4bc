"""Throughput and latency of `pixelproof serve`, beside `model.predict` on the same photos in memory.

    python -m benchmarks.serving [--model mlp] [--requests 5000] [--clients 16] [--photos 1 16] PHOTO_FOLDER

One run measures both: the network alone on images decoded before, and the server as a process of its own, asked by so
many clients at once on the same machine, one photo in twenty garbage. Every answer is compared.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import count, cycle, islice
from pathlib import Path
from threading import local

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.inference.classifier import AT_ONCE, Classifier
from pixelproof.inference.models import find_model

GARBAGE, EVERY = b"not a photo", 20
PORT = 8791
CLIENTS = local()


@dataclass(frozen=True)
class Response:
    """What came back for a request, and after how many seconds."""

    seconds: float
    status: int
    body: bytes


def ask(request: tuple[dict[str, str], bytes]) -> Response:
    """Send a request; each client keeps its connection. The standard library's client costs a fifth of `requests`."""
    if not hasattr(CLIENTS, "own"):
        CLIENTS.own = HTTPConnection("127.0.0.1", PORT, timeout=120)
    began = time.perf_counter()
    CLIENTS.own.request("POST", "/predict", request[1], request[0])
    came = CLIENTS.own.getresponse()
    body = came.read()
    return Response(time.perf_counter() - began, came.status, body)


def as_request(photos: Sequence[bytes]) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body for one photo, sent as it is, or for several, as a form."""
    if len(photos) == 1:
        return {"content-type": "application/octet-stream"}, photos[0]
    part = b'--edge\r\ncontent-disposition: form-data; name="photos"; filename="photo"\r\n\r\n%s\r\n'
    return {"content-type": "multipart/form-data; boundary=edge"}, b"".join(part % one for one in photos) + b"--edge--"


def wait_until_ready(process: "subprocess.Popen[bytes]") -> None:
    while True:
        try:
            HTTPConnection("127.0.0.1", PORT, timeout=5).request("GET", "/ready")
        except (OSError, HTTPException):
            if process.poll() is not None:
                sys.exit("the server ended before it was ready")
            time.sleep(0.1)
        else:
            return


def serve_all(model: str, requests: Sequence[Sequence[bytes]], clients: int) -> tuple[float, list[Response], int]:
    """Return the seconds that all took, every response, and the server's largest resident memory in bytes."""
    process = subprocess.Popen([sys.executable, "-m", "pixelproof", "serve", f"--model={model}", f"--port={PORT}"])
    sent = [as_request(photos) for photos in requests]
    try:
        wait_until_ready(process)
        largest, server = 0, psutil.Process(process.pid)
        with ThreadPoolExecutor(clients) as pool:
            began = time.perf_counter()
            futures = [pool.submit(ask, request) for request in sent]
            while not all(future.done() for future in futures):
                largest = max(largest, server.memory_info().rss)
                time.sleep(0.1)
            return time.perf_counter() - began, [future.result() for future in futures], largest
    finally:
        process.terminate()
        process.wait()


def check(responses: list[Response], requests: Sequence[Sequence[bytes]], expected: dict[bytes, np.ndarray]) -> int:
    """Return how many answers are wrong, missing, or not what garbage gets."""
    wrong = 0
    for response, photos in zip(responses, requests, strict=True):
        answers = json.loads(response.body).get("answers", [])
        wrong += len(photos) if len(answers) != len(photos) else 0
        wrong += response.status != (422 if set(photos) == {GARBAGE} else 200)
        for answer, photo in zip(answers, photos, strict=False):
            if photo == GARBAGE:
                wrong += not (answer["error"] or "").startswith("not an image")
            else:
                given = answer["probabilities"] or {}
                wrong += not given or not np.allclose(list(given.values()), expected[photo], atol=1e-6)
    return wrong


def alone(classifier: Classifier, photos: Sequence[bytes], images: dict[bytes, np.ndarray]) -> tuple[float, np.ndarray]:
    """Return the seconds of the network on photos decoded before, in batches, and its answers."""
    batches = [photos[start : start + AT_ONCE] for start in range(0, len(photos), AT_ONCE)]
    stacked = [np.stack([images[photo] for photo in batch]) for batch in batches]
    classifier.network(stacked[0])
    began = time.perf_counter()
    rows = [classifier.network(batch) for batch in stacked]
    return time.perf_counter() - began, np.concatenate(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--photos", type=int, nargs="+", default=[1, 16], help="in a request; a run for each number")
    arguments = parser.parse_args()
    files = [path for path in sorted(arguments.folder.rglob("*")) if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
    photos = [path.read_bytes() for path in files[:1000]]
    classifier = Classifier.open(find_model(arguments.model))
    with quiet_pillow():
        images = {photo: classifier.preprocessing.image(photo) for photo in photos}
    endless = cycle(photos)
    drawn = (GARBAGE if number % EVERY == 0 else next(endless) for number in count())
    table = Table("", "photos/s", "ratio", "p50 ms", "p99 ms", "memory MB", "wrong", title=arguments.model)
    for size in arguments.photos:
        requests = [list(islice(drawn, size)) for _ in range(arguments.requests)]
        measure(classifier, requests, images, arguments, table)
    Console().print(table)


def measure(
    classifier: Classifier,
    requests: list[list[bytes]],
    images: dict[bytes, np.ndarray],
    arguments: argparse.Namespace,
    table: Table,
) -> None:
    """Add a row for the network alone and one for the server, on the same photos."""
    good = [photo for photos in requests for photo in photos if photo != GARBAGE]
    seconds, rows = alone(classifier, good, images)
    served, answered, memory = serve_all(arguments.model, requests, arguments.clients)
    wrong = check(answered, requests, dict(zip(good, rows, strict=True)))
    times = np.array([response.seconds for response in answered]) * 1000
    percentiles = (f"{np.percentile(times, share):.0f}" for share in (50, 99))
    name = f"{len(requests)} requests of {len(requests[0])} by {arguments.clients} clients"
    table.add_row("the network alone", f"{len(good) / seconds:.0f}", "1", "", "", "", "")
    speeds = f"{len(good) / served:.0f}", f"{seconds / served:.3f}"
    table.add_row(name, *speeds, *percentiles, f"{memory / 1e6:.0f}", str(wrong))


if __name__ == "__main__":
    main()
