"""The table of suspects: what is said against each photo, and that `ingest` takes it back as labels."""

from pathlib import Path

import numpy as np
import pandas as pd

from pixelproof.data.sources.labels_table import read_labels_table
from pixelproof.evaluation.suspects.copies import Pair
from pixelproof.evaluation.suspects.table import of_copies, of_labels, of_pictures, suspects_in, suspects_table

IDS = ["cat/1.jpg", "cat/2.jpg", "dog/3, a.jpg", "dog/4.jpg", "dog/5.jpg"]
LABELS = ["cat", "cat", "dog", "dog", "dog"]
PHOTOS = pd.DataFrame({"id": IDS, "label": LABELS})


def suspicions() -> list:
    probabilities = np.array([[0.9, 0.1], [0.95, 0.05]], np.float32)
    labels = of_labels(probabilities, np.array([0.1, 0.05]), np.array([1, 0]), np.array([2, 3]), ["cat", "dog"])
    copies = of_copies([Pair(0, 3, 0.99), Pair(3, 0, 0.99)], IDS, LABELS)
    bad = pd.DataFrame({"dark": [False, True, False, False, False], "blank": [False] * 5})
    return labels + copies + of_pictures(bad, pd.DataFrame({"dark": [1, 0.2, 1, 1, 1], "blank": [1.0] * 5}))


def test_suspects_come_first_with_all_that_is_said_of_them() -> None:
    """A person reads from the top, and stops somewhere."""
    table = suspects_table(PHOTOS, suspicions())
    assert table["path"].tolist() == ["dog/4.jpg", "cat/1.jpg", "dog/3, a.jpg", "cat/2.jpg", "dog/5.jpg"]
    assert table["reason"].tolist() == [
        "looks like cat (95%); near copy of cat/1.jpg, which is called cat",
        "near copy of dog/4.jpg, which is called dog",
        "looks like cat (90%)",
        "dark",
        "",
    ]
    assert table["suggested"].tolist() == ["cat", "", "cat", "", ""]
    assert len(suspects_in(table)) == 4


def test_the_table_is_a_labels_csv(tmp_path: Path) -> None:
    """So that a person who has corrected a line needs to do nothing else."""
    given = pd.DataFrame({"part": ["train"] * 4 + ["test"], "group": ["", "g", "", "", ""]})
    table = suspects_table(PHOTOS, suspicions(), given)
    table.loc[0, "label"] = "cat"
    content = table.to_csv(index=False).encode()
    labels = read_labels_table(content, tmp_path / "labels.csv", IDS)
    assert {path: given.label for path, given in labels.items()} == dict(zip(IDS, LABELS, strict=True)) | {
        "dog/4.jpg": "cat"
    }
    assert (labels["cat/2.jpg"].group, labels["dog/5.jpg"].part) == ("g", "test")


def test_without_suspicion_all_photos_stay_in_their_order() -> None:
    """A table of nothing would say that no photo is wanted."""
    table = suspects_table(PHOTOS, [])
    assert table["path"].tolist() == IDS
    assert suspects_in(table).empty
