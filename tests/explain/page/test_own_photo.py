"""A photo of the reader's in a real browser: read as the pipeline reads it, answered as the model answers."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelproof.errors import UserError
from pixelproof.explain.page.alone import write_page
from pixelproof.inference.classifier import Classifier
from pixelproof.inference.preprocessing import Preprocessing
from tests.support.browser import chromium, findings
from tests.support.explained import SHAPE, every_kind
from tests.support.own_photos import (
    answer_of,
    by_page,
    by_pipeline,
    files,
    opened,
    preprocessing,
    profiled,
    scene,
    trained,
    trained_mlp,
)
from tests.support.photos import CLASSES, encoded, photo

pytestmark = pytest.mark.slow

CONV = {"kind": "conv", "filters": 4, "kernel": 3, "padding": 1, "activation": "relu"}
RESIDUAL = {"kind": "residual", "layers": {"conv": CONV, "norm": {"kind": "batch_norm"}}, "activation": "relu"}
PLAIN: dict[str, Any] = {"layers": {"conv": CONV, "pool": {"kind": "max_pool", "size": 2}, "flat": {"kind": "flatten"}}}
EVERY = {"conv": CONV, "block": RESIDUAL, "norms": {"kind": "l2_pool", "size": 2}, "flat": {"kind": "flatten"}}
WAYS = [
    preprocessing(),
    preprocessing(colour="grey", height_px=28, width_px=28),
    preprocessing(fit="crop", height_px=80),
    preprocessing(fit="stretch", width_px=31),
]
NOT_READ = "format not read"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def classifiers() -> dict[str, Classifier]:
    small, grey = preprocessing(height_px=24, width_px=20), preprocessing(height_px=24, width_px=20, colour="grey")
    return {
        "softmax": trained(PLAIN, small),
        "sigmoid": trained(PLAIN | {"head": "sigmoid"}, preprocessing(height_px=20, width_px=20, fit="crop")),
        "every kind": trained({"layers": EVERY, "average_mirrored": True}, grey),
        "mixed": trained({"layers": EVERY, "precision": "mixed_bfloat16"}, small),
        "mlp": trained_mlp(grey),
        "mlp of three": trained_mlp(preprocessing(classes=["a", "b", "c"], height_px=9, width_px=8, fit="stretch")),
    }


@pytest.fixture(scope="module")
def pages(classifiers: dict[str, Classifier], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("alone")
    for name, classifier in classifiers.items():
        write_page(classifier, folder / f"{name}.html")
    return {name: folder / f"{name}.html" for name in classifiers}


@pytest.fixture
def page(browser: Any, pages: dict[str, Path]) -> Iterator[Any]:
    with opened(browser, pages["softmax"]) as page:
        yield page


@pytest.mark.parametrize(("width", "height", "ways"), [(333, 200, WAYS), (61, 140, WAYS[2:3])])
def test_a_file_of_any_kind_becomes_the_pipelines_image_to_the_bit(
    page: Any, width: int, height: int, ways: list[Preprocessing]
) -> None:
    """Else the page would answer another photo than `predict`: turned, resized or decoded in another way."""
    for name, data in files(width, height):
        for how in ways:
            np.testing.assert_array_equal(by_page(page, data, how), by_pipeline(data, how), f"{name}, {how}")


def test_colours_of_a_profile_come_within_two_levels(page: Any) -> None:
    """The browser converts them, not the pipeline's library; unconverted ones are 30 levels off."""
    for name, data in profiled(333, 200):
        for how in WAYS:
            expected = by_pipeline(data, how)
            assert not isinstance(expected, str)
            difference = np.abs(by_page(page, data, how).astype(int) - expected)
            assert difference.max() <= 2, name
            assert difference.mean() < 0.05, name


@pytest.mark.parametrize("name", ["softmax", "sigmoid", "every kind", "mixed", "mlp", "mlp of three"])
def test_the_page_answers_as_the_model_does(
    browser: Any, pages: dict[str, Path], classifiers: dict[str, Classifier], name: str
) -> None:
    """Whoever gets the page must get the model's answers, whatever its head, layers and precision."""
    classifier = classifiers[name]
    with opened(browser, pages[name]) as page:
        drawn = [encoded(photo(CLASSES[i % 2], 100 + i, width=90, height=64), "JPEG") for i in range(6)]
        for data in [*drawn, encoded(scene(300, 200), "JPEG"), encoded(scene(90, 120), "PNG")]:
            expected = classifier.network(classifier.preprocessing.image(data)[None])[0]
            shown = answer_of(page, data)
            assert np.abs(shown - expected).max() < 1e-3
            assert shown.argmax() == expected.argmax()


def test_mixed_precision_is_rounded_as_keras_rounds(browser: Any, tmp_path: Path) -> None:
    """Unrounded sums differ by some 1e-3 of a probability, which a deeper network makes more of."""
    convs = {f"conv{i}": {**CONV, "filters": 8} for i in range(4)}
    layers = {**convs, "flat": {"kind": "flatten"}, "dense": {"kind": "dense", "units": 16, "activation": "relu"}}
    classifier = trained({"layers": layers, "precision": "mixed_bfloat16"}, preprocessing(height_px=24, width_px=20))
    write_page(classifier, tmp_path / "page.html")
    with opened(browser, tmp_path / "page.html") as page:
        for seed in range(3):
            data = encoded(scene(300, 200, seed), "PNG")
            expected = classifier.network(classifier.preprocessing.image(data)[None])[0]
            assert np.abs(answer_of(page, data) - expected).max() < 1e-4


