"""Altered views of training images."""

import functools
from contextlib import suppress
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelproof.data.augment import transforms, views
from pixelproof.data.augment.transforms import advice, alter, compose
from pixelproof.data.augment.views import write_views
from pixelproof.data.images.store import ImageStore, StoreWriter, open_views
from pixelproof.errors import UserError
from pixelproof.files import read_json
from pixelproof.files.journal import Journal
from pixelproof.params.augment import Augment
from tests.support.stops import count_calls, stop_after

SHAPE = (16, 12, 3)
COUNT = 9
TRANSFORMS: dict[str, dict[str, Any]] = {
    "move": {"kind": "Affine", "rotate": [-20, 20], "scale": [0.8, 1.2], "p": 1.0},
    "flip": {"kind": "HorizontalFlip", "p": 0.5},
    "light": {"kind": "RandomBrightnessContrast", "p": 1.0},
    "noise": {"kind": "GaussNoise", "p": 0.7},
    "hole": {"kind": "CoarseDropout", "p": 0.5},
}
RANDOM = np.random.default_rng(0).integers(0, 256, (COUNT, *SHAPE), dtype=np.uint8)


def settings_for(transforms: dict[str, dict[str, Any]] = TRANSFORMS, views: int = 3) -> Augment:
    return Augment.model_validate({"views": views, "transforms": transforms})


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    """A store of nine images of two classes."""
    index = pd.DataFrame({"id": [f"{n}.png" for n in range(COUNT)], "label": ["b", "a", "a"] * 3})
    writer = StoreWriter(tmp_path / "store", index, SHAPE, ["b", "a"], {})
    writer.write(0, RANDOM)
    return ImageStore.open(tmp_path / "store")


