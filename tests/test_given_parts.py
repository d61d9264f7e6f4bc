"""Published data sets, read out of their archives: their parts come through whole."""

from pathlib import Path

import pandas as pd
import pytest

from pixelproof.data.splits import audit, split_photos
from pixelproof.params.whole import Params, load_params
from tests.support.sources import take_inventory

pytestmark = pytest.mark.slow

PRESETS = Path(__file__).parents[1] / "presets"


def parts_of(archive: Path, params: Params) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the accepted photos, and which parts `split.method: given` makes of them."""
    photos = take_inventory(archive, params.ingest.model_copy(update={"classes": None})).photos
    split = params.split.model_copy(update={"method": "given"})
    splits = split_photos(photos, split, seed=params.seed)
    audit(splits, split, seed=params.seed)
    return photos, splits


def test_the_parts_of_cats_and_dogs_are_kept_exactly(parted_archives: Path) -> None:
    """Else results on 2,000, 1,000 and 2,000 photos could not be compared with published ones."""
    photos, splits = parts_of(parted_archives / "cats_dogs_128px.zip", load_params(PRESETS / "cats-dogs.yaml"))
    assert splits.groupby(["part", "label"]).size().to_dict() == {
        ("test", "cats"): 1000,
        ("test", "dogs"): 1000,
        ("train", "cats"): 1000,
        ("train", "dogs"): 1000,
        ("valid", "cats"): 500,
        ("valid", "dogs"): 500,
    }
    assert (splits["part"] == photos["given_part"]).all()
    assert (splits["part"] == splits["id"].str.split("/").str[0]).all()


def test_the_parts_of_fashion_mnist_are_kept_exactly(parted_archives: Path) -> None:
    """Else results on 10,000 test images could not be compared with published ones."""
    params = load_params(PRESETS / "fashion-mnist.yaml")
    photos, splits = parts_of(parted_archives / "fashion_mnist.zip", params)
    assert photos.groupby(["given_part", "label"]).size().to_dict() == {
        (part, str(label)): count for part, count in (("train", 6000), ("test", 1000)) for label in range(10)
    }
    assert (photos["given_part"] == photos["id"].str.split("/").str[0]).all()
    assert ((splits["part"] == "test") == (photos["given_part"] == "test")).all()
    assert splits["part"].value_counts().to_dict() == {"train": 54000, "test": 10000, "valid": 6000}
