"""Copies of one photo are found by their pixels."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelproof.data.ingest.duplicates import copied_into, group_copies, label_conflicts, repeated

HASHES = st.integers(0, 5).map(lambda number: f"{number:064x}"[::-1])
PHOTOS = st.lists(st.tuples(HASHES, st.sampled_from(["cat", "dog"])), min_size=1, max_size=12)


def table(photos: list[tuple[str, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(photos, columns=["pixels_sha256", "label"])
    return frame.assign(group=group_copies(frame))


@settings(deadline=None)
@given(PHOTOS)
def test_photos_share_a_group_if_and_only_if_they_share_their_pixels(photos: list[tuple[str, str]]) -> None:
    """Else a copy of a test photo could be trained on."""
    groups = table(photos)["group"]
    for first, one in zip(groups, photos, strict=True):
        for second, other in zip(groups, photos, strict=True):
            assert (first == second) == (one[0] == other[0])


@settings(deadline=None)
@given(PHOTOS, PHOTOS)
def test_added_photos_rename_no_group(photos: list[tuple[str, str]], added: list[tuple[str, str]]) -> None:
    """Else the split, which ranks groups by name, would shuffle old photos."""
    assert table(photos + added)["group"][: len(photos)].tolist() == table(photos)["group"].tolist()


@settings(deadline=None)
@given(PHOTOS)
def test_a_picture_under_two_labels_is_a_conflict_for_all_its_copies(photos: list[tuple[str, str]]) -> None:
    """Else the network would be taught that one picture is both."""
    conflicts = label_conflicts(table(photos))
    for conflict, (pixels, _) in zip(conflicts, photos, strict=True):
        assert conflict == (len({label for other, label in photos if other == pixels}) > 1)


def test_the_part_that_evaluates_keeps_a_picture() -> None:
    """Else copies of test photos would be trained on, or thrown out of both parts."""
    photos = pd.DataFrame(
        [
            *[("a", "train"), ("a", "valid"), ("a", "test")],
            *[("b", "train"), ("b", "valid"), ("c", "test"), ("c", "test"), ("d", None), ("d", None)],
        ],
        columns=["group", "given_part"],
    )
    above = copied_into(photos)
    assert above.where(above.notna(), "").tolist() == ["test", "test", "", "valid", "", "", "", "", ""]
    assert copied_into(photos[photos["given_part"].isna()]).isna().all()


def near_table(photos: list[tuple[str, int, int, int | None]]) -> pd.DataFrame:
    """Return photos of (name of the pixels, width, bytes, 64-bit hash); near ones have hashes near each other."""
    frame = pd.DataFrame(photos, columns=["pixels_sha256", "width", "bytes", "hash"])
    texts = [None if pd.isna(number) else f"{int(number):016x}" for number in frame["hash"]]
    fine = [text and "0" * 64 for text in texts]
    frame["pixels_sha256"] = frame["pixels_sha256"].str.pad(64, "right", "0")
    return frame.assign(
        height=100, perceptual_hash=pd.Series(texts, dtype="str"), fine_hash=pd.Series(fine, dtype="str")
    )


def groups(photos: list[tuple[str, int, int, int | None]], bits: int = 4) -> list[str]:
    return group_copies(near_table(photos), bits).str.rstrip("0").tolist()


def test_near_copies_of_near_copies_share_a_group() -> None:
    """Else a chain of copies, each a little smaller, would be torn apart."""
    photos = [("a", 100, 9, 0b0), ("b", 90, 9, 0b1111), ("c", 80, 9, 0b11111111), ("d", 70, 9, 2**40 - 1)]
    assert groups(photos) == ["a", "a", "a", "d"]
    assert groups(photos, bits=0) == ["a", "b", "c", "d"]


def test_photos_without_a_hash_share_a_group_by_their_pixels_only() -> None:
    """Else all tiny or blank pictures would be copies of each other."""
    assert groups([("a", 100, 9, None), ("b", 90, 9, None), ("a", 80, 9, None)]) == ["a", "b", "a"]


def test_a_copy_of_the_same_pixels_follows_its_near_copies() -> None:
    """Else of three copies one could be in another part."""
    assert groups([("b", 90, 9, 1), ("a", 100, 9, 3), ("b", 90, 20, 1), ("c", 9, 9, None)]) == ["a", "a", "a", "c"]


@pytest.mark.parametrize(
    ("width", "size", "name"), [(50, 99, "m"), (100, 8, "m"), (100, 9, "a"), (100, 10, "a"), (101, 1, "a")]
)
def test_a_smaller_copy_renames_nothing_and_a_larger_one_only_its_own_group(width: int, size: int, name: str) -> None:
    """Else a thumbnail added to a set would move its photo, or others, to another part."""
    old = [("m", 100, 9, 0), ("x", 10, 1, 2**50 - 1), ("y", 10, 1, None)]
    assert groups([*old, ("a", width, size, 0b11)]) == [name, "x", "y", name]


def test_a_picture_repeated_often_takes_its_near_copies_along() -> None:
    """Else the one placeholder that was saved again would stay in the set."""
    photos = pd.DataFrame(
        {"pixels_sha256": ["a", "a", "a", "b", "c", "c", "d"], "group": ["a", "a", "a", "a", "c", "c", "d"]}
    )
    assert repeated(photos, 3).tolist() == [True] * 4 + [False] * 3
    assert repeated(photos, 4).sum() == 0
