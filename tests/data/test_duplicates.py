"""Copies of one photo are found by their pixels."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelproof.data.duplicates import copied_into, group_copies, label_conflicts

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
