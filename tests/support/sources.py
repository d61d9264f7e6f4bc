"""Sources of photos made for a test, and what ingest says of them."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pixelproof.data.ingest import manifest
from pixelproof.data.ingest.manifest import Inventory
from pixelproof.data.sources import source as sources
from pixelproof.data.sources.source import ScannedFile
from pixelproof.errors import UserError
from pixelproof.params.ingest import Ingest


def take_inventory(path: Path, params: Ingest) -> Inventory:
    with sources.open_source(path) as source:
        return manifest.take_inventory(source, params)


def scan(path: Path, pattern: str | None = None) -> list[ScannedFile]:
    with sources.open_source(path) as source:
        return sources.scan(source, pattern)


def ingest(**changes: Any) -> Ingest:
    usual = {"source": "photos", "min_images_per_class": 3, "min_side_px": 8, "max_quarantined_share": 0.5}
    return Ingest.model_validate(usual | changes)


def class_folder(source: Path, name: str, count: int = 5) -> Path:
    """Add a class of grey noise, another for each name."""
    folder = source / name
    folder.mkdir(parents=True)
    rng = np.random.default_rng(list(os.fsencode(name)))
    for number in range(count):
        Image.fromarray(rng.integers(0, 256, (10, 10), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


def complaint(source: Path, params: Ingest) -> str:
    with pytest.raises(UserError) as refused:
        take_inventory(source, params)
    return str(refused.value)


def snapshot(source: Path) -> dict[str, tuple[bytes, int]]:
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in source.rglob("*") if path.is_file()}