def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the worker processes, which take seconds to start."""
    monkeypatch.setattr(views, "Parallel", lambda n_jobs, **options: joblib.Parallel(n_jobs=1, **options))


COMPOSED = compose(settings_for())
KEYS = st.tuples(st.integers(0, 2**32 - 1), st.text(max_size=8), st.integers(0, 50))


@settings(deadline=None, max_examples=40)
@given(before=st.lists(KEYS, max_size=4), key=KEYS)
def test_a_view_depends_on_seed_id_and_number_alone(
    before: list[tuple[int, str, int]], key: tuple[int, str, int]
) -> None:
    """Else views would depend on how the work was dealt out, and no result could be repeated."""
    look = functools.partial(alter, COMPOSED, RANDOM[0])
    for seed, id, view in before:
        look(seed=seed, id=id, view=view)
    np.random.random()
    seen = look(seed=key[0], id=key[1], view=key[2])
    fresh = alter(compose(settings_for()), RANDOM[0], seed=key[0], id=key[1], view=key[2])
    assert np.array_equal(seen, fresh)


@pytest.mark.parametrize("changed", [{"view": 1}, {"id": "b"}, {"seed": 2}])
def test_views_of_another_number_id_or_seed_differ(changed: dict[str, Any]) -> None:
    """Else every epoch would show the same image, or every image be altered in the same way."""
    key: dict[str, Any] = {"seed": 1, "id": "a", "view": 0}
    assert not np.array_equal(alter(COMPOSED, RANDOM[0], **key), alter(COMPOSED, RANDOM[0], **(key | changed)))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_view_has_the_shape_and_type_of_its_image(channels: int) -> None:
    """Else grey images would lose their channel, and the store refuse them."""
    image = RANDOM[0, ..., :channels]
    transforms = compose(settings_for({"move": TRANSFORMS["move"], "light": TRANSFORMS["light"]}))
    view = alter(transforms, image, seed=1, id="a", view=0)
    assert view.shape == image.shape
    assert view.dtype == np.uint8


def test_the_original_is_not_changed() -> None:
    """Else the next view would be altered twice."""
    image = RANDOM[0].copy()
    alter(COMPOSED, image, seed=1, id="a", view=0)
    assert np.array_equal(image, RANDOM[0])


def test_no_transforms_give_the_original() -> None:
    """Else training without augmentation could not be written down."""
    assert np.array_equal(alter(compose(settings_for({})), RANDOM[0], seed=1, id="a", view=0), RANDOM[0])


def test_transforms_are_applied_in_the_order_of_the_file() -> None:
    """Else the pictures would be others than the settings describe."""
    bright = {"kind": "RandomBrightnessContrast", "brightness_limit": [0.9, 0.9], "contrast_limit": [0, 0], "p": 1.0}
    inverted = {"kind": "InvertImg", "p": 1.0}
    dark = np.full(SHAPE, 20, np.uint8)
    one = alter(compose(settings_for({"a": bright, "b": inverted})), dark, seed=1, id="a", view=0)
    other = alter(compose(settings_for({"b": inverted, "a": bright})), dark, seed=1, id="a", view=0)
    assert one.max() < 50
    assert other.min() > 200


@pytest.mark.parametrize("kind", ["Afine", "Compose", "OneOf", "np", "__version__", "", "random_utils"])
def test_an_unknown_transform_is_named(kind: str) -> None:
    """Else a misspelt transform would end in a traceback of another library."""
    with pytest.raises(UserError) as refused:
        compose(settings_for({"flip": TRANSFORMS["flip"], "move": {"kind": kind}}))
    assert str(refused.value).startswith(f"augment.transforms.move.kind: {kind!r} is not a transform of albumentations")


@pytest.mark.parametrize("argument", [{"rotat": [-5, 5]}, {"p": 2.0}, {"p": "often"}, {"rotate": "far"}, {"scale": {}}])
def test_a_wrong_argument_is_named(argument: dict[str, Any]) -> None:
    """Else albumentations would only warn of it, and train without it."""
    with pytest.raises(UserError) as refused:
        compose(settings_for({"move": {"kind": "Affine", **argument}}))
    assert str(refused.value).startswith("augment.transforms.move: Affine refuses its arguments: ")
    assert next(iter(argument)) in str(refused.value)


ADVISED = {
    "ShiftScaleRotate": {"shift_limit": 0.1, "rotate_limit": 10},
    "PiecewiseAffine": {"scale": [0.01, 0.02]},
    "TimeMasking": {"time_mask_param": 3},
    "FrequencyMasking": {"freq_mask_param": 3},
    "TimeReverse": {},
    "MedianBlur": {"blur_limit": 4},
}


@pytest.mark.parametrize("kind", ADVISED)
def test_advice_of_albumentations_is_passed_on_and_refuses_nothing(kind: str) -> None:
    """Else a transform that works could not be used, or what its library says of it would stay unsaid."""
    params = settings_for({"t": {"kind": kind, **ADVISED[kind], "p": 1.0}})
    assert [
        word for word in advice(params, RANDOM[0]) if word.startswith("augment.transforms: albumentations advises: ")
    ]
    assert alter(compose(params), RANDOM[0], seed=1, id="a", view=0).shape == SHAPE


def test_advice_that_comes_with_an_image_is_passed_on_once_and_by_no_view() -> None:
    """Else each of a million grey photos would warn of the colours that it lacks."""
    params = settings_for({"t": {"kind": "HueSaturationValue", "p": 1.0}})
    grey = RANDOM[0][:, :, :1]
    (advised,) = advice(params, grey)
    assert "grayscale" in advised
    assert np.array_equal(alter(compose(params), grey, seed=1, id="a", view=0).shape, grey.shape)


def test_transforms_without_advice_have_none() -> None:
    """Else every run would begin with words that say nothing."""
    assert advice(settings_for(TRANSFORMS), RANDOM[0]) == []


@pytest.mark.parametrize("kind", [*ADVISED, "Affine", "RandomRotate90", "ToGray"])
def test_a_misspelt_argument_is_refused_whatever_the_transform_advises(kind: str) -> None:
    """Else the training would go on without it."""
    with pytest.raises(UserError, match="rotat_limit"):
        compose(settings_for({"t": {"kind": kind, **ADVISED.get(kind, {}), "rotat_limit": 10}}))


@pytest.mark.parametrize(
    "transform",
    [
        {"kind": "CenterCrop", "height": 8, "width": 8},
        {"kind": "Transpose", "p": 1.0},
        {"kind": "ToFloat", "p": 1.0},
        {"kind": "Resize", "height": 20, "width": 20},
    ],
    ids=lambda transform: transform["kind"],
)
def test_a_transform_that_changes_shape_or_type_is_refused(transform: dict[str, Any]) -> None:
    """Else training would fail on the first batch, or learn from numbers of another scale."""
    with pytest.raises(UserError, match=r"augment\.transforms.*\(16, 12, 3\) uint8 became"):
        alter(compose(settings_for({"x": transform})), RANDOM[0], seed=1, id="a", view=0)


@pytest.mark.parametrize(
    ("transform", "channels"),
    [({"kind": "ISONoise", "p": 1.0}, 1), ({"kind": "Crop", "x_max": 500, "y_max": 500, "p": 1.0}, 3)],
    ids=["for colour only", "larger than the image"],
)
def test_a_transform_that_cannot_work_on_the_images_is_the_users_mistake(
    transform: dict[str, Any], channels: int
) -> None:
    """Else a traceback from a worker process would meet the user."""
    with pytest.raises(UserError, match=r"augment\.transforms"):
        alter(compose(settings_for({"x": transform})), RANDOM[0, ..., :channels], seed=1, id="a", view=0)


def test_every_view_is_a_store_of_the_training_images(
    store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else images outside the training part would be trained on, or views be missing."""
    in_this_process(monkeypatch)
    monkeypatch.setattr(views, "IMAGES_PER_TASK", 2)
    training = np.array([1, 2, 4, 7, 8])
    write_views(store, training, settings_for(), tmp_path / "views", Journal(), seed=5)
    written = sorted(path.name for path in (tmp_path / "views").iterdir())
    assert written == [
        "augment.json",
        "view-000",
        "view-001",
        "view-002",
    ]
    for number, view in enumerate(open_views(tmp_path / "views")):
        assert view.index["id"].tolist() == store.index["id"][training].tolist()
        assert (view.shape, view.classes, view.made_with["views"]) == (SHAPE, ["b", "a"], 3)
        assert view.labels.tolist() == store.labels[training].tolist()
        images = view.gather(np.arange(len(training)))
        for position, image in zip(training, images, strict=True):
            expected = alter(COMPOSED, RANDOM[position], seed=5, id=f"{position}.png", view=number)
            assert np.array_equal(image, expected)


