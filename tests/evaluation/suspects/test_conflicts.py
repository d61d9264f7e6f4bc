"""One photo under two labels comes to light through the pipeline's own stages, however it was stored."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pixelproof.data.images.store import ImageStore
from pixelproof.evaluation.answers.tables import answer_table
from tests.support.photos import picture
from tests.support.program import write_params

pytestmark = pytest.mark.slow  # the stages' imports take seconds

PHOTOS = 24  # of each class
STORED_AGAIN = {
    "worse.jpg": {"quality": 50},
    "much-worse.jpg": {"quality": 30},
    "other.webp": {"quality": 60},
}


@pytest.fixture
def suspects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """A source of cats and dogs, ingested and resized: some of the dogs are pictures of the folder of cats."""
    for number, label in enumerate(("cat", "dog")):
        folder = tmp_path / "photos" / label
        folder.mkdir(parents=True)
        for photo in range(PHOTOS):
            picture(64, 64, seed=100 * number + photo).save(folder / f"{photo}.jpg", quality=95)
    for cat, (name, options) in enumerate(STORED_AGAIN.items()):
        picture(64, 64, seed=cat).save(tmp_path / "photos/dog" / name, **options)
    for label in ("cat", "dog"):
        picture(64, 64, seed=999).save(tmp_path / "photos" / label / f"equal-{label}.png")
    write_params(tmp_path / "params.yaml", fetch_dataset="none", ingest_source="photos", ingest_min_images_per_class=10)
    monkeypatch.chdir(tmp_path)
    from stages import ingest, resize

    ingest.main()
    resize.main()
    return answered_at_random(tmp_path)


def answered_at_random(root: Path) -> pd.DataFrame:
    """Write answers of a network that knows nothing, so that they bring no conflict to light; return the suspects."""
    from stages.evaluate import read_suspects

    store = ImageStore.open(root / "data/resized")
    folder = root / "data/predicted/cnn"
    folder.mkdir(parents=True)
    for name, own in (("valid", np.arange(0, 20)), ("answers", np.arange(20, len(store)))):
        even = np.full((len(own), 2), 0.5, np.float32)
        table = answer_table("cnn", even, store.ids(own), store.labels[own], store.classes)
        table.to_parquet(folder / f"{name}.parquet")
    return read_suspects().set_index("path")


def test_equal_pixels_go_to_quarantine_and_near_copies_are_suspects(suspects: pd.DataFrame) -> None:
    """Else photos that stand in two class folders, as in a known set of flowers, would teach that both are right."""
    quarantine = pd.read_csv("reports/quarantine.csv").set_index("path")
    conflicts = {"cat/equal-cat.png", "dog/equal-dog.png"}
    assert set(quarantine.index) == conflicts
    assert quarantine["reason"].str.contains("label conflict").all()
    assert not conflicts & set(suspects.index)
    pairs = {f"dog/{name}": f"cat/{cat}.jpg" for cat, name in enumerate(STORED_AGAIN)}
    for copy, original in pairs.items():
        assert suspects.loc[copy, "reason"] == f"near copy of {original}, which is called cat"
        assert suspects.loc[original, "reason"] == f"near copy of {copy}, which is called dog"
    others = suspects.drop([*pairs, *pairs.values()])
    assert not others["reason"].str.contains("near copy").any()
