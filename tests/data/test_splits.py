"""Train, valid and test never share a photo."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelproof.data.splits import COLUMNS, PARTS, audit, count_changes, positions, read_splits, split_photos
from pixelproof.errors import UserError
from pixelproof.params.data import Split

SHARES = st.floats(0.1, 0.3)
SEEDS = st.integers(0, 2**32 - 1)
# per class: the size of each of its groups of copies
CLASS_SIZES = st.lists(st.lists(st.integers(1, 2), min_size=25, max_size=35), min_size=1, max_size=3)
quick = settings(max_examples=20)


def stratified(valid: float = 0.2, test: float = 0.2) -> Split:
    return Split(method="stratified", valid_share=valid, test_share=test)


def stable(valid: float = 0.2, test: float = 0.2) -> Split:
    return Split(method="stable", valid_share=valid, test_share=test)


def table(classes: list[list[int]]) -> pd.DataFrame:
    rows = [
        (f"{label}/{group}-{copy}.jpg", str(label), f"{label}x{group}")
        for label, sizes in enumerate(classes)
        for group, size in enumerate(sizes)
        for copy in range(size)
    ]
    return pd.DataFrame(rows, columns=["id", "label", "group"])


def parts(splits: pd.DataFrame) -> dict[str, str]:
    return dict(zip(splits["id"], splits["part"], strict=True))


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


def large(classes: list[list[int]]) -> pd.DataFrame:
    """Return a table with so many groups per class that no part of it can stay empty by chance."""
    return table([sizes * 8 for sizes in classes])


@quick
@given(classes=CLASS_SIZES, valid=SHARES, test=SHARES, seed=SEEDS, order=st.randoms(use_true_random=False))
def test_a_stable_split_is_a_split(
    classes: list[list[int]], valid: float, test: float, seed: int, order: object
) -> None:
    """Else the other method would lose photos, tear copies apart, or follow a file system's order."""
    photos = large(classes)
    splits = split_photos(photos, stable(valid, test), seed=seed)
    assert splits["id"].tolist() == photos["id"].tolist()
    assert set(splits["part"]) == set(PARTS)
    assert audit(splits, stable(valid, test), seed=seed)["groups_in_two_parts"] == 0
    rows = list(range(len(photos)))
    order.shuffle(rows)
    assert parts(split_photos(photos.iloc[rows], stable(valid, test), seed=seed)) == parts(splits)


@quick
@given(classes=CLASS_SIZES, seed=SEEDS, added=st.lists(st.integers(0, 10**6), min_size=1, max_size=60))
def test_a_stable_split_never_moves_an_old_photo(classes: list[list[int]], seed: int, added: list[int]) -> None:
    """Else a data set that grows would mix old test photos into training."""
    photos = large(classes)
    new = pd.DataFrame([(f"0/new{n}.jpg", "0", f"new{name}") for n, name in enumerate(added)], columns=photos.columns)
    before = parts(split_photos(photos, stable(), seed=seed))
    after = parts(split_photos(pd.concat([new, photos]), stable(), seed=seed))
    assert {id: after[id] for id in before} == before


def test_a_stable_split_has_its_shares_nearly() -> None:
    """Else the hash would favour a part."""
    photos = split_photos(table([[1] * 10_000]), stable(0.1, 0.3), seed=1)["part"].value_counts(normalize=True)
    assert photos["valid"] == pytest.approx(0.1, abs=0.015)
    assert photos["test"] == pytest.approx(0.3, abs=0.02)


def test_a_class_too_small_for_a_stable_split_is_told_of_the_exact_one() -> None:
    """Else its reader would not know that the other method can split it."""
    with pytest.raises(UserError, match=r"class '0': .* leave the part .* empty.*split\.method: stratified"):
        split_photos(table([[1] * 3]), stable(), seed=1)


def kept(valid: float = 0.2, test: float = 0.2) -> Split:
    return Split(method="given", valid_share=valid, test_share=test)


def with_given(classes: list[list[int]], cycle: tuple[str | None, ...]) -> pd.DataFrame:
    """Return a table whose groups have the parts of `cycle` in turn."""
    photos = table(classes)
    turn = photos["group"].str.split("x").str[1].astype(int)
    return photos.assign(given_part=[cycle[number % len(cycle)] for number in turn])


@quick
@given(classes=CLASS_SIZES, seed=SEEDS)
def test_given_parts_stay_to_the_last_photo(classes: list[list[int]], seed: int) -> None:
    """Else results would not compare with those of others on the same test part."""
    photos = with_given(classes, ("train", "train", "valid", "test"))
    splits = split_photos(photos, kept(), seed=seed)
    assert splits["part"].tolist() == photos["given_part"].tolist()
    assert audit(splits, kept(), seed=seed)["groups_in_two_parts"] == 0


@quick
@given(classes=CLASS_SIZES, seed=SEEDS, share=SHARES, missing=st.sampled_from(["valid", "test"]))
def test_a_part_that_is_not_given_is_cut_from_train(
    classes: list[list[int]], seed: int, share: float, missing: str
) -> None:
    """Else nothing would choose the best epoch, or the given test part would be thinned out for it."""
    other = {"valid": "test", "test": "valid"}[missing]
    photos = with_given(classes, ("train", "train", "train", other))
    splits = split_photos(photos, kept(share, share), seed=seed)
    assert (splits["part"][photos["given_part"] == other] == other).all()
    train = splits[photos["given_part"] == "train"]
    assert set(train["part"]) == {"train", missing}
    for _, own in train.groupby("label"):
        largest = own.groupby("group").size().max()
        assert abs((own["part"] == missing).sum() - share * len(own)) <= largest + 1e-9
    assert audit(splits, kept(share, share), seed=seed)["groups_in_two_parts"] == 0


