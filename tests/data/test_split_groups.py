"""Groups of the user's own (one person, one burst, one street) are never split."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pixelproof.data.images.parts import PARTS
from pixelproof.data.ingest.conflicts import resolve_copies
from pixelproof.data.ingest.given_groups import join_given_groups
from pixelproof.data.ingest.manifest import COLUMNS, Inventory
from pixelproof.data.splits import audit, split_photos
from pixelproof.errors import UserError
from pixelproof.params.ingest import Ingest
from pixelproof.params.split import Split
from tests.support.manifests import SEEDS, SHARES, quick, stratified
from tests.support.sources import take_inventory

# per photo: its picture, the group that the user gives it or none, its class
PHOTOS = st.lists(
    st.tuples(st.integers(0, 12), st.one_of(st.none(), st.sampled_from("abcdefgh")), st.sampled_from(["cat", "dog"])),
    min_size=1,
    max_size=40,
)
METHODS = [
    {"method": "stratified"},
    {"method": "stable"},
    {"method": "stratified", "folds": 4, "fold": 2},
    {"method": "stable", "folds": 3, "fold": 1},
]


def table(rows: list[tuple[int, str | None, str]]) -> pd.DataFrame:
    """Return photos with their groups of copies: one for each picture."""
    frame = pd.DataFrame([(f"{i}.png", f"p{picture}", name, label) for i, (picture, name, label) in enumerate(rows)])
    return frame.set_axis(["id", "group", "given_group", "label"], axis=1)


def connected(photos: pd.DataFrame) -> list[int]:
    """Number the components the slow way: a photo takes the least number of any that it shares a group with."""
    numbers = list(range(len(photos)))
    links = [
        (i, j)
        for i in range(len(photos))
        for j in range(i)
        if photos["group"][i] == photos["group"][j]
        or (photos["given_group"][i] is not None and photos["given_group"][i] == photos["given_group"][j])
    ]
    for _ in photos.index:
        for i, j in links:
            numbers[i] = numbers[j] = min(numbers[i], numbers[j])
    return numbers


@given(rows=PHOTOS)
def test_groups_are_the_union_of_copies_and_the_users_own(rows: list[tuple[int, str | None, str]]) -> None:
    """Else a copy of Anna's photo among Ben's would tie the two in one part only, and leak in another."""
    photos = table(rows)
    groups, expected = join_given_groups(photos).tolist(), connected(photos)
    for i in range(len(rows)):
        for j in range(i):
            assert (groups[i] == groups[j]) == (expected[i] == expected[j])


@given(rows=PHOTOS, order=st.randoms(use_true_random=False))
def test_names_of_groups_do_not_depend_on_the_order(rows: list[tuple[int, str | None, str]], order: Any) -> None:
    """Else the same photos would be split otherwise on another file system."""
    photos = table(rows)
    shuffled = photos.iloc[order.sample(range(len(rows)), len(rows))]
    assert join_given_groups(photos).to_dict() == join_given_groups(shuffled).to_dict()


@given(rows=PHOTOS, more=st.integers(1, 5))
def test_more_photos_of_a_person_rename_nothing(rows: list[tuple[int, str | None, str]], more: int) -> None:
    """Else a stable split would move photos of old when a person is photographed again."""
    name = next((name for _, name, _ in rows if name), None)
    grown = table([*rows, *((100 + number, name, "cat") for number in range(more))])
    assert join_given_groups(grown).tolist()[: len(rows)] == join_given_groups(table(rows)).tolist()


@given(rows=PHOTOS)
def test_without_groups_of_the_users_nothing_changes(rows: list[tuple[int, str | None, str]]) -> None:
    """Else data without the column would be split otherwise than before."""
    photos = table([(picture, None, label) for picture, _, label in rows])
    assert join_given_groups(photos).tolist() == photos["group"].tolist()
    assert join_given_groups(photos.drop(columns="given_group")).tolist() == photos["group"].tolist()


def people(count: int, labels: str, sizes: list[int]) -> pd.DataFrame:
    """Return photos of people, each of one or several classes in turn."""
    rows = [
        (f"{person}-{label}-{number}.png", label, f"person {person}")
        for person in range(count)
        for label in labels[person % len(labels) :] + labels[: person % len(labels)]
        for number in range(sizes[(person + ord(label)) % len(sizes)])
    ]
    frame = pd.DataFrame(rows, columns=["id", "label", "given_group"])
    return frame.assign(group=[f"p{number}" for number in range(len(frame))])


@quick
@given(
    count=st.integers(150, 180),
    labels=st.sampled_from(["c", "cd", "cde"]),
    sizes=st.lists(st.integers(0, 4), min_size=1, max_size=5).filter(any),
    seed=SEEDS,
)
@pytest.mark.parametrize("method", METHODS, ids=str)
def test_no_person_is_in_two_parts(
    method: dict[str, Any], count: int, labels: str, sizes: list[int], seed: int
) -> None:
    """The leak that the column is for: a network that knows the faces of its test part."""
    photos = people(count, labels, [*sizes, 1, 1, 1, 1, 1])
    photos = photos.assign(group=join_given_groups(photos))
    params = Split.model_validate({"valid_share": 0.2, "test_share": 0.2} | method)
    splits = split_photos(photos, params, seed=seed)
    assert splits["id"].tolist() == photos["id"].tolist()
    assert set(splits["part"]) == set(PARTS)
    assert (splits.groupby(photos["given_group"])["part"].nunique() == 1).all()
    report = audit(splits, params, seed=seed, photos=photos)
    assert report["given_groups"] == photos["given_group"].nunique()
    assert report["given_groups_in_two_parts"] == 0


@quick
@given(count=st.integers(30, 60), seed=SEEDS, valid=SHARES, test=SHARES)
def test_the_rarest_class_has_its_share_to_within_a_person(count: int, seed: int, valid: float, test: float) -> None:
    """Else the few photos of a tumour, among many that show none, would be in one part by chance."""
    rows = [
        (f"{person}-{number}.png", "tumour" if number < person % 2 + 1 else "healthy", f"person {person}")
        for person in range(count)
        for number in range(6)
    ]
    photos = pd.DataFrame(rows, columns=["id", "label", "given_group"]).assign(group=lambda own: own["id"])
    splits = split_photos(photos.assign(group=join_given_groups(photos)), stratified(valid, test), seed=seed)
    rare = splits[splits["label"] == "tumour"]
    for part, share in (("valid", valid), ("test", test)):
        assert abs((rare["part"] == part).sum() - share * len(rare)) <= 2 + 1e-9


def test_audit_fails_on_a_person_in_two_parts() -> None:
    """Else a leak through the user's groups would go unseen: it looks at their own names, not at those of the split."""
    photos = people(30, "c", [2])
    splits = split_photos(photos, stratified(), seed=1)  # as if nobody had joined them
    with pytest.raises(AssertionError, match=r"\d+ groups of labels\.csv lie in two parts"):
        audit(splits, stratified(), seed=1, photos=photos)


