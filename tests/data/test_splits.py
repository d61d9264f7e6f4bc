"""Train, valid and test never share a photo."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.data.images.parts import PARTS, positions, read_splits
from pixelproof.data.splits import COLUMNS, audit, count_changes, split_photos
from pixelproof.errors import UserError
from tests.support.manifests import CLASS_SIZES, SEEDS, SHARES, parts, quick, stratified, table


@quick
@given(classes=CLASS_SIZES, valid=SHARES, test=SHARES, seed=SEEDS)
def test_every_photo_is_in_exactly_one_part(classes: list[list[int]], valid: float, test: float, seed: int) -> None:
    """Else photos would be lost, or tested on after they were trained on."""
    photos = table(classes)
    splits = split_photos(photos, stratified(valid, test), seed=seed)
    assert splits.columns.tolist() == COLUMNS
    assert splits["id"].tolist() == photos["id"].tolist()
    assert splits["label"].tolist() == photos["label"].tolist()
    assert set(splits["part"]) == set(PARTS)


@quick
@given(classes=CLASS_SIZES, valid=SHARES, test=SHARES, seed=SEEDS)
def test_copies_of_one_photo_stay_together(classes: list[list[int]], valid: float, test: float, seed: int) -> None:
    """Else the test part would hold photos that were trained on."""
    splits = split_photos(table(classes), stratified(valid, test), seed=seed)
    assert (splits.groupby("group")["part"].nunique() == 1).all()
    assert audit(splits, stratified(valid, test), seed=seed)["groups_in_two_parts"] == 0


@quick
@given(classes=CLASS_SIZES, valid=SHARES, test=SHARES, seed=SEEDS)
def test_every_class_has_its_shares_to_within_a_group(
    classes: list[list[int]], valid: float, test: float, seed: int
) -> None:
    """Else a class could be rare in the test part, or missing."""
    splits = split_photos(table(classes), stratified(valid, test), seed=seed)
    for _, own in splits.groupby("label"):
        largest = own.groupby("group").size().max()
        wanted = {"test": test, "valid": valid, "train": 1 - test - valid}
        for part, share in wanted.items():
            assert abs((own["part"] == part).sum() - share * len(own)) <= largest + 1e-9


@quick
@given(classes=CLASS_SIZES, seed=SEEDS, order=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(classes: list[list[int]], seed: int, order: object) -> None:
    """Else the split would depend on a file system's order."""
    photos = table(classes)
    ids = list(range(len(photos)))
    order.shuffle(ids)
    shuffled = photos.iloc[ids]
    splits = split_photos(shuffled, stratified(), seed=seed)
    assert splits["id"].tolist() == shuffled["id"].tolist()
    assert parts(splits) == parts(split_photos(photos, stratified(), seed=seed))


