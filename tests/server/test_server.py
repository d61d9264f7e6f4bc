"""The server: good photos answered, bad ones refused with their reason, and the next request served."""

import base64
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

from pixelproof.server.limits import Limits
from tests.support.odd_table import odd_inventory
from tests.support.photos import encoded, picture
from tests.support.saved_models import CLASSES
from tests.support.servers.photos import by_colour, classifier, serving

PHOTOS = [encoded(picture(seed=seed), "PNG") for seed in range(20)]
TEXT = base64.b64encode(PHOTOS[0]).decode()
LIMITS = Limits(bytes=200_000, photos=4, megapixels=1, seconds=1.0, waiting=8)


def expected(photo: bytes) -> dict[str, float]:
    (row,) = by_colour(classifier().preprocessing.image(photo)[np.newaxis])
    return dict(zip(CLASSES, map(float, row), strict=True))


@pytest.fixture(scope="module")
def strict() -> Iterator[str]:
    """A server with low limits."""
    with serving(LIMITS) as address:
        yield address


def post(address: str, **sent: Any) -> requests.Response:
    return requests.post(f"{address}/predict", timeout=60, **sent)


def check_serves(address: str) -> None:
    """Every refusal must leave the server as it was."""
    served = post(address, data=PHOTOS[0], headers={"content-type": "image/png"})
    assert served.json()["answers"][0]["probabilities"] == pytest.approx(expected(PHOTOS[0]), abs=1e-6)


def test_several_photos_of_a_form_are_answered_in_their_order(address: str) -> None:
    """A browser and curl send this."""
    files = [("photos", (f"{number}.png", photo)) for number, photo in enumerate(PHOTOS[:3])]
    answered = post(address, files=[*files, ("photos", ("bad.jpg", b"garbage"))])
    assert answered.status_code == 200
    *good, bad = answered.json()["answers"]
    assert [answer["photo"] for answer in good] == ["0.png", "1.png", "2.png"]
    for answer, photo in zip(good, PHOTOS, strict=False):
        assert answer["probabilities"] == pytest.approx(expected(photo), abs=1e-6)
        assert answer["label"] == max(expected(photo), key=expected(photo).__getitem__)
    assert (bad["photo"], bad["label"]) == ("bad.jpg", None)
    assert bad["error"].startswith("not an image")


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"photos": [TEXT]}},
        {"json": {"photos": [f"data:image/png;base64,{TEXT}"]}},
        {"data": PHOTOS[0], "headers": {"content-type": "image/png"}},
        {"data": PHOTOS[0]},
        {"data": iter([PHOTOS[0][:100], PHOTOS[0][100:]]), "headers": {"content-type": "application/octet-stream"}},
    ],
)
def test_a_photo_comes_in_any_form(address: str, sent: dict[str, Any]) -> None:
    """Programs send what is easiest for them."""
    (answer,) = post(address, **sent).json()["answers"]
    assert answer["probabilities"] == pytest.approx(expected(PHOTOS[0]), abs=1e-6)


LARGE = encoded(Image.new("1", (2000, 1600)), "PNG")
REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"data": b"garbage", "headers": {"content-type": "image/png"}}, 422, "not an image"),
    ({"files": {"photos": ("a.jpg", b"")}}, 422, "zero bytes: the file is empty"),
    ({"data": b"", "headers": {"content-type": "image/png"}}, 400, "there is no photo"),
    ({"data": b"x", "headers": {"content-type": "text/html"}}, 415, "content-type 'text/html' is not taken"),
    ({"data": b"{", "headers": {"content-type": "application/json"}}, 400, "not valid JSON"),
    ({"data": b"[" * 100_000, "headers": {"content-type": "application/json"}}, 400, "not valid JSON"),
    ({"json": {"photo": TEXT}}, 400, "no list of texts `photos`"),
    ({"json": ["x"]}, 400, "no list of texts `photos`"),
    ({"json": {"photos": ["!"]}}, 400, "photo 0: not base64 text"),
    ({"data": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "boundary"),
    ({"data": b"x", "headers": {"content-type": "multipart/form-data; boundary=y"}}, 400, ""),
    ({"files": [("photos", (f"{n}", PHOTOS[n])) for n in range(5)]}, 413, "4"),
    ({"json": {"photos": [TEXT] * 5}}, 413, "5 photos in one request; the limit is 4"),
    ({"data": b"x" * 200_001}, 413, "longer than 200,000 bytes"),
    ({"data": iter([b"x" * 150_000] * 2), "headers": {"content-type": "image/png"}}, 413, "longer than 200,000 bytes"),
    ({"data": LARGE, "headers": {"content-type": "image/png"}}, 422, "decompression bomb"),
]


