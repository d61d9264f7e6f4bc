from base64 import b64decode
from collections.abc import Sequence

import numpy as np

from pixelproof.explain.page.payload import PageBudget, payload
from pixelproof.explain.tracing.kinds import Kind
from pixelproof.explain.tracing.photos import Shown
from pixelproof.explain.tracing.traced import TracedLayer

RNG = np.random.default_rng(0)
PHOTOS = Shown(["a", "b"], np.zeros((2, 8, 8, 1), np.uint8), np.array([0, 1]), np.eye(2, dtype=np.float32))


def layer(name: str, inputs: Sequence[int] = (), shape: tuple[int, ...] = (8, 8, 4), **kind: Kind) -> TracedLayer:
    outputs = RNG.normal(size=(2, *shape)).astype(np.float32)
    return TracedLayer(name, "Mystery", inputs, outputs, kind.get("kind"), 7)


def dense(units: int) -> Kind:
    return Kind("dense", {"activation": "linear"}, {"kernel": np.ones((256, units), np.float32)})


def floats(data: str) -> np.ndarray:
    return np.frombuffer(b64decode(data), "<f4")


def test_a_known_layer_is_shipped_with_its_weights_and_samples_of_its_outputs() -> None:
    """The page computes it from the weights, and compares with the samples."""
    known = layer("output", shape=(3,), kind=dense(3))
    (entry,) = payload([known], PHOTOS, ["x", "y"])["layers"]
    assert entry["kind"] == "dense"
    assert floats(entry["weights"]["kernel"]["data"]).tolist() == [1] * 768
    assert floats(entry["samples"]).reshape(2, -1).tolist() == known.outputs[:, entry["places"]].tolist()
    assert "outputs" not in entry


def test_an_unknown_layer_is_a_box_with_its_exact_outputs() -> None:
    """What comes after it can then still be computed."""
    mystery = layer("mystery")
    box, after = payload([mystery, layer("after", [0], kind=Kind("flatten"))], PHOTOS, ["x", "y"])["layers"]
    assert box["kind"] == "box"
    assert "Mystery" in box["reason"]
    np.testing.assert_array_equal(floats(box["outputs"]), mystery.outputs.ravel())
    assert after["kind"] == "flatten"


def test_what_is_too_large_for_a_page_is_a_box() -> None:
    """A page of a hundred megabytes would open in no phone."""
    small, large = layer("small", shape=(2,), kind=dense(2)), layer("large", [0], kind=dense(9))
    after = layer("after", [1], kind=Kind("flatten"))
    kept, box, follower = payload([small, large, after], PHOTOS, ["x", "y"], PageBudget(5000, 0))["layers"]
    assert kept["kind"] == "dense"
    assert box["kind"] == follower["kind"] == "box"
    assert "too many for a page" in box["reason"]
    assert "preview" in follower["reason"]
    shape = box["preview"]["shape"]
    assert shape == [8, 8, 4]
    preview = np.frombuffer(b64decode(box["preview"]["data"]), np.int8) * box["preview"]["scale"]
    np.testing.assert_allclose(preview, large.outputs.ravel(), atol=box["preview"]["scale"])


def test_a_layer_that_takes_too_long_in_a_browser_is_a_box() -> None:
    """The page must answer within a moment."""
    conv = Kind("conv", {}, {"kernel": np.ones((3, 3, 1, 4), np.float32), "bias": np.ones(4, np.float32)})
    heavy = layer("heavy", kind=conv)
    assert heavy.multiply_adds == 8 * 8 * 36
    (entry,) = payload([heavy], PHOTOS, ["x", "y"], PageBudget(multiply_adds=100))["layers"]
    assert "2,304 multiply-adds" in entry["reason"]


def test_photos_go_along_pixel_by_pixel_with_the_answers() -> None:
    """The page computes from them."""
    shipped = payload([], PHOTOS, ["x", "y"])["photos"]
    assert [each["label"] for each in shipped] == [each["predicted"] for each in shipped] == [0, 1]
    assert b64decode(shipped[0]["pixels"]) == bytes(64)
