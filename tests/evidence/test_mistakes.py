"""The sheet of mistakes shows the surest ones, and what to look at where there are none."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from pixelproof.data.images.store import ImageStore
from pixelproof.evidence.mistakes import SHOWN, choose, write_mistakes
from pixelproof.evidence.witness import Witness
from tests.support.saved_models import CLASSES, SHAPE
from tests.support.servers.photos import classifier


def answers(labels: list[str], predicted: list[str], sure: list[float]) -> pd.DataFrame:
    table = pd.DataFrame({"id": [f"p{n}" for n in range(len(labels))], "label": labels, "predicted": predicted})
    for label in CLASSES:
        table[f"p_{label}"] = [share if label == own else 0.0 for share, own in zip(sure, predicted, strict=True)]
    return table


def test_the_surest_mistakes_come_first() -> None:
    """They teach most: of labels that are wrong, and of what the network has learnt by mistake."""
    chosen, title = choose(answers(["ape", "ape", "bee", "cat"], ["bee", "ape", "cat", "bee"], [0.6, 0.99, 0.9, 0.7]))
    assert chosen["id"].tolist() == ["p2", "p3", "p0"]
    assert title == "The surest mistakes"


def test_a_model_without_mistakes_shows_where_it_doubts() -> None:
    """A blank sheet would look like an error."""
    chosen, title = choose(answers(["ape"] * 30, ["ape"] * 30, [0.5 + n / 100 for n in range(30)]))
    assert chosen["id"].tolist() == [f"p{n}" for n in range(SHOWN)]
    assert "least sure" in title


def test_each_mistake_is_drawn_with_its_evidence(tmp_path: Path) -> None:
    """A network without maps still has occlusion; without training photos here there are no neighbours."""
    images: Any = np.random.default_rng(0).integers(0, 256, (2, *SHAPE), dtype=np.uint8)
    index = pd.DataFrame({"id": ["p0", "p1"], "label": "ape", "shard": 0, "row": [0, 1]})
    store = ImageStore(index, SHAPE, CLASSES, {}, {}, [images])
    table = answers(["ape", "ape"], ["bee", "cat"], [0.9, 0.8])
    write_mistakes(table, store, Witness(classifier()), tmp_path / "mistakes.png")
    with Image.open(tmp_path / "mistakes.png") as sheet:
        assert sheet.height > 2 * 144
