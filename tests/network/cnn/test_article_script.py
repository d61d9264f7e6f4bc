"""What the article's own script does to its photos, shown by Keras itself."""

import numpy as np
import pandas as pd
import pytest

from pixelproof.data.splits import split_photos
from pixelproof.params.split import Split

pytestmark = pytest.mark.slow

CATS = DOGS = 1001


def test_validation_split_of_sorted_classes_keeps_one_class_aside() -> None:
    """`docs/article.md` says so: the last 30 % of all cats, then all dogs, are dogs."""
    import keras

    def share_of_dogs(labels: object, predicted: object) -> object:
        return keras.ops.mean(labels)

    labels = np.repeat([0.0, 1.0], [CATS, DOGS])[:, None]
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[share_of_dogs])
    seen = model.fit(np.zeros_like(labels), labels, validation_split=0.3, batch_size=len(labels), verbose=0).history
    assert seen["val_share_of_dogs"] == [1.0]
    trained_on = int(len(labels) * 0.7)
    assert seen["share_of_dogs"][0] == pytest.approx((trained_on - CATS) / trained_on)


def test_the_projects_split_keeps_both_classes_aside() -> None:
    """On the same photos the validation part has as many dogs as cats, to within one."""
    names = [f"{label}/{number}" for label in ("cat", "dog") for number in range(CATS)]
    photos = pd.DataFrame({"id": names, "label": [name[:3] for name in names], "group": names})
    params = Split(method="stratified", valid_share=0.3, test_share=0.1)
    parts = split_photos(photos, params, seed=7)
    counts = parts[parts["part"] == "valid"]["label"].value_counts()
    assert abs(counts["cat"] - counts["dog"]) <= 1
