"""Put a named data set on the disk, as class folders, and see that the photos to ingest are there.

    python -m stages.fetch

Writes  data/raw/<dataset>/; files that are already there, and files of yours beside them, stay
Keeps   .work/downloads/, what has arrived of a download, until the data set is whole
"""

from pathlib import Path

from pixelproof import console
from pixelproof.data.fetch.datasets import write_dataset
from pixelproof.data.sources.source import check_names, check_source
from pixelproof.params.fetch import Fetch
from pixelproof.params.ingest import Ingest
from pixelproof.params.section import load_section
from pixelproof.paths import DOWNLOADS, RAW


def fetch(params: Fetch, source: Path, raw: Path, downloads: Path) -> None:
    """Write the data set below `raw`. Raises UserError if `source`, which is to be ingested, is not there then.

    So it does if DVC, which looks at `source` after this stage, would stop at the name of a file.
    """
    write_dataset(params, raw / params.dataset, downloads)
    check_source(source)
    check_names(source, Path.cwd())


def main() -> None:
    fetch(load_section(Fetch), Path(load_section(Ingest).source), RAW, DOWNLOADS)


if __name__ == "__main__":
    console.run(main)
