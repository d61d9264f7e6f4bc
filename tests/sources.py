"""Folders and archives as sources, opened for one call."""

from pathlib import Path

from pixelproof.data import manifest, sources
from pixelproof.data.manifest import Inventory
from pixelproof.data.sources import Found
from pixelproof.params.data import Ingest


def take_inventory(path: Path, params: Ingest) -> Inventory:
    with sources.open_source(path) as source:
        return manifest.take_inventory(source, params)


def scan(path: Path, pattern: str | None = None) -> list[Found]:
    with sources.open_source(path) as source:
        return sources.scan(source, pattern)