@pytest.mark.parametrize("method", [stratified, stable])
def test_other_methods_do_not_look_at_given_parts(method: Any) -> None:
    """Else a source with parts could not be split anew."""
    classes = [[1] * 60]
    photos = with_given(classes, ("train", "valid", "test"))
    assert parts(split_photos(photos, method(), seed=1)) == parts(split_photos(table(classes), method(), seed=1))


@pytest.mark.parametrize(("cycle", "count"), [((None,), 30), (("train", "test", None), 10)])
def test_parts_that_are_not_given_cannot_be_kept(cycle: tuple[str | None, ...], count: int) -> None:
    """Else photos would be in no part at all."""
    with pytest.raises(UserError, match=rf"'given', but the source gives {count} of 30 photos no part\. .*stratified"):
        split_photos(with_given([[1] * 30], cycle), kept(), seed=1)


def test_a_class_that_a_given_part_lacks_is_named() -> None:
    """Else a class would be tested on no photo."""
    photos = with_given([[1] * 30, [1] * 30], ("train", "valid", "test"))
    with pytest.raises(UserError, match=r"class '1': .* leave the part test empty.*split\.method: stratified"):
        split_photos(photos[(photos["label"] == "0") | (photos["given_part"] != "test")], kept(), seed=1)


def folded(method: Any, folds: int, fold: int) -> Split:
    return Split(method=method, valid_share=0.2, test_share=0.2, folds=folds, fold=fold)


@quick
@given(classes=CLASS_SIZES, seed=SEEDS, folds=st.integers(3, 8), method=st.sampled_from(["stratified", "stable"]))
def test_over_all_folds_every_photo_is_tested_once(
    classes: list[list[int]], seed: int, folds: int, method: str
) -> None:
    """Else a cross-validation would count some photos twice and others never."""
    photos = large(classes)
    splits = [split_photos(photos, folded(method, folds, fold), seed=seed) for fold in range(1, folds + 1)]
    for part in ("test", "valid"):
        assert (sum((split["part"] == part).astype(int) for split in splits) == 1).all()
    for split, following in zip(splits, [*splits[1:], splits[0]], strict=True):
        assert ((split["part"] == "valid") == (following["part"] == "test")).all()
        assert audit(split, folded(method, folds, 1), seed=seed)["groups_in_two_parts"] == 0


@quick
@given(classes=CLASS_SIZES, seed=SEEDS, folds=st.integers(3, 8))
def test_every_fold_has_its_share_of_every_class(classes: list[list[int]], seed: int, folds: int) -> None:
    """Else one fold would test a class on hardly any photo."""
    splits = split_photos(table(classes), folded("stratified", folds, 2), seed=seed)
    for _, own in splits.groupby("label"):
        largest = own.groupby("group").size().max()
        for part in ("valid", "test"):
            assert abs((own["part"] == part).sum() - len(own) / folds) <= largest + 1e-9


@quick
@given(classes=CLASS_SIZES, seed=SEEDS, fold=st.integers(1, 5), order=st.randoms(use_true_random=False))
def test_stable_folds_never_move_an_old_photo(classes: list[list[int]], seed: int, fold: int, order: object) -> None:
    """Else a data set that grows would mix the folds."""
    photos = large(classes)
    new = photos.assign(id="new" + photos["id"], group="new" + photos["group"])
    rows = pd.concat([photos, new], ignore_index=True)
    shuffled = list(range(len(rows)))
    order.shuffle(shuffled)
    before = parts(split_photos(photos, folded("stable", 5, fold), seed=seed))
    after = parts(split_photos(rows.iloc[shuffled], folded("stable", 5, fold), seed=seed))
    assert {id: after[id] for id in before} == before


def test_a_class_too_small_for_its_folds_is_told_so() -> None:
    """Else the message would send its reader to shares that do not count."""
    with pytest.raises(UserError, match=r"class '0': .* empty\. Add photos, or lower split\.folds in params\.yaml"):
        split_photos(table([[1] * 4]), folded("stratified", 8, 3), seed=1)


def test_the_report_of_a_fold_names_no_shares() -> None:
    """Else MLflow would show shares that did not count."""
    splits = split_photos(table([[1] * 30]), folded("stable", 3, 3), seed=1)
    made_with = audit(splits, folded("stable", 3, 3), seed=1)["made_with"]
    assert made_with == {"method": "stable", "folds": 3, "fold": 3, "seed": 1}


@pytest.mark.parametrize("sizes", [[1], [1, 1], [50, 1, 1]])
def test_a_class_too_small_for_three_parts_is_named(sizes: list[int]) -> None:
    """Else a class would be tested on no photo, and nobody would know."""
    photos = pd.concat([table([[1] * 30]), table([sizes]).assign(label="rare", group=lambda own: "r" + own["group"])])
    with pytest.raises(UserError) as refused:
        split_photos(photos, stratified(), seed=1)
    assert str(refused.value).startswith("class 'rare': ")
    assert f"{sum(sizes)} photos (in {len(sizes)} groups of copies)" in str(refused.value)
    assert "params.yaml" in str(refused.value)


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
