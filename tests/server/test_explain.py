"""POST /explain: an answer with a picture of what spoke for it."""

import base64
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

from pixelproof.server.answering import PICTURE_PX
from pixelproof.server.limits import Limits
from tests.support.photos import encoded, picture
from tests.support.servers.photos import by_colour, serving
from tests.support.waiting import wait_until

PHOTO = encoded(picture(), "PNG")


def explain(address: str, **sent: Any) -> requests.Response:
    return requests.post(f"{address}/explain", timeout=60, **sent)


def drawn(response: requests.Response) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(response.json()["picture"].partition(",")[2]))) as image:
        return np.asarray(image.convert("RGB")).astype(int)


@pytest.mark.slow
def test_it_gives_the_answer_of_predict_and_grad_cam(with_maps: str) -> None:
    """Two answers to one photo would be worse than none."""
    response = explain(with_maps, data=PHOTO)
    (known,) = requests.post(f"{with_maps}/predict", data=PHOTO, timeout=60).json()["answers"]
    said = response.json()
    assert (response.status_code, said["method"], said["label"]) == (200, "gradcam", known["label"])
    assert said["probabilities"] == pytest.approx(known["probabilities"], abs=1e-6)
    assert max(drawn(response).shape) == PICTURE_PX


def test_the_picture_is_orange_where_the_answer_comes_from() -> None:
    """A network that answers by the left edge alone lights up there and nowhere else."""

    def by_left_edge(images: np.ndarray) -> np.ndarray:
        bright = images[:, :, :2].mean(axis=(1, 2, 3)) / 255
        return np.stack([bright, (1 - bright) / 2, (1 - bright) / 2], axis=1).astype(np.float32)

    pixels = np.zeros((10, 12, 3), np.uint8)
    pixels[:, :2] = 255
    with serving(network=by_left_edge) as address:
        response = explain(address, data=encoded(Image.fromarray(pixels), "PNG"))
    assert (response.json()["label"], response.json()["method"]) == ("ape", "occlusion")
    red, _, blue = np.moveaxis(drawn(response), 2, 0)
    assert (red - blue)[:, :40].min() > 60
    assert np.abs(red - blue)[:, 160:].max() == 0


@pytest.mark.parametrize(
    ("sent", "status", "says"),
    [
        ({"data": b"garbage"}, 422, "not an image"),
        ({"files": [("photos", ("a", PHOTO)), ("photos", ("b", PHOTO))]}, 400, "2 photos in one request"),
        ({"data": b"x" * 200_001}, 413, "longer than 200,000 bytes"),
        ({"data": b"x", "headers": {"content-type": "text/html"}}, 415, "is not taken"),
    ],
)
def test_what_is_not_explained_gets_its_reason(sent: dict[str, Any], status: int, says: str) -> None:
    """As /predict does; and the next request is served."""
    with serving(Limits(bytes=200_000)) as address:
        refused = explain(address, **sent)
        assert (refused.status_code, says in refused.json()["error"]) == (status, True), refused.text
        assert explain(address, data=PHOTO).status_code == 200


def test_a_slow_explanation_holds_up_no_answer_and_too_many_are_asked_to_come_again() -> None:
    """Occlusion asks a network hundreds of times: /health and /predict must go on meanwhile."""
    go, asked = threading.Event(), threading.Event()

    def slow_on_patches(images: np.ndarray) -> np.ndarray:
        if len(images) == 64:  # a batch of patches
            asked.set()
            go.wait(30)
        return by_colour(images)

    with serving(Limits(waiting=3), slow_on_patches) as address, ThreadPoolExecutor(2) as pool:
        begun = [pool.submit(explain, address, data=PHOTO) for _ in range(2)]
        assert asked.wait(30)
        wait_until(lambda: "waiting_photos 2.0" in requests.get(f"{address}/metrics", timeout=10).text, seconds=30)
        try:
            assert requests.get(f"{address}/health", timeout=10).ok
            answered = requests.post(f"{address}/predict", data=PHOTO, timeout=10)
            refused = requests.post(f"{address}/predict", files=[("photos", PHOTO)] * 2, timeout=10)
        finally:
            go.set()
        assert answered.status_code == 200
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        assert [future.result().status_code for future in begun] == [200, 200]
