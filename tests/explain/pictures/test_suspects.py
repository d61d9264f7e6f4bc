"""The sheet of suspects shows each with its label and what is said against it, and says so if there is none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pixelproof.data.images.store import ImageStore
from pixelproof.explain.pictures.suspects import LAYOUT, SHOWN, write_suspects


@pytest.mark.parametrize("suspected", [0, 3, 100])
def test_the_sheet_has_as_many_photos_as_it_has_room_for(suspected: int, tmp_path: Path) -> None:
    """Else a person would look through a hundred rows of text, or an empty sheet would look like an error."""
    images = np.full((120, 8, 8, 3), (200, 30, 90), np.uint8)
    ids = [f"a/{number}.png" for number in range(120)]
    index = pd.DataFrame({"id": ids, "label": "a", "shard": 0, "row": range(120)})
    store = ImageStore(index, images.shape[1:], ["a", "b"], {}, {}, [images])
    reasons = ["looks like b (99%)"] * suspected + [""] * (120 - suspected)
    table = pd.DataFrame({"path": ids, "label": "a", "reason": reasons})
    write_suspects(table, store, tmp_path / "suspects.png")
    pixels = np.asarray(Image.open(tmp_path / "suspects.png"))
    of_photos = (pixels == images[0, 0, 0]).all(axis=2).sum()
    assert of_photos == min(suspected, SHOWN) * LAYOUT.tile_px**2
