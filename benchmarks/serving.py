"""Throughput and latency of `pixelproof serve`, beside `model.predict` on the same photos in memory.

    python -m benchmarks.serving [--model mlp] [--requests 5000] [--clients 16] PHOTO_FOLDER

One run measures both: the server as a process of its own, asked by so many clients at once, a photo a request, one in
twenty of them garbage; then the network alone on the same images, decoded before. Every answer is compared.
"""

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from threading import local

import numpy as np
import psutil
import requests
from rich.console import Console
from rich.table import Table

from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.inference.classifier import AT_ONCE, Classifier
from pixelproof.inference.models import find_model

GARBAGE, EVERY = b"not a photo", 20
PORT = 8791
SESSIONS = local()


def ask(photo: bytes) -> tuple[float, requests.Response]:
    """Return the seconds of a request and its response; each client keeps its connection."""
    if not hasattr(SESSIONS, "own"):
        SESSIONS.own = requests.Session()
    began = time.perf_counter()
    response = SESSIONS.own.post(f"http://127.0.0.1:{PORT}/predict", data=photo, timeout=120)
    return time.perf_counter() - began, response


def wait_until_ready(process: "subprocess.Popen[bytes]") -> None:
    while True:
        try:
            requests.get(f"http://127.0.0.1:{PORT}/ready", timeout=5)
        except requests.RequestException:
            if process.poll() is not None:
                sys.exit("the server ended before it was ready")
            time.sleep(0.1)
        else:
            return


def serve_all(model: str, asked: list[bytes], clients: int) -> tuple[float, list[tuple[float, requests.Response]], int]:
    """Return the seconds that all took, every response with its own seconds, and the server's largest memory."""
    process = subprocess.Popen([sys.executable, "-m", "pixelproof", "serve", f"--model={model}", f"--port={PORT}"])
    try:
        wait_until_ready(process)
        largest, server = 0, psutil.Process(process.pid)
        with ThreadPoolExecutor(clients) as pool:
            began = time.perf_counter()
            futures = [pool.submit(ask, photo) for photo in asked]
            while not all(future.done() for future in futures):
                largest = max(largest, server.memory_info().rss)
                time.sleep(0.05)
            return time.perf_counter() - began, [future.result() for future in futures], largest
    finally:
        process.terminate()
        process.wait()


def check(responses: list[requests.Response], asked: list[bytes], expected: dict[bytes, np.ndarray]) -> int:
    """Return how many answers are wrong, or not what garbage gets."""
    wrong = 0
    for response, photo in zip(responses, asked, strict=True):
        if photo == GARBAGE:
            wrong += response.status_code != 422
            continue
        (answer,) = response.json()["answers"]
        wrong += not np.allclose(list(answer["probabilities"].values()), expected[photo], atol=1e-6)
    return wrong


def alone(classifier: Classifier, images: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the seconds of the network on images in memory, and its answers."""
    classifier.network(images[:AT_ONCE])
    began = time.perf_counter()
    rows = [classifier.network(images[start : start + AT_ONCE]) for start in range(0, len(images), AT_ONCE)]
    return time.perf_counter() - began, np.concatenate(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--clients", type=int, default=16)
    arguments = parser.parse_args()
    files = [path for path in sorted(arguments.folder.rglob("*")) if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
    photos = [path.read_bytes() for path in files[:1000]]
    asked = [
        GARBAGE if number % EVERY == 0 else photo
        for number, photo in enumerate(islice(cycle(photos), arguments.requests))
    ]
    good = [photo for photo in asked if photo != GARBAGE]
    classifier = Classifier.open(find_model(arguments.model))
    with quiet_pillow():
        images = {photo: classifier.preprocessing.image(photo) for photo in photos}
    seconds, rows = alone(classifier, np.stack([images[photo] for photo in good]))
    served, answered, memory = serve_all(arguments.model, asked, arguments.clients)
    wrong = check([response for _, response in answered], asked, dict(zip(good, rows, strict=True)))
    times = np.array([each for each, _ in answered]) * 1000
    table = Table(
        "", "photos/s", "p50 ms", "p99 ms", "memory MB", "wrong", title=f"{arguments.model}: {len(asked)} requests"
    )
    table.add_row("the network alone", f"{len(good) / seconds:.0f}", "", "", "", "")
    figures = f"{len(asked) / served:.0f}", *(f"{np.percentile(times, share):.0f}" for share in (50, 99))
    table.add_row("pixelproof serve", *figures, f"{memory / 1e6:.0f}", str(wrong))
    Console().print(table, f"throughput: {len(good) / served / (len(good) / seconds):.3f} of the network alone")


if __name__ == "__main__":
    main()
