"""Photos of every kind that a page reads, the pages that read them, and what the pipeline makes of the same files."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.icc import ADOBE_RGB, matrix_profile
from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.inference.classifier import Classifier
from pixelproof.inference.preprocessing import Preprocessing
from tests.support.browser import PATIENCE
from tests.support.photos import CLASSES, encoded, photo

READ = """async ([data, preprocessing]) => {
    try {
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        const image = await pixelproof.readPhoto(bytes, preprocessing);
        return { data: Array.from(image.data, (level) => String.fromCharCode(level)).join("") };
    } catch (error) {
        return { refusal: error.reason ? error.message : `crash: ${error.stack}` };
    }
}"""
ANSWER = """async (data) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    await pixelproof.own.read(bytes, "photo");
    return pixelproof.network.photos.at(-1).probabilities;
}"""
TURNED = 274  # EXIF's orientation


def preprocessing(**given: Any) -> Preprocessing:
    usual = {"height_px": 48, "width_px": 64, "colour": "rgb", "fit": "pad", "min_side_px": 8, "max_megapixels": 250}
    return Preprocessing(**{"classes": list(CLASSES), **usual, **given})


def scene(width: int, height: int, seed: int = 0) -> Image.Image:
    """Draw soft patches of colour with some noise, as photos have them."""
    rng = np.random.default_rng([width, height, seed])
    patches = rng.integers(0, 256, (max(2, height // 9), max(2, width // 9), 3), dtype=np.uint8)
    soft = np.asarray(Image.fromarray(patches).resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    return Image.fromarray((soft + rng.integers(-15, 16, soft.shape)).clip(0, 255).astype(np.uint8))


def files(width: int, height: int) -> Iterator[tuple[str, bytes]]:
    """Yield one photo of this size in each kind of file, by name."""
    yield from _pngs(scene(width, height))
    yield from _jpegs(scene(width, height))
    yield from _others(scene(width, height))


def see_through(image: Image.Image) -> Image.Image:
    image = image.copy()
    rng = np.random.default_rng(image.width)
    image.putalpha(Image.fromarray(rng.integers(0, 256, (image.height, image.width), dtype=np.uint8)))
    return image


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[TURNED] = orientation
    return exif


def _pngs(image: Image.Image) -> Iterator[tuple[str, bytes]]:
    kinds = {"rgb": image, "grey": image.convert("L"), "alpha": see_through(image), "bits": image.convert("1")}
    kinds |= {"grey alpha": see_through(image).convert("LA"), "palette": image.quantize(40)}
    yield from ((f"png {name}", encoded(each, "PNG")) for name, each in kinds.items())
    yield "png 4 bits", encoded(image.quantize(12), "PNG", bits=4)
    yield "png clear index", encoded(image.quantize(40), "PNG", transparency=3)
    yield "png clear grey", encoded(image.convert("L"), "PNG", transparency=90)
    yield "png turned", encoded(image, "PNG", exif=turned(6))
    yield "png interlaced", interlaced(image)
    rng = np.random.default_rng(0)
    for channels in (1, 3, 4):
        levels = rng.integers(0, 65536, (image.height, image.width, channels), dtype=np.uint16)
        yield f"png 16 bits, {channels}", cv2.imencode(".png", levels)[1].tobytes()


def interlaced(image: Image.Image) -> bytes:
    """Return an Adam7 PNG, which Pillow and OpenCV read but do not write: each pass with filters of its own."""
    import zlib

    pixels = np.asarray(image)
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = [row for top, left, down, across in passes for row in pixels[top::down, left::across] if row.size]
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    header = image.width.to_bytes(4, "big") + image.height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 1])
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
        for kind, content in chunks
    )


def _jpegs(image: Image.Image) -> Iterator[tuple[str, bytes]]:
    for orientation in range(1, 9):
        yield f"jpeg turned {orientation}", encoded(image, "JPEG", exif=turned(orientation))
    for chroma in ("444", "422", "420", "440", "411"):
        pixels = np.asarray(image)
        yield f"jpeg {chroma}", simplejpeg.encode_jpeg(pixels, quality=88, colorsubsampling=chroma)
    yield "jpeg progressive", encoded(image, "JPEG", progressive=True)
    yield "jpeg restarts", encoded(image, "JPEG", restart_marker_blocks=5)
    yield "jpeg grey", encoded(image.convert("L"), "JPEG")
    yield "jpeg inks", encoded(image.convert("CMYK"), "JPEG")


def _others(image: Image.Image) -> Iterator[tuple[str, bytes]]:
    yield "webp", encoded(image, "WEBP", quality=80)
    yield "webp turned", encoded(image, "WEBP", exif=turned(6))
    yield "webp alpha", encoded(see_through(image), "WEBP")
    yield "webp lossless alpha", encoded(see_through(image), "WEBP", lossless=True)
    yield "gif", encoded(image, "GIF")
    yield "gif clear", encoded(image.quantize(30), "GIF", transparency=2)
    yield "bmp", encoded(image, "BMP")
    yield "bmp grey", encoded(image.convert("L"), "BMP")


def profiled(width: int, height: int) -> Iterator[tuple[str, bytes]]:
    """Yield files whose colours are those of Adobe RGB."""
    image, profile = scene(width, height), matrix_profile("Adobe RGB (1998)", ADOBE_RGB, 563 / 256)
    yield "jpeg", encoded(image, "JPEG", icc_profile=profile)
    yield "png", encoded(image, "PNG", icc_profile=profile)
    yield "webp", encoded(image, "WEBP", lossless=True, icc_profile=profile)


def by_pipeline(data: bytes, how: Preprocessing) -> np.ndarray | str:
    """Return the image that the pipeline makes of a file, or why it refuses it."""
    with quiet_pillow():
        try:
            return how.image(data)
        except BadImageError as bad:
            return f"{bad.reason}: {bad.detail}"


def by_page(page: Any, data: bytes, how: Preprocessing) -> np.ndarray | str:
    """Return the image that the page makes of a file, or why it refuses it."""
    from dataclasses import asdict

    read = page.evaluate(READ, [base64.b64encode(data).decode(), asdict(how)])
    if "refusal" in read:
        return str(read["refusal"])
    return np.frombuffer(read["data"].encode("latin-1"), np.uint8).reshape(how.shape)


def answer_of(page: Any, data: bytes) -> np.ndarray:
    """Return the probabilities that the page shows for a file."""
    return np.array(page.evaluate(ANSWER, base64.b64encode(data).decode()))


@contextmanager
def opened(browser: Any, path: Path, width: int = 1280, **options: Any) -> Iterator[Any]:
    """Open a page without a network; nothing may go wrong behind the reader's back, and nothing be asked of anybody."""
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
    troubles: list[str] = []
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith("file:") else troubles.append(request.url))
    page.goto(path.as_uri())
    yield page
    context.close()
    assert troubles == []


