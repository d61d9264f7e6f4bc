"""Put a named data set on the disk, as class folders, and see that the photos to ingest are there.

    python -m stages.fetch

Writes  data/raw/<dataset>/; files that are already there, and files of yours beside them, stay
"""

from pathlib import Path

from pixelproof import console
from pixelproof.data.datasets import DATASETS
from pixelproof.data.sources import check_source
from pixelproof.params import load_params
from stages.paths import RAW


def fetch(dataset: str, source: Path, raw: Path) -> None:
    """Write the data set below `raw`. Raises UserError if `source`, the folder to ingest, is not there then."""
    DATASETS[dataset](raw / dataset)
    check_source(source)


def main() -> None:
    params = load_params()
    fetch(params.fetch.dataset, Path(params.ingest.source), RAW)


if __name__ == "__main__":
    console.run(main)
