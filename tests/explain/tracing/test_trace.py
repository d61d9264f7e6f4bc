from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelproof.explain.tracing.kinds import DESCRIBERS
from pixelproof.explain.tracing.trace import trace
from pixelproof.explain.tracing.traced import Inside, TracedLayer
from tests.support.explained import every_kind, some_photos

pytestmark = pytest.mark.slow  # TensorFlow takes ten seconds to load


@pytest.fixture(scope="module")
def traced() -> dict[str, TracedLayer]:
    """The layers of the network with every kind, by name."""
    return {layer.name: layer for layer in trace(every_kind(), some_photos()[0])}


def test_the_network_has_every_kind_that_the_page_knows(traced: dict[str, TracedLayer]) -> None:
    """The tests of the page trust it to leave none out."""
    assert {layer.class_name for layer in traced.values()} == set(DESCRIBERS)
    within = [layer.kind.name for layer in traced.values() if layer.class_name == "Functional" and layer.kind]
    assert within == ["l2_pool"]


def test_the_last_layer_answers_as_the_model_does(traced: dict[str, TracedLayer]) -> None:
    """Else the page would take another network apart."""
    expected = every_kind().predict_on_batch(some_photos()[0].astype(np.float32))
    np.testing.assert_allclose(traced["output"].outputs, expected, rtol=1e-6)


def test_each_layer_comes_after_those_that_feed_it(traced: dict[str, TracedLayer]) -> None:
    """The page computes them in this order; a shortcut has two sources."""
    assert all(source < number for number, layer in enumerate(traced.values()) for source in layer.inputs)
    names = list(traced)
    assert [names[source] for source in traced["shortcut"].inputs] == ["largest", "dilated"]


def test_a_network_within_the_network_is_one_layer_without_arithmetic(traced: dict[str, TracedLayer]) -> None:
    """Where its maps keep their size it has one stage."""
    assert traced["backbone"].kind is None
    assert traced["backbone"].inside == Inside(layers=1, convolutions=1)
    assert traced["backbone"].shape == (7, 11, 4)
    assert traced["backbone"].parameters == 12 * 4 + 4


def test_a_backbone_is_cut_where_its_maps_get_smaller_and_nothing_bypasses() -> None:
    """A cut through a shortcut would show a stage that lacks half of what the next one gets."""
    import keras

    photos = np.random.default_rng(0).integers(0, 256, (2, 12, 12, 3), dtype=np.uint8)
    backbone = two_stages()
    image = keras.Input((12, 12, 3))
    model = keras.Model(image, keras.layers.Flatten(name="flatten")(backbone(image)))
    _, first, second, _ = trace(model, photos)
    assert (first.name, first.shape, first.inside) == ("inner_stage1", (12, 12, 2), Inside(1, 1))
    assert (second.name, second.shape, second.inside) == ("inner_stage2", (6, 6, 2), Inside(3, 2))
    assert first.parameters + second.parameters == backbone.count_params()
    np.testing.assert_allclose(second.outputs, backbone.predict_on_batch(photos.astype(np.float32)), rtol=1e-6)
    inner = keras.Model(backbone.inputs, backbone.get_layer("wide").output)
    np.testing.assert_allclose(first.outputs, inner.predict_on_batch(photos.astype(np.float32)), rtol=1e-6)


def two_stages() -> Any:
    """Return a model whose second half has a shortcut around it."""
    import keras

    inside = keras.Input((12, 12, 3))
    wide = keras.layers.Conv2D(2, 3, padding="same", name="wide")(inside)
    halves = [keras.layers.Conv2D(2, side, 2, padding="same", name=f"half{side}")(wide) for side in (1, 3)]
    return keras.Model(inside, keras.layers.Add(name="sum")(halves), name="inner")


def test_a_layer_used_in_an_unknown_way_is_not_described() -> None:
    """Wrong arithmetic would be worse than none."""
    import keras

    image = keras.Input((4, 4, 4))
    layers: list[Any] = [
        keras.layers.Conv2D(4, 3, groups=2),
        keras.layers.Conv2D(4, 3, activation="mish"),
        keras.layers.BatchNormalization(axis=1),
        keras.layers.GlobalMaxPooling2D(keepdims=True),
        keras.layers.Concatenate(axis=1),
    ]
    for layer in layers:
        called = layer([image, image]) if isinstance(layer, keras.layers.Concatenate) else layer(image)
        traced = trace(keras.Model(image, called), np.zeros((1, 4, 4, 4), np.uint8))
        assert traced[-1].kind is None, layer


def test_a_saved_model_is_traced_like_the_one_that_was_saved(tmp_path: Path) -> None:
    """The stage gets its model from a file."""
    import keras

    image = keras.Input((6, 6, 1), name="input")
    x = keras.layers.Conv2D(2, 3, name="conv")(image)
    x = keras.layers.Add(name="add")([x, keras.layers.Conv2D(2, 3, name="other")(image)])
    model = keras.Model(image, x)
    model.save(tmp_path / "model.keras")
    photos = np.random.default_rng(0).integers(0, 256, (2, 6, 6, 1), dtype=np.uint8)
    before, after = (trace(each, photos) for each in (model, keras.saving.load_model(tmp_path / "model.keras")))
    assert [layer.name for layer in after] == [layer.name for layer in before]
    np.testing.assert_array_equal(after[-1].outputs, before[-1].outputs)
