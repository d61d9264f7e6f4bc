"""What ingest makes of strange files, as the table of docs/ingest.md.

python -m tests.support.odd_table ../shared/data/odd     writes the table anew
"""

import re
import sys
from pathlib import Path

import pandas as pd

from pixelproof.data.ingest.manifest import Inventory
from pixelproof.files import write_text
from pixelproof.params.ingest import Ingest
from tests.support.sources import take_inventory

PAGE = Path(__file__).parents[2] / "docs/ingest.md"
TABLE = re.compile(r"(<!-- odd files[^\n]*\n).*?(<!-- end of odd files -->)", re.DOTALL)


def odd_inventory(folder: Path) -> Inventory:
    """Ingest the folder with limits that let everything pass that can be decoded."""
    params = {"source": str(folder), "min_images_per_class": 1, "min_side_px": 8, "max_quarantined_share": 1.0}
    return take_inventory(folder, Ingest.model_validate(params))


def odd_table(inventory: Inventory) -> str:
    """Return the Markdown table: every file, what became of it, and why."""
    accepted = inventory.photos.rename(columns={"id": "path", "note": "detail"}).assign(outcome="accepted")
    refused = inventory.quarantine.rename(columns={"reason": "outcome"})
    ignored = pd.DataFrame({"path": inventory.ignored, "outcome": "ignored", "detail": "", "format": ""})
    rows = pd.concat([accepted, refused, ignored])[["path", "format", "outcome", "detail"]].sort_values("path")
    lines = ["| file | real format | outcome | note or detail |", "| --- | --- | --- | --- |"]
    lines += [f"| {' | '.join(str(cell).replace('|', '/') for cell in row)} |" for row in rows.itertuples(index=False)]
    return "\n".join(lines)


def shown_table() -> str:
    match = TABLE.search(PAGE.read_text("utf-8"))
    assert match, f"{PAGE} has no place for the table"
    return match.group(0)


if __name__ == "__main__":
    table = odd_table(odd_inventory(Path(sys.argv[1])))
    write_text(PAGE, TABLE.sub(lambda match: f"{match[1]}{table}\n{match[2]}", PAGE.read_text("utf-8")))
