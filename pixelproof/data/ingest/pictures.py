"""What ingest found, for people who would rather look than read."""

from pathlib import Path

from pixelproof.data.images.parts import class_counts
from pixelproof.data.ingest.contact import Read, write_contact_sheets
from pixelproof.data.ingest.copies import write_copies
from pixelproof.data.ingest.manifest import Inventory
from pixelproof.data.ingest.refused import write_quarantine_sheet
from pixelproof.data.ingest.sizes import size_counts
from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.files import replacing


def write_pictures(inventory: Inventory, read: Read, folder: Path, quarantine_sheet: Path, copies_sheet: Path) -> None:
    """Write classes.csv, sizes.csv and contact/ into `folder`, the quarantine sheet and that of the copies.

    `read` returns the content of a file of the source by its id; where it has gone since, a tile says so.
    """
    photos = inventory.photos
    with (
        quiet_pillow(),
        replacing(folder) as beside,
        replacing(quarantine_sheet) as refused,
        replacing(copies_sheet) as copies,
    ):
        (beside / "contact").mkdir(parents=True)
        class_counts(photos, photos["given_part"]).to_csv(beside / "classes.csv", index=False)
        size_counts(photos).to_csv(beside / "sizes.csv", index=False)
        write_contact_sheets(photos, inventory.classes, read, beside / "contact")
        write_quarantine_sheet(inventory.quarantine, photos, read, refused)
        write_copies(inventory.copies, read, copies)
