"""Folders and archives as sources, opened for one call."""

from pathlib import Path

from pixelproof.data.ingest import manifest
from pixelproof.data.ingest.manifest import Inventory
from pixelproof.data.sources import source as sources
from pixelproof.data.sources.source import ScannedFile
from pixelproof.params.ingest import Ingest


def take_inventory(path: Path, params: Ingest) -> Inventory:
    with sources.open_source(path) as source:
        return manifest.take_inventory(source, params)


def scan(path: Path, pattern: str | None = None) -> list[ScannedFile]:
    with sources.open_source(path) as source:
        return sources.scan(source, pattern)