def test_a_layer_that_the_page_cannot_compute_is_refused_by_name(tmp_path: Path) -> None:
    """A page without it would answer nonsense."""
    how = Preprocessing(list(CLASSES), *SHAPE[:2], "rgb", "pad", 8, 250)
    with pytest.raises(UserError, match="layer backbone: a page has no arithmetic for it"):
        write_page(Classifier(how, lambda images: images, every_kind()), tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


BROKEN = {
    "zero bytes": b"",
    "not an image": b"<html>no photo</html>",
    "truncated or damaged": encoded(scene(90, 70), "JPEG")[:-300],
    "too small": encoded(scene(40, 5), "PNG"),
    "decompression bomb": encoded(scene(40, 50), "PNG"),
    NOT_READ: encoded(scene(40, 50), "TIFF"),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_what_cannot_be_used_is_refused_in_ingests_words(page: Any, reason: str) -> None:
    """A reader who looks the reason up finds it in the report of `ingest`; only TIFF is read there and not here."""
    how = preprocessing(max_megapixels=0) if reason == "decompression bomb" else preprocessing()
    refusal = by_page(page, BROKEN[reason], how)
    assert str(refusal).startswith(f"{reason}: ")
    if reason != NOT_READ:
        assert str(by_pipeline(BROKEN[reason], how)).startswith(f"{reason}: ")


def test_a_reader_sees_the_refusal_and_may_try_another(page: Any) -> None:
    """A page that says nothing seems to be at work for ever."""
    give(page, "cut.jpg", BROKEN["truncated or damaged"])
    assert "cut.jpg cannot be used. truncated or damaged: " in page.inner_text("#own-photo .refused")
    give(page, "bars.png", encoded(photo("bars", 1), "PNG"))
    assert page.locator("#own-photo .refused").count() == 0
    assert page.locator("#own-photo canvas").count() == 1


def give(page: Any, name: str, data: bytes) -> None:
    """Choose a file, and wait for the answer."""
    file = {"name": name, "mimeType": "image/*", "buffer": data}
    page.locator("#own-photo input").first.set_input_files(file)
    page.wait_for_selector(f"#own-photo[data-answered='{name}']")


HAND_OVER = """([event, data]) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], `${event}.png`, { type: "image/png" }));
    const options = { bubbles: true, cancelable: true, dataTransfer: transfer, clipboardData: transfer };
    document.body.dispatchEvent(event === "drop" ? new DragEvent(event, options) : new ClipboardEvent(event, options));
}"""


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_photo_may_be_dropped_and_pasted(page: Any, event: str) -> None:
    """People do both; a browser left to itself would open a dropped file in place of the page."""
    from base64 import b64encode

    data = encoded(photo("dots", 3), "PNG")
    page.evaluate(HAND_OVER, [event, b64encode(data).decode()])
    page.wait_for_selector(f"#own-photo[data-answered='{event}.png']")
    assert f"{event}.png: " in page.inner_text("#own-photo [role=status]")
    assert "%" in page.inner_text("#own-photo .answers")


PROFILED = ("xmp_test.jpg", "pil123rgba.png")  # colours that differ from those of sRGB


def verdict(read: np.ndarray | str) -> str:
    return read.partition(":")[0] if isinstance(read, str) else "accepted"


def test_every_strange_file_gets_an_answer_or_a_reason(page: Any, odd_files: Path) -> None:
    """Strange files are what people try first; the page may only be stricter where no browser reads a format."""
    how, other = preprocessing(), {}
    for path in sorted(path for path in odd_files.rglob("*") if path.is_file()):
        data = path.read_bytes()
        read, wanted = by_page(page, data, how), by_pipeline(data, how)
        if verdict(read) != verdict(wanted):
            other[path.name] = (verdict(wanted), verdict(read))
        elif not isinstance(read, str) and not isinstance(wanted, str):
            assert np.abs(read.astype(int) - wanted).max() <= (2 if path.name in PROFILED else 0), path.name
    assert other == {
        "17000x17000.avif": ("not an image", "truncated or damaged"),
        "decompression_bomb.gif": ("decompression bomb", "truncated or damaged"),
        "16bit.cropped.tif": ("range of levels unknown", NOT_READ),
        "hopper.Lab.tif": ("accepted", NOT_READ),
        "hopper.tif": ("accepted", NOT_READ),
    }


def test_two_hundred_real_photos_get_the_models_answer(
    page: Any, classifiers: dict[str, Classifier], cats_dogs: Path
) -> None:
    """Photos of phones and of the web are not like drawn ones: other tables, other subsampling, other programs."""
    classifier = classifiers["softmax"]
    for path in islice(sorted(cats_dogs.rglob("*.jpg")), 0, None, 10):
        data = path.read_bytes()
        image = classifier.preprocessing.image(data)
        np.testing.assert_array_equal(by_page(page, data, classifier.preprocessing), image, path.name)
        expected = classifier.network(image[None])[0]
        assert np.abs(answer_of(page, data) - expected).max() < 1e-3, path.name


WIDTHS = pytest.mark.parametrize("width", [390, 1280])


@WIDTHS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_can_be_used_by_everybody(browser: Any, pages: dict[str, Path], width: int, scheme: str) -> None:
    """By readers with a screen reader, with weak eyes, on a phone: before and after an answer, and after a refusal."""
    with opened(browser, pages["softmax"], width, color_scheme=scheme) as page:
        assert findings(page) == []
        for name, data in {
            "bars.png": encoded(photo("bars", 1), "PNG"),
            "cut.jpg": BROKEN["truncated or damaged"],
        }.items():
            give(page, name, data)
            assert findings(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
