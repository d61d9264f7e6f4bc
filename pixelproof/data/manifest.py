"""Every file of a source accounted for: accepted (the manifest), in quarantine with a reason, or ignored."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import Parallel, delayed

from pixelproof.console import progress
from pixelproof.data.conflicts import sort_out
from pixelproof.data.decode import BadImageError, Facts, examine, quiet_pillow, real_format
from pixelproof.data.labels import is_readable
from pixelproof.data.notes import notes
from pixelproof.data.sources import Found, scan
from pixelproof.errors import UserError
from pixelproof.params.data import Ingest

COLUMNS = ["id", "label", "given_part", "format", "mode", "width", "height", "orientation", "frames", "bytes", "sha256"]
COLUMNS += ["pixels_sha256", "perceptual_hash", "fine_hash", "group", "note"]
FILES_PER_TASK = 32  # one file takes about a millisecond; handing it to a thread costs a third of that
QUARANTINE_COLUMNS = ["path", "reason", "detail", "format", "bytes", "sha256"]


@dataclass(frozen=True)
class Inventory:
    """A source, examined. `photos` has a row per accepted photo; its id is the path below the source."""

    photos: pd.DataFrame  # COLUMNS
    quarantine: pd.DataFrame  # QUARANTINE_COLUMNS
    ignored: list[str]
    classes: list[str]
    copies: pd.DataFrame  # COLUMNS and `reason`: every photo whose group holds others, also those in quarantine
    near_duplicate_bits: int = 0  # of ingest's params

    def report(self) -> dict[str, Any]:
        """Count: found + missing (rows of labels.csv without a file) = accepted + quarantined + ignored."""
        counts = self.photos["label"].value_counts()
        copies = self.photos["group"].value_counts()
        missing = int((self.quarantine["reason"] == "missing file").sum())
        return {
            "found": len(self.photos) + len(self.quarantine) + len(self.ignored) - missing,
            **({"missing": missing} if missing else {}),
            "accepted": len(self.photos),
            "quarantined": len(self.quarantine),
            "ignored": len(self.ignored),
            "classes": {label: int(counts[label]) for label in self.classes},
            "quarantine_reasons": {reason: int(n) for reason, n in self.quarantine["reason"].value_counts().items()},
            "notes": {note: int(n) for note, n in _kinds(self.photos["note"]).items()},
            "groups_of_copies": int((copies > 1).sum()),
            "photos_in_groups_of_copies": int(copies[copies > 1].sum()),
            **self._near_copies(),
            "ignored_paths": self.ignored,
        }

    def _near_copies(self) -> dict[str, int]:
        """Count the accepted groups that hold more than copies of the very same pixels, if these were looked for."""
        if not self.near_duplicate_bits:
            return {}
        pictures = self.photos.groupby("group")["pixels_sha256"].agg(["nunique", "size"])
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


def take_inventory(source: Path, params: Ingest) -> Inventory:
    """Read and fully decode every file below `source`, which is never written to.

    Raises UserError if there is nothing to use, too much was refused, or a class is too small.
    """
    files = scan(source, params.pattern)
    ignored = [_shown(file.path) for file in files if file.ignored or _is_left_out(file, params)]
    wanted = [file for file in files if not file.ignored and not _is_left_out(file, params)]
    if not wanted:
        raise UserError(
            f"ingest.source: {str(source)!r} holds no photos. Put them there, one folder per class, "
            "or name another folder."
        )
    accepted: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    with quiet_pillow():
        for outcome in progress(_examine_all(source, wanted, params), "ingest", len(wanted)):
            (refused if "reason" in outcome else accepted).append(outcome)
    photos = pd.DataFrame(accepted, columns=[column for column in COLUMNS if column != "group"])
    optional = ["given_part", "perceptual_hash", "fine_hash"]
    photos[optional] = photos[optional].astype("str")  # text also where every value is null
    found = sort_out(photos, params)
    photos, copies = found.photos[COLUMNS].reset_index(drop=True), found.copies[[*COLUMNS, "reason"]]
    refused += found.refused
    quarantine = pd.DataFrame(refused, columns=QUARANTINE_COLUMNS).sort_values("path", ignore_index=True)
    quarantine["bytes"] = quarantine["bytes"].astype("Int64")  # whole numbers, and none where nothing was read
    classes = params.classes or sorted({file.label for file in wanted if file.label and not file.linked_folder})
    _check_limits(source, photos, quarantine, classes, params)
    return Inventory(photos, quarantine, ignored, classes, copies, params.near_duplicate_bits or 0)


def _is_left_out(file: Found, params: Ingest) -> bool:
    """Tell whether a file is of a class that is not asked for; a missing one is no file."""
    chosen = params.classes is None or file.label is None or file.label in params.classes
    return not chosen and file.refused is None


def _examine_all(source: Path, files: list[Found], params: Ingest) -> Iterator[dict[str, Any]]:
    """Yield a row per file, in order: a manifest row, or a quarantine row (it has a `reason`)."""
    on_all_cores = Parallel(-1, prefer="threads", return_as="generator", batch_size=FILES_PER_TASK)
    yield from on_all_cores(delayed(_examine)(source, file, params) for file in files)


def _examine(source: Path, file: Found, params: Ingest) -> dict[str, Any]:
    content: dict[str, Any] = {}
    try:
        data = _read(source, file)
        content = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        facts = _accept(data, params)
    except BadImageError as bad:
        format = real_format(data) if content else ""
        return {"path": _shown(file.path), "reason": bad.reason, "detail": bad.detail, "format": format, **content}
    given = {"id": file.path, "label": file.label, "given_part": file.part}
    return given | content | asdict(facts) | {"note": "; ".join(notes(file.path, facts))}


def _shown(path: str) -> str:
    """Return a path that can be written down, whatever bytes its name holds."""
    return path.encode("utf-8", "backslashreplace").decode()


def _read(source: Path, file: Found) -> bytes:
    if not is_readable(file.path):
        raise BadImageError("name not readable", "the name holds bytes that are no UTF-8 text, or control characters")
    if file.linked_folder:
        raise BadImageError("linked folder", "a symbolic link to a folder is not followed")
    if file.refused is not None:
        raise BadImageError(*file.refused)
    path = source / file.path
    if not path.is_file():  # reading a named pipe would wait for ever
        raise BadImageError("unreadable", "neither a file nor a link to one")
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadImageError("unreadable", error.strerror or str(error)) from None


def _accept(data: bytes, params: Ingest) -> Facts:
    facts = examine(data)
    if min(facts.width, facts.height) < params.min_side_px:
        limit = f"ingest.min_side_px is {params.min_side_px}"
        raise BadImageError("too small", f"{facts.width} x {facts.height} pixels; {limit}")
    return facts


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