def trained(params: dict[str, Any], how: Preprocessing) -> Classifier:
    """Return a CNN that took some steps on photos of two classes, so that it has something to say."""
    from pixelproof.network.cnn.cnn import CnnLearner
    from pixelproof.network.cnn.saved import saved
    from pixelproof.params.cnn import Cnn
    from pixelproof.params.train import Train

    usual = {"head": "softmax", "learning_rate": 0.01}
    train = Train(epochs=1, batch_size=8)
    learner = CnnLearner(Cnn.model_validate(usual | params), train, how.shape, 2, steps_per_epoch=6, seed=7)
    _take_steps(learner.train_batch, how)
    return Classifier(how, lambda images: saved.predict(learner.model, [(images, None)]), learner.model)


def trained_mlp(how: Preprocessing, **params: Any) -> Classifier:
    from pixelproof.network.mlp import saved
    from pixelproof.network.mlp.mlp import MlpLearner
    from pixelproof.params.mlp import Mlp
    from pixelproof.params.train import Train

    usual = {"hidden": [6, 5], "activation": "tanh", "l2": 0.0, "learning_rate": 0.01}
    train = Train(epochs=1, batch_size=8)
    size = int(np.prod(how.shape))
    classes = len(how.classes)
    learner = MlpLearner(Mlp.model_validate(usual | params), train, size, classes, steps_per_epoch=6, seed=7)
    _take_steps(learner.train_batch, how)
    model = learner.trained()
    return Classifier(how, lambda images: saved.predict(model, [(images, None)]), model)


def _take_steps(train_batch: Callable[[np.ndarray, np.ndarray], Any], how: Preprocessing) -> None:
    labels = np.arange(8) % 2
    for step in range(6):
        drawn = [encoded(photo(CLASSES[label], 8 * step + i), "PNG") for i, label in enumerate(labels)]
        train_batch(np.stack([how.image(data) for data in drawn]), labels)