def test_a_class_with_too_few_people_is_told_why() -> None:
    """Else its reader would raise shares, which two people cannot fill."""
    photos = people(2, "c", [20])
    photos = pd.concat([photos, people(9, "d", [4]).assign(given_group=None)], ignore_index=True)
    photos["group"] = [f"p{number}" for number in range(len(photos))]
    with pytest.raises(UserError) as refused:
        split_photos(photos.assign(group=join_given_groups(photos)), stratified(), seed=1)
    assert str(refused.value).startswith("class 'c': its 40 photos (in 2 groups that stay together) leave the part")
    assert str(refused.value).endswith("Each of the three parts needs a group: add photos of other groups.")


def test_a_person_in_two_given_parts_is_one_message() -> None:
    """Else parts that leak would be kept as they are, and the results look better than they are."""
    photos = people(9, "c", [4])
    photos["given_part"] = [PARTS[int(name.split()[1]) % 3] for name in photos["given_group"]]
    given_parts = Split(method="given", valid_share=0.2, test_share=0.2)
    joined = photos.assign(group=join_given_groups(photos))
    assert split_photos(joined, given_parts, seed=1)["part"].tolist() == photos["given_part"].tolist()
    joined.loc[0, "given_part"] = "test"
    with pytest.raises(UserError, match=r"'person 0' to several parts: 1 photos to test, 3 photos to train\. Give"):
        split_photos(joined, given_parts, seed=1)
    assert len(split_photos(joined, stratified(), seed=1)) == len(photos)  # which does not look at them