@quick
@given(classes=CLASS_SIZES, seed=SEEDS)
def test_the_same_seed_gives_the_same_split(classes: list[list[int]], seed: int) -> None:
    """Else no result could be repeated."""
    first, second = (split_photos(table(classes), stratified(), seed=seed) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_another_seed_gives_another_split() -> None:
    """Else the seed would change nothing, and one split would decide every result."""
    photos = table([[1] * 100])
    assert len({tuple(split_photos(photos, stratified(), seed=seed)["part"]) for seed in range(5)}) == 5


@quick
@given(count=st.integers(25, 120), seed=SEEDS, added=st.integers(0, 10**6), valid=SHARES, test=SHARES)
def test_an_added_photo_moves_at_most_one_old_photo_at_each_border(
    count: int, seed: int, added: int, valid: float, test: float
) -> None:
    """Else growing a data set would mix old test photos into training."""
    photos = table([[1] * count, [1] * 30])
    new = pd.DataFrame({"id": ["0/new.jpg"], "label": ["0"], "group": [f"new{added}"]})
    before = parts(split_photos(photos, stratified(valid, test), seed=seed))
    after = parts(split_photos(pd.concat([photos, new]), stratified(valid, test), seed=seed))
    moved = [id for id, part in before.items() if after[id] != part]
    assert len(moved) <= 2
    assert all(id.startswith("0/") for id in moved)


@pytest.mark.parametrize("sizes", [[1], [1, 1], [50, 1, 1]])
def test_a_class_too_small_for_three_parts_is_named(sizes: list[int]) -> None:
    """Else a class would be tested on no photo, and nobody would know."""
    photos = pd.concat([table([[1] * 30]), table([sizes]).assign(label="rare", group=lambda own: "r" + own["group"])])
    with pytest.raises(UserError) as refused:
        split_photos(photos, stratified(), seed=1)
    assert str(refused.value).startswith("class 'rare': ")
    assert f"{sum(sizes)} photos (in {len(sizes)} groups of copies)" in str(refused.value)
    assert ("params.yaml" in str(refused.value)) == (len(sizes) > 2)  # no share can fill three parts with two groups


def test_a_remedy_names_keys_that_exist() -> None:
    """Else the message would send its reader to a key that params.yaml refuses."""
    with pytest.raises(UserError) as refused:
        split_photos(table([[1] * 5]), stratified(0.49, 0.49), seed=1)
    assert "train empty" in str(refused.value)
    assert "split.train_share" not in str(refused.value)


def test_audit_fails_on_a_group_in_two_parts() -> None:
    """Else a leak would be reported as a number that nobody reads."""
    splits = split_photos(table([[2] * 30]), stratified(), seed=1)
    splits.loc[0, "part"] = "test" if splits["part"][0] != "test" else "train"
    with pytest.raises(AssertionError, match="1 groups of copies lie in two parts"):
        audit(splits, stratified(), seed=1)


def test_audit_counts_photos_groups_and_classes() -> None:
    """Else the report would not describe the split."""
    photos = table([[2] * 30, [1] * 40])
    splits = split_photos(photos, stratified(), seed=1)
    report = audit(splits, stratified(), seed=1)
    assert report["photos"] == {"train": 60, "valid": 20, "test": 20}
    assert report["groups"] == {"train": 42, "valid": 14, "test": 14}
    assert report["classes"]["0"] == {"train": 36, "valid": 12, "test": 12}
    assert report["made_with"] == {"method": "stratified", "valid_share": 0.2, "test_share": 0.2, "seed": 1}


def test_splits_come_back_from_their_file_as_text(tmp_path: Path) -> None:
    """Else a class `NA` would be lost, and a class `007` become 7."""
    splits = pd.DataFrame(
        [["007/1.jpg", "007", "train", "0e1"], ["NA/1.jpg", "NA", "test", "1e5"], ["é, b/1", "é, b", "valid", "12"]],
        columns=COLUMNS,
    )
    splits.to_csv(tmp_path / "splits.csv", index=False)
    assert read_splits(tmp_path / "splits.csv").values.tolist() == splits.values.tolist()


@quick
@given(order=st.permutations(range(30)))
def test_positions_point_at_the_photos_of_a_part_in_the_stores_order(order: list[int]) -> None:
    """Else a model would be trained on other parts than the split says."""
    splits = split_photos(table([[1] * 30]), stratified(), seed=3)
    index = splits.iloc[order].reset_index(drop=True)
    found = {part: positions(index, splits, part) for part in PARTS}
    for part, where in found.items():
        assert (index["part"][where] == part).all()
        assert (np.diff(where) > 0).all()
    assert sorted(np.concatenate(list(found.values()))) == list(range(30))


def test_changes_are_counted_by_photo() -> None:
    """Else nobody would see that a new seed, or new photos, moved test photos into the training."""
    old = pd.DataFrame({"id": ["a", "b", "c", "gone"], "part": ["train", "test", "valid", "train"]})
    new = pd.DataFrame({"id": ["new", "c", "b", "a", "newer"], "part": ["test", "valid", "train", "train", "train"]})
    assert count_changes(old, new) == {"moved": 1, "added": 2, "removed": 1}


@quick
@given(parts=st.dictionaries(st.text(max_size=3), st.sampled_from(PARTS)), order=st.randoms())
def test_a_split_in_another_order_has_no_changes(parts: dict[str, str], order: Any) -> None:
    """The order of the photos means nothing."""
    rows = list(parts.items())
    shuffled = order.sample(rows, len(rows))
    old, new = (pd.DataFrame(given, columns=["id", "part"]) for given in (rows, shuffled))
    assert count_changes(old, new) == {"moved": 0, "added": 0, "removed": 0}
    assert count_changes(old, new.iloc[:0]) == {"moved": 0, "added": 0, "removed": len(rows)}
