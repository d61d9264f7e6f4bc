"""The image store: what is written is read, in any order, and by hand."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelproof.data.images import store as store_module
from pixelproof.data.images.store import ImageStore, StoreWriter, in_batches, open_views, view_path

SHAPE = (4, 3, 1)
COUNT = 11
PER_SHARD = 4
INDEX = pd.DataFrame(
    {"id": [f"{n}.png" for n in range(COUNT)], "label": [("b", "a", "NA")[n % 3] for n in range(COUNT)]}
)
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, *SHAPE), dtype=np.uint8)
CLASSES = ["b", "NA", "a"]


def write(folder: Path, images: np.ndarray = IMAGES, index: pd.DataFrame = INDEX) -> ImageStore:
    writer = StoreWriter(folder, index, SHAPE, CLASSES, {"fit": "pad"})
    for start in reversed(range(0, len(images), 3)):  # threads write in any order, also across two shards
        writer.write(start, images[start : start + 3])
    return ImageStore.open(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three shards: 4, 4 and 3 images."""
    folder = tmp_path_factory.mktemp("stores") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, "SHARD_BYTES", PER_SHARD * int(np.prod(SHAPE)) + 5)
        write(folder)
    return folder


def test_what_is_written_over_several_shards_is_read(folder: Path) -> None:
    """Else models would train on other images than resize made."""
    store = ImageStore.open(folder)
    assert [len(shard) for shard in store.shards] == [4, 4, 3]
    assert np.array_equal(store.gather(np.arange(COUNT)), IMAGES)
    assert len(store) == COUNT
    assert (store.shape, store.classes, store.made_with) == (SHAPE, CLASSES, {"fit": "pad"})


@settings(deadline=None)
@given(positions=st.lists(st.integers(0, COUNT - 1), max_size=30))
def test_images_come_in_the_order_that_was_asked_for(positions: list[int], folder: Path) -> None:
    """Else images would get the labels of others."""
    gathered = ImageStore.open(folder).gather(np.array(positions, dtype=int))
    assert gathered.dtype == np.uint8
    assert np.array_equal(gathered, IMAGES[positions])


def test_batches_are_bounded_and_keep_order_labels_and_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an answer would belong to another image, or large images would fill the memory."""
    monkeypatch.setattr(store_module, "AT_ONCE", 4)
    store, positions = ImageStore.open(folder), np.array([9, 0, 3, 3, 7, 10])
    batches = list(in_batches(store, positions))
    assert [len(labels) for _, labels in batches] == [4, 2]
    assert np.array_equal(np.concatenate([images for images, _ in batches]), IMAGES[positions])
    assert np.array_equal(np.concatenate([labels for _, labels in batches]), store.labels[positions])
    assert np.array_equal(store.named(store.ids(positions)), IMAGES[positions])


def test_labels_are_numbered_in_the_order_of_the_classes(folder: Path) -> None:
    """Else output 0 of a network would mean another class than the report says."""
    labels = ImageStore.open(folder).labels
    assert labels.dtype == np.int64
    assert [CLASSES[number] for number in labels] == INDEX["label"].tolist()


def test_numpy_alone_opens_a_shard(folder: Path) -> None:
    """Else nobody could look at the images without this program."""
    assert np.array_equal(np.load(folder / "images-001.npy"), IMAGES[4:8])


def test_the_index_says_where_each_image_is(folder: Path) -> None:
    """Else a tool that reads Parquet could not find an image."""
    index = pd.read_parquet(folder / "index.parquet")
    assert index.columns.tolist() == ["id", "label", "shard", "row"]
    assert index["label"].tolist() == INDEX["label"].tolist()
    for position, row in enumerate(index.itertuples()):
        assert np.array_equal(np.load(folder / f"images-{row.shard:03d}.npy")[row.row], IMAGES[position])


def test_the_description_can_be_read_by_people(folder: Path) -> None:
    """Else a store found years later would be a riddle."""
    assert json.loads((folder / "store.json").read_text("utf-8")) == {
        "version": 1,
        "height": 4,
        "width": 3,
        "channels": 1,
        "classes": CLASSES,
        "images": COUNT,
        "made_with": {"fit": "pad"},
        "accepts": {},
    }


def test_a_gathered_batch_is_a_copy(folder: Path) -> None:
    """Else a change of a batch could reach the store's files, or fail because they are read-only."""
    store = ImageStore.open(folder)
    store.gather(np.array([0]))[:] = 0
    assert np.array_equal(store.gather(np.array([0]))[0], IMAGES[0])
    assert not store.shards[0].flags.writeable


def test_an_image_larger_than_a_shard_has_a_shard_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a large size in params.yaml would divide by zero."""
    monkeypatch.setattr(store_module, "SHARD_BYTES", 5)
    store = write(tmp_path / "store", IMAGES[:3], INDEX[:3])
    assert [len(shard) for shard in store.shards] == [1, 1, 1]
    assert np.array_equal(store.gather(np.arange(3)), IMAGES[:3])


def test_the_rows_of_an_index_that_was_filtered_are_counted_anew(tmp_path: Path) -> None:
    """Else the augmented views, which hold the training images only, would point past their end."""
    chosen = [2, 5, 9]
    store = write(tmp_path / "store", IMAGES[chosen], INDEX.iloc[chosen])
    assert store.index["row"].tolist() == [0, 1, 2]
    assert store.index["id"].tolist() == ["2.png", "5.png", "9.png"]
    assert np.array_equal(store.gather(np.arange(3)), IMAGES[chosen])


def test_a_store_that_is_laid_out_keeps_its_images(tmp_path: Path) -> None:
    """Else a run that goes on after a stop would lose the images that it had."""
    write(tmp_path / "store")
    StoreWriter(tmp_path / "store", INDEX, SHAPE, CLASSES, {"fit": "pad"})
    assert np.array_equal(ImageStore.open(tmp_path / "store").gather(np.arange(COUNT)), IMAGES)


def test_a_store_that_was_half_laid_out_is_laid_out_anew(tmp_path: Path) -> None:
    """Else a shard that a kill cut short would be taken for whole."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store/images-000.npy").write_bytes(b"cut short")
    assert np.array_equal(write(tmp_path / "store").gather(np.arange(COUNT)), IMAGES)


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    """Else a store of a later program would be misread."""
    write(tmp_path / "store")
    path = tmp_path / "store" / "store.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"version": 2}), "utf-8")
    with pytest.raises(ValueError, match="image store version 2, this program reads 1"):
        ImageStore.open(tmp_path / "store")


@pytest.mark.parametrize("views", [[0, 1, 2, 10], [0, 999, 1000]])
def test_views_open_in_their_order(views: list[int], tmp_path: Path) -> None:
    """Else epoch e would not train on view e."""
    for view in reversed(views):
        write(view_path(tmp_path, view), IMAGES[:1], INDEX[:1].assign(id=str(view)))
    assert [store.index["id"][0] for store in open_views(tmp_path)] == [str(view) for view in views]
