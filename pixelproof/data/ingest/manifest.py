"""Every file of a source accounted for: accepted (the manifest), in quarantine with a reason, or ignored."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pixelproof.console import progress
from pixelproof.data.ingest.conflicts import resolve_copies
from pixelproof.data.ingest.examination import examine_all, shown
from pixelproof.data.ingest.given_groups import GIVEN_GROUP
from pixelproof.data.photos.limits import MAX_MEGAPIXELS
from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.data.sources.class_names import look_alikes
from pixelproof.data.sources.labels import is_readable
from pixelproof.data.sources.source import MISSING, ScannedFile, Source, scan
from pixelproof.errors import UserError
from pixelproof.files.journal import Journal
from pixelproof.params.ingest import Ingest

COLUMNS = ["id", "label", "given_part", "format", "mode", "width", "height", "orientation", "frames", "bytes", "sha256"]
COLUMNS += ["pixels_sha256", "perceptual_hash", "fine_hash", "group", "note"]
QUARANTINE_COLUMNS = ["path", "reason", "detail", "format", "bytes", "sha256"]


@dataclass(frozen=True)
class Inventory:
    """A source, examined. `photos` has a row per accepted photo; its id is the path below the source."""

    photos: pd.DataFrame  # COLUMNS, and given_group where the source gives groups
    quarantine: pd.DataFrame  # QUARANTINE_COLUMNS
    ignored: list[str]
    classes: list[str]
    copies: pd.DataFrame  # COLUMNS and `reason`: every photo whose group holds others, also those in quarantine
    near_duplicate_bits: int = 0  # of ingest's params

    def report(self) -> dict[str, Any]:
        """Count: found + missing (rows of labels.csv without a file) = accepted + quarantined + ignored."""
        counts = self.photos["label"].value_counts()
        copies = self._accepted_copies()["group"].value_counts()
        missing = int((self.quarantine["reason"] == "missing file").sum())
        return {
            "found": len(self.photos) + len(self.quarantine) + len(self.ignored) - missing,
            **({"missing": missing} if missing else {}),
            "accepted": len(self.photos),
            "quarantined": len(self.quarantine),
            "ignored": len(self.ignored),
            "classes": {label: int(counts[label]) for label in self.classes},
            **({"classes_that_look_alike": alike} if (alike := look_alikes(self.classes)) else {}),
            "quarantine_reasons": {reason: int(n) for reason, n in self.quarantine["reason"].value_counts().items()},
            "notes": {note: int(n) for note, n in _kinds(self.photos["note"]).items()},
            "groups_of_copies": int((copies > 1).sum()),
            "photos_in_groups_of_copies": int(copies[copies > 1].sum()),
            **self._near_copies(),
            "ignored_paths": self.ignored,
        }

    def _accepted_copies(self) -> pd.DataFrame:
        return self.copies[self.copies["reason"] == ""]

    def _near_copies(self) -> dict[str, int]:
        """Count the accepted groups that hold more than copies of the very same pixels, if these were looked for."""
        if not self.near_duplicate_bits:
            return {}
        pictures = self._accepted_copies().groupby("group")["pixels_sha256"].agg(["nunique", "size"])
        near = pictures.loc[pictures["nunique"] > 1, "size"]
        return {"groups_of_near_copies": len(near), "photos_in_groups_of_near_copies": int(near.sum())}


def _kinds(notes: pd.Series) -> pd.Series:
    """Count notes by kind: what stands before a colon, or before numbers in brackets."""
    each = notes[notes != ""].str.split("; ").explode()
    return (
        each.str.replace(r"first of \d+", "first of several", regex=True)
        .str.split(r"[:(]")
        .str[0]
        .str.strip()
        .value_counts()
    )


def take_inventory(source: Source, params: Ingest, journal: Journal | None = None) -> Inventory:
    """Read and fully decode every file of `source`, which is never written to.

    What `journal` holds of a run that was stopped is not decoded again.
    Raises UserError if there is nothing to use, too much was refused, or a class is too small.
    """
    files = scan(source, params.pattern)
    ignored = [shown(file.path) for file in files if file.ignored or _is_left_out(file, params)]
    wanted = [file for file in files if not file.ignored and not _is_left_out(file, params)]
    if not wanted:
        raise UserError(
            f"ingest.source: {str(source.path)!r} holds no photos. Put them there, one folder per class, "
            "or name another folder."
        )
    accepted: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    largest = params.max_megapixels or MAX_MEGAPIXELS
    with quiet_pillow(largest):
        examined = examine_all(source, wanted, params.min_side_px, journal or Journal(), largest)
        for outcome in progress(examined, "ingest", len(wanted)):
            (refused if "reason" in outcome else accepted).append(outcome)
    photos = pd.DataFrame(accepted, columns=[column for column in [*COLUMNS, GIVEN_GROUP] if column != "group"])
    optional = ["given_part", "perceptual_hash", "fine_hash", GIVEN_GROUP]
    photos[optional] = photos[optional].astype("str")  # text also where every value is null
    found = resolve_copies(photos, params)
    columns = [*COLUMNS, GIVEN_GROUP] if photos[GIVEN_GROUP].notna().any() else COLUMNS
    photos, copies = found.photos[columns].reset_index(drop=True), found.copies[[*COLUMNS, "reason"]]
    refused += found.refused
    quarantine = pd.DataFrame(refused, columns=QUARANTINE_COLUMNS).sort_values("path", ignore_index=True)
    quarantine["bytes"] = quarantine["bytes"].astype("Int64")  # whole numbers, and none where nothing was read
    classes = params.classes or sorted({file.label for file in wanted if file.label and is_readable(file.label)})
    _check_limits(source.path, photos, quarantine, classes, params)
    return Inventory(photos, quarantine, ignored, classes, copies, params.near_duplicate_bits or 0)


def _is_left_out(file: ScannedFile, params: Ingest) -> bool:
    """Tell whether a file is of a class that is not asked for; a missing file is of none."""
    chosen = params.classes is None or file.label is None or file.label in params.classes
    return not chosen and file.refused != MISSING


def _check_limits(
    source: Path, photos: pd.DataFrame, quarantine: pd.DataFrame, classes: list[str], params: Ingest
) -> None:
    share = len(quarantine) / (len(quarantine) + len(photos))
    if share > params.max_quarantined_share:
        reasons = quarantine["reason"].value_counts().head(10)
        raise UserError(
            f"{source}: {len(quarantine)} of {len(quarantine) + len(photos)} files cannot be used "
            f"({share:.0%}; ingest.max_quarantined_share is {params.max_quarantined_share:.0%}): "
            + ", ".join(f"{count} {reason}" for reason, count in reasons.items())
            + f". The first: {quarantine['path'][0]} ({quarantine['detail'][0]}). "
            "Mend or remove them, or raise the limit in params.yaml."
        )
    counts = photos["label"].value_counts()
    in_class_folders = (photos["id"].str.split("/").str[0] == photos["label"]).all()
    for label in classes:
        count = int(counts.get(label, 0))
        if count < params.min_images_per_class:
            place = source / label if in_class_folders else f"{source}: class {label!r}"
            raise UserError(
                f"{place}: {count} readable images, but ingest.min_images_per_class is "
                f"{params.min_images_per_class}. Add images or lower the limit in params.yaml."
            )
    if len(classes) < 2:
        kind = "class folder" if in_class_folders else "class"
        raise UserError(
            f"{source}: only one {kind} with photos ({', '.join(classes)}); telling classes apart needs at least "
            "two. Add another, or name the folder above."
        )
