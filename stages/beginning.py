"""What `make repro` looks at before DVC starts: a Git repository, and names of photos that DVC can write down.

    python -m stages.beginning

Reads   params.yaml, the names in ingest.source
Writes  .git/, where a person at the terminal wants it
"""

from pathlib import Path

from pixelproof import console
from pixelproof.data.sources.source import check_names
from pixelproof.params.ingest import Ingest
from pixelproof.params.section import load_section
from pixelproof.repository.beginning import find_repository


def main() -> None:
    find_repository(Path.cwd())
    check_names(Path(load_section(Ingest).source), Path.cwd())  # `fetch` does so, too, but DVC looks at them before it


if __name__ == "__main__":
    console.run(main)