def test_without_transforms_every_view_holds_the_originals(
    store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else `transforms: {}` would not mean training on the photos as they are."""
    in_this_process(monkeypatch)
    training = np.array([0, 3, 5])
    write_views(store, training, settings_for({}, views=2), tmp_path / "views", Journal(), seed=5)
    for view in open_views(tmp_path / "views"):
        assert np.array_equal(view.gather(np.arange(3)), RANDOM[training])


def test_no_views_leave_the_transforms_for_the_training(store: ImageStore, tmp_path: Path) -> None:
    """Else a training with `views: 0` would not know what to draw, or be fed views that nobody asked for."""
    params = settings_for(views=0)
    write_views(store, np.arange(COUNT), params, tmp_path / "views", Journal(), seed=5)
    assert [path.name for path in (tmp_path / "views").iterdir()] == ["augment.json"]
    made_with = read_json(tmp_path / "views/augment.json")["made_with"]
    assert list(made_with["transforms"]) == list(TRANSFORMS)
    assert Augment.model_validate(made_with) == params


@pytest.mark.slow
def test_worker_processes_change_nothing(store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the views would depend on the number of cores."""
    monkeypatch.setattr(views, "IMAGES_PER_TASK", 2)
    for name in ("many", "one"):
        if name == "one":
            in_this_process(monkeypatch)
        write_views(store, np.arange(COUNT), settings_for(), tmp_path / name, Journal(), seed=5)
    for one, other in zip(open_views(tmp_path / "one"), open_views(tmp_path / "many"), strict=True):
        assert np.array_equal(one.gather(np.arange(COUNT)), other.gather(np.arange(COUNT)))


def test_a_mistake_shows_before_anything_is_written(store: ImageStore, tmp_path: Path) -> None:
    """Else a folder of empty stores would be left behind."""
    with pytest.raises(UserError):
        write_views(
            store, np.arange(COUNT), settings_for({"x": {"kind": "Afine"}}), tmp_path / "views", Journal(), seed=5
        )
    assert not (tmp_path / "views").exists()


def test_views_that_were_stopped_go_on(store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a run that was killed at 90 % would alter all images anew, or leave some out."""
    in_this_process(monkeypatch)
    monkeypatch.setattr(views, "IMAGES_PER_TASK", 1)
    training, params = np.arange(COUNT), settings_for()
    write_views(store, training, params, tmp_path / "whole", Journal(), seed=5)
    altered = count_calls(monkeypatch, transforms, "alter")
    with Journal(tmp_path / "journal") as journal, suppress(KeyboardInterrupt):
        stop_after(monkeypatch, journal, lines=20)
        write_views(store, training, params, tmp_path / "stopped", journal, seed=5)
    altered.clear()
    with Journal(tmp_path / "journal") as journal:
        write_views(store, training, params, tmp_path / "stopped", journal, seed=5)
    assert len(altered) == 3 * COUNT - 20
    for whole, stopped in zip(open_views(tmp_path / "whole"), open_views(tmp_path / "stopped"), strict=True):
        assert np.array_equal(whole.gather(np.arange(COUNT)), stopped.gather(np.arange(COUNT)))