@pytest.mark.parametrize(("sent", "status", "says"), REFUSED)
def test_what_is_not_answered_gets_its_reason(strict: str, sent: dict[str, Any], status: int, says: str) -> None:
    """One clear message, no path and no line of code, and the next request is served."""
    refused = post(strict, **sent)
    assert refused.status_code == status, refused.text
    assert says in refused.text
    assert "Traceback" not in refused.text
    assert ".py" not in refused.text
    check_serves(strict)


def test_too_many_at_once_are_asked_to_come_again() -> None:
    """Else the server would take on more and more, and answer nobody in time."""
    go = threading.Event()

    def slow(images: np.ndarray) -> np.ndarray:
        go.wait(30)
        return by_colour(images)

    with serving(LIMITS, slow) as address, ThreadPoolExecutor(6) as pool:
        begun = [pool.submit(post, address, json={"photos": [TEXT] * 4}) for _ in range(6)]
        while sum(future.done() for future in begun) < 4:
            time.sleep(0.01)
        refused = [future.result() for future in begun if future.done()]
        go.set()
        assert {response.status_code for response in refused} == {429}
        assert {response.headers["Retry-After"] for response in refused} == {"1"}
        assert sorted(future.result().status_code for future in begun) == [200] * 2 + [429] * 4
        check_serves(address)


def test_a_network_that_fails_is_a_500_without_words_of_code() -> None:
    """And the server goes on."""

    def broken(images: np.ndarray) -> np.ndarray:
        raise RuntimeError("secret/path.py")

    with serving(LIMITS, broken) as address:
        for _ in range(2):
            failed = post(address, data=PHOTOS[0])
            assert failed.status_code == 500
            assert "secret" not in failed.text
        assert requests.get(f"{address}/health", timeout=10).ok


def test_many_clients_each_get_their_own_answers() -> None:
    """Batches are made of many requests: an answer must never reach another's."""
    asked = [
        b"garbage" if number % 20 == 0 else random.Random(number).choice(PHOTOS)  # no secret
        for number in range(600)
    ]
    sizes: list[int] = []

    def counted(images: np.ndarray) -> np.ndarray:
        sizes.append(len(images))
        time.sleep(0.005)
        return by_colour(images)

    known = {photo: expected(photo) for photo in PHOTOS}
    with serving(network=counted) as address, ThreadPoolExecutor(16) as pool:
        answered = list(pool.map(lambda photo: post(address, data=photo), asked))
        counts = requests.get(f"{address}/metrics", timeout=10).text
    for photo, response in zip(asked, answered, strict=True):
        (answer,) = response.json()["answers"]
        if photo == b"garbage":
            assert (response.status_code, answer["label"]) == (422, None)
        else:
            assert answer["probabilities"] == pytest.approx(known[photo], abs=1e-6)
    assert max(sizes) > 1, "no two photos were answered together"
    assert sum(sizes) == 570
    assert 'pixelproof_photos_total{outcome="answered"} 570.0' in counts
    assert 'pixelproof_photos_total{outcome="refused"} 30.0' in counts
    assert 'pixelproof_requests_total{status="200"} 570.0' in counts


def test_it_says_what_it_is(address: str) -> None:
    """For whoever runs it, and for programs that are written against it."""
    ready = requests.get(f"{address}/ready", timeout=10).json()
    assert (ready["status"], ready["model"], ready["classes"]) == ("ready", "by colour", CLASSES)
    assert ready["limits"]["waiting"] == 256
    api = requests.get(f"{address}/openapi.json", timeout=10).json()
    assert set(api["paths"]) == {"/predict", "/explain", "/health", "/ready", "/metrics"}
    assert "multipart/form-data" in api["paths"]["/predict"]["post"]["requestBody"]["content"]


def test_odd_files_get_the_verdict_of_ingest(odd_files: Path) -> None:
    """Else a file that the pipeline refuses would be answered, or the other way round."""
    inventory = odd_inventory(odd_files)
    refused = inventory.quarantine[inventory.quarantine["reason"] != "label conflict"]
    with serving() as address:
        for id in inventory.photos["id"]:
            assert post(address, data=(odd_files / id).read_bytes()).status_code == 200, id
        for path, reason in zip(refused["path"], refused["reason"], strict=True):
            response = post(address, data=(odd_files / path).read_bytes())
            empty = (odd_files / path).stat().st_size == 0
            assert response.status_code == (400 if empty else 422), path
            assert empty or response.json()["answers"][0]["error"].startswith(reason), path
