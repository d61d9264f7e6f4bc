"""What each method of splitting promises besides: stable, given, folds."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelproof.data.images.parts import PARTS
from pixelproof.data.splits import audit, split_photos
from pixelproof.errors import UserError
from pixelproof.params.split import Split
from tests.support.manifests import CLASS_SIZES, SEEDS, SHARES, parts, quick, stratified, table


def stable(valid: float = 0.2, test: float = 0.2) -> Split:
    return Split(method="stable", valid_share=valid, test_share=test)


def large(classes: list[list[int]]) -> pd.DataFrame:
    """Return a table with so many groups per class that no part of it can stay empty by chance."""
    return table([sizes * 8 for sizes in classes])


@quick
@given(classes=CLASS_SIZES, valid=SHARES, test=SHARES, seed=SEEDS, order=st.randoms(use_true_random=False))
def test_a_stable_split_is_a_split(
    classes: list[list[int]], valid: float, test: float, seed: int, order: object
) -> None:
    """Else the other method would lose photos, separate copies, or follow a file system's order."""
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


@settings(max_examples=6)  # of three to eight splits each
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
