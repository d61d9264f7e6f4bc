"""Photos for a trained model are read as those that it was trained on."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pixelproof.data.images.store import ImageStore
from pixelproof.data.ingest.manifest import Inventory
from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.data.resize import resize_photos
from pixelproof.data.sources.source import open_source
from pixelproof.files.journal import Journal
from pixelproof.inference.preprocessing import Preprocessing
from pixelproof.params.resize import Resize
from tests.support.odd_table import odd_inventory
from tests.support.photos import picture

SIZE = {"height_px": 20, "width_px": 16}


def preprocessing(colour: str, fit: str) -> Preprocessing:
    limits = {"min_side_px": 8, "max_megapixels": 250}
    return Preprocessing(classes=["a", "b"], colour=colour, fit=fit, **SIZE, **limits)  # type: ignore[arg-type]  # str for Literal


def resized(folder: Path, inventory: Inventory, colour: str, fit: str, work: Path) -> dict[str, np.ndarray]:
    """Return what the pipeline makes of the accepted photos of a folder, by id."""
    params = Resize(colour=colour, fit=fit, **SIZE)  # type: ignore[arg-type]  # str for Literal
    with open_source(folder) as source:
        resize_photos(source, inventory.photos, inventory.classes, params, work, Journal())
    store = ImageStore.open(work)
    return dict(zip(store.index["id"], store.gather(np.arange(len(store))), strict=True))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of photos of several sizes, modes, formats and orientations, in two classes."""
    folder = tmp_path_factory.mktemp("mixed")
    for number, (height, width) in enumerate([(48, 32), (300, 517), (8, 200), (643, 90)]):
        whole = picture(height, width, seed=number).resize((width, height))
        kinds = {"rgb.png": whole, "grey.png": whole.convert("L"), "palette.gif": whole.convert("P")}
        kinds |= {"clear.png": whole.convert("RGBA"), "cmyk.jpg": whole.convert("CMYK"), "photo.webp": whole}
        for name, image in kinds.items():
            image.putalpha(120) if name == "clear.png" else None
            save(image, folder / "ab"[number % 2] / f"{number} {name}")
        for orientation in range(1, 9):
            exif = Image.Exif()
            exif[274] = orientation
            save(whole, folder / "ab"[number % 2] / f"{number} turned {orientation}.jpg", exif=exif)
    return folder


def save(image: Image.Image, path: Path, **options: object) -> None:
    path.parent.mkdir(exist_ok=True)
    image.save(path, **options)


@pytest.mark.parametrize("colour", ["rgb", "grey"])
@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
def test_photos_of_every_kind_are_the_images_of_the_pipeline(
    mixed: Path, tmp_path: Path, colour: str, fit: str
) -> None:
    """Else a model would see other pixels than it was trained on, the commonest fault of classifiers in use."""
    images = resized(mixed, odd_inventory(mixed), colour, fit, tmp_path / "store")
    assert len(images) >= 30, "too many are copies of each other to prove anything"
    read = preprocessing(colour, fit)
    with quiet_pillow():
        for id, expected in images.items():
            np.testing.assert_array_equal(read.image((mixed / id).read_bytes()), expected, id)


def test_odd_files_get_the_verdict_of_ingest(odd_files: Path, tmp_path: Path) -> None:
    """Else a file that the pipeline refuses would be answered, or the other way round."""
    inventory, read = odd_inventory(odd_files), preprocessing("rgb", "pad")
    with quiet_pillow():
        for id, expected in resized(odd_files, inventory, "rgb", "pad", tmp_path / "store").items():
            np.testing.assert_array_equal(read.image((odd_files / id).read_bytes()), expected, id)
        refused = inventory.quarantine[inventory.quarantine["reason"] != "label conflict"]  # which takes two files
        assert len(refused) > 15
        for path, reason in zip(refused["path"], refused["reason"], strict=True):
            with pytest.raises(BadImageError) as bad:
                read.image((odd_files / path).read_bytes())
            assert bad.value.reason == reason, path


@given(st.binary(max_size=200))
def test_bytes_that_are_no_photo_get_a_reason(data: bytes) -> None:
    """Else a server would answer garbage with a traceback."""
    with quiet_pillow(), pytest.raises(BadImageError):
        preprocessing("rgb", "pad").image(data)
