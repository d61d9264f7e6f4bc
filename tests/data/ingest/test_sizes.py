import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelproof.data.images.parts import class_counts
from pixelproof.data.ingest.sizes import SIZES, size_counts


def test_photos_are_counted_by_class_and_part() -> None:
    """Else the bars would be of other lengths than the classes have photos; a class may be called NA or 0."""
    photos = pd.DataFrame({"label": ["NA", "0", "NA", "NA"]})
    counted = class_counts(photos, pd.Series(["train", "test", "train", None]))
    assert counted.to_csv(index=False).splitlines() == [
        "label,part,photos",
        "0,test,1",
        "NA,no part given,1",
        "NA,train,2",
    ]


def test_a_few_sizes_are_counted_as_they_are() -> None:
    """Else a point would stand beside the size that the photos have."""
    photos = pd.DataFrame({"width": [41, 41, 1023], "height": [50, 50, 768]})
    assert size_counts(photos).to_dict("records") == [
        {"width": 41, "height": 50, "photos": 2},
        {"width": 1023, "height": 768, "photos": 1},
    ]


@settings(max_examples=15)  # each makes thousands of photos
@given(st.integers(0, 2**32), st.sampled_from([10, 3_000, 20_000]))
def test_many_sizes_become_few_points_that_count_every_photo(seed: int, photos: int) -> None:
    """Else a million photos would give a plot that no browser opens, or the plot would leave some out."""
    sizes = np.random.default_rng(seed).integers(10, 4000, (photos, 2))
    sizes[0] = 1, 1
    sizes[1] = 9000, 9000
    counted = size_counts(pd.DataFrame(sizes, columns=["width", "height"]))
    assert len(counted) <= SIZES
    assert counted["photos"].sum() == photos
    assert counted["width"].max() > 0.9 * 9000, "the largest photo must be seen"
    assert counted["width"].min() <= 1, "the smallest too"