def manifest(rows: list[tuple[str, str, str | None]]) -> pd.DataFrame:
    """Return manifest rows of (picture, label, given group), each of its own file."""
    frame = pd.DataFrame(rows, columns=["pixels_sha256", "label", "given_group"])
    ids = [f"{number}.png" for number in range(len(rows))]
    facts = {"given_part": None, "format": "PNG", "bytes": 1, "sha256": ids, "width": 10, "height": 10}
    return frame.assign(id=ids, perceptual_hash=None, fine_hash=None, **facts)


def resolved(rows: list[tuple[str, str, str | None]], **changes: Any) -> Any:
    usual = {"source": "photos", "min_images_per_class": 1, "min_side_px": 8, "max_quarantined_share": 1.0}
    return resolve_copies(manifest(rows), Ingest.model_validate(usual | changes))


def test_a_person_may_be_in_two_classes() -> None:
    """Else a smiling Anna and a sad Anna would be in conflict: only one picture under two labels is."""
    found = resolved([("1", "glad", "Anna"), ("2", "sad", "Anna"), ("3", "sad", "Ben"), ("3", "glad", "Ben")])
    assert [(row["path"], row["reason"]) for row in found.refused] == [
        ("2.png", "label conflict"),
        ("3.png", "label conflict"),
    ]
    assert found.photos["id"].tolist() == ["0.png", "1.png"]
    assert found.photos["group"].nunique() == 1


def test_a_picture_that_is_refused_joins_nobody() -> None:
    """Else one placeholder in every person's folder would make all of them one group, which no split can part."""
    rows = [(f"{name}{number}", "c", name) for name in "abc" for number in range(2)]
    found = resolved([*rows, *(("error", "c", name) for name in "abc")], placeholder_copies=3)
    assert {row["reason"] for row in found.refused} == {"placeholder repeated"}
    assert found.photos["group"].nunique() == 3


def test_groups_of_the_users_are_not_shown_as_copies() -> None:
    """Else the sheet of copies would show people, and the report count their photos as copies."""
    found = resolved([("1", "c", "Anna"), ("2", "c", "Anna"), ("2", "c", None), ("4", "c", None)])
    assert found.photos["group"].nunique() == 2
    assert found.copies["id"].tolist() == ["1.png", "2.png"]


def listed(folder: Path, header: str, lines: list[str]) -> Path:
    """Write a source of twenty different photos, of two classes in turn, and its labels.csv."""
    rng = np.random.default_rng(1)
    for number in range(20):
        Image.fromarray(rng.integers(0, 256, (16, 16), np.uint8)).save(folder / f"{number}.png")
    (folder / "labels.csv").write_text("\n".join([header, *lines]), "utf-8")
    return folder


def test_groups_come_from_the_table_into_the_manifest(tmp_path: Path) -> None:
    """Else nobody could see which group a photo was given, and what it was joined with."""
    people = ["Anna", "", "Mu\u0308ller ", "M\u00fcller"]
    lines = [f"{number}.png;{'ab'[number % 2]};{people[number % 4]}" for number in range(20)]
    found = inventory(listed(tmp_path, "path;label;group", lines))
    found.photos.to_parquet(tmp_path / "manifest.parquet", index=False)
    photos = pd.read_parquet(tmp_path / "manifest.parquet")
    assert photos.columns.tolist() == [*COLUMNS, "given_group"]
    given = photos["given_group"].fillna("").groupby(photos["id"].str.removesuffix(".png").astype(int) % 4).first()
    assert given.tolist() == ["Anna", "", "M\u00fcller", "M\u00fcller"]
    assert photos.groupby("given_group")["group"].nunique().to_dict() == {"Anna": 1, "M\u00fcller": 1}
    assert photos["group"].nunique() == 2 + 5
    assert found.report()["groups_of_copies"] == 0


@pytest.mark.parametrize(("header", "end"), [("path,label", ""), ("path,label,group", ",")])
def test_a_manifest_without_groups_is_as_it_always_was(tmp_path: Path, header: str, end: str) -> None:
    """Else everything would be made anew for a column that nobody asked for."""
    lines = [f"{number}.png,{'ab'[number % 2]}{end}" for number in range(20)]
    photos = inventory(listed(tmp_path, header, lines)).photos
    assert photos.columns.tolist() == COLUMNS
    assert photos["group"].tolist() == photos["pixels_sha256"].str[:16].tolist()


def inventory(source: Path) -> Inventory:
    params = {"source": str(source), "min_images_per_class": 1, "min_side_px": 8, "max_quarantined_share": 0.0}
    return take_inventory(source, Ingest.model_validate(params))
