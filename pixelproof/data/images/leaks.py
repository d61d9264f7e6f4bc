"""Equal images in two parts, looked for on the stored images themselves: whatever made them equal."""

import hashlib

import numpy as np
import pandas as pd

from pixelproof.data.images.store import ImageStore
from pixelproof.errors import UserError

NAMED = 5  # pairs in a message
COLUMNS = ["id", "label", "part", "equal_id", "equal_label", "equal_part"]


def image_hashes(store: ImageStore) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Hash every stored image, in the store's order: 64 bits of SHA-256.

    Among a million images two different ones have the same hash once in 40 million stores.
    """
    # Plain bytes, and one thread: arrays that lie on the disk are slow to cut, and threads would wait for each other.
    size = int(np.prod(store.shape))
    shards = [np.asarray(shard).reshape(-1).data for shard in store.shards]
    places = zip(store.index["shard"].tolist(), store.index["row"].tolist(), strict=True)
    images = (shards[shard][row * size : (row + 1) * size] for shard, row in places)
    return np.frombuffer(b"".join(hashlib.sha256(image).digest()[:8] for image in images), np.uint64)


def find_leaks(store: ImageStore, splits: pd.DataFrame) -> pd.DataFrame:
    """Return a row (COLUMNS) for each image that equals one of another part, beside the first such one.

    `splits` has the columns id and part. The store is read once, from front to back.
    """
    images = store.index[["id", "label"]].assign(hash=image_hashes(store)).merge(splits[["id", "part"]], on="id")
    torn = images[images.groupby("hash")["part"].transform("nunique") > 1]
    first = torn.drop_duplicates("hash").set_index("hash")
    others = torn[torn["part"] != torn["hash"].map(first["part"])].drop_duplicates("hash").set_index("hash")
    in_first = torn["part"] == torn["hash"].map(first["part"])
    for column in ("id", "label", "part"):
        torn = torn.assign(
            **{f"equal_{column}": torn["hash"].map(others[column]).where(in_first, torn["hash"].map(first[column]))}
        )
    return torn[COLUMNS].reset_index(drop=True)


def check_leaks(store: ImageStore, splits: pd.DataFrame) -> None:
    """Raise UserError if two equal images are in two parts."""
    leaks = find_leaks(store, splits)
    if leaks.empty:
        return
    rows = leaks.head(NAMED).itertuples()
    named = "; ".join(f"{row.id} ({row.part}) and {row.equal_id} ({row.equal_part})" for row in rows)
    raise UserError(
        f"{len(leaks):,} images equal an image of another part, so the test part would measure what was "
        f"memorised: {named}{', and more' if len(leaks) > NAMED else ''}. Their photos differ, but not at this size. "
        "Remove the copies, raise resize.height_px and width_px, or keep them together: ingest.near_duplicate_bits: 8 "
        "in params.yaml, or one `group` for them in labels.csv."
    )
