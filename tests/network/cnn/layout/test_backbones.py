"""Backbones: the table says what Keras builds, and the pixels are those that each model was trained with."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelproof.errors import UserError
from pixelproof.network.cnn.layout.backbones import table
from pixelproof.network.cnn.layout.layers import Shape
from pixelproof.network.plan.plan import Plan, plan_cnn
from pixelproof.params.cnn import Cnn
from pixelproof.params.train import Train

SMALL = "MobileNetV3Small"
AVERAGE = {"average": {"kind": "global_average_pool"}}


def network(name: str = SMALL, weights: str = "none", trainable_from: str = "none") -> Cnn:
    backbone = {"name": name, "weights": weights, "trainable_from": trainable_from}
    return Cnn.model_validate({"backbone": backbone, "layers": AVERAGE, "head": "softmax", "learning_rate": 0.01})


def planned(*, shape: Shape = (64, 64, 3), **backbone: str) -> Plan:
    return plan_cnn(network(**backbone), shape, 3)


def built(params: Cnn, shape: Shape) -> Any:
    from pixelproof.network.cnn.cnn import build

    return build(params, shape, 3)


@pytest.mark.parametrize(
    ("name", "parameters", "shape", "output"),
    [
        ("VGG16", 14_714_688, (224, 224, 3), (7, 7, 512)),
        ("ResNet50", 23_587_712, (224, 224, 3), (7, 7, 2048)),
        ("ResNet50", 23_587_712, (225, 300, 3), (8, 10, 2048)),
        ("MobileNetV2", 2_257_984, (224, 224, 1), (7, 7, 1280)),
        ("InceptionV3", 21_802_784, (299, 299, 3), (8, 8, 2048)),
        ("EfficientNetB0", 4_049_571, (224, 224, 3), (7, 7, 1280)),
    ],
)
def test_well_known_models_have_their_well_known_numbers(
    name: str, parameters: int, shape: Shape, output: Shape
) -> None:
    """Else the table would not be about the models of those names; the numbers are Keras's documentation's."""
    backbone = planned(name=name, shape=shape).layers[0]
    assert (backbone.name, backbone.kind) == ("backbone", "backbone")
    assert (backbone.parameters, backbone.output_shape) == (parameters, output)
    assert (backbone.trainable, backbone.inputs) == (0, ("input",))


@pytest.mark.parametrize(("name", "giga"), [("VGG16", 15.35), ("ResNet50", 3.86), ("MobileNet", 0.568)])
def test_multiply_adds_are_those_of_the_literature(name: str, giga: float) -> None:
    """Else the cost of a backbone could not be compared with that of a network of one's own."""
    found = planned(name=name, shape=(224, 224, 3)).layers[0].multiply_adds / 1e9
    assert found == pytest.approx(giga, rel=0.01)


def test_the_receptive_field_is_that_of_the_literature() -> None:
    """Else `plan` would say that a backbone sees other parts of the image than it does (VGG16: 212 pixels)."""
    assert planned(name="VGG16", shape=(224, 224, 3)).layers[0].receptive_field == (212, 212)


def test_fewer_layers_are_trained_from_a_later_one_on() -> None:
    """Else `trainable_from` would not say what is trained."""
    names = list(table()[SMALL]["trainable"])
    counts = [planned(trainable_from=start).layers[0].trainable for start in ("all", *names[1:], "none")]
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) == len(counts)
    assert counts[-1] == 0


@pytest.mark.parametrize(
    ("backbone", "shape", "message"),
    [
        ({"name": "ResNet5"}, (64, 64, 3), r"name: .* no 'ResNet5' \(did you mean 'ResNet50'\?\)\. Known: C"),
        ({"trainable_from": "Conv_2"}, (64, 64, 3), r"trainable_from: MobileNetV3Small has no layer .*'Conv_2' \(did"),
        ({"weights": "nowhere.h5"}, (64, 64, 3), r"weights: there is no file 'nowhere\.h5'\. Expected imagenet, none"),
        ({"name": "Xception"}, (300, 70, 3), "Xception needs at least 71 pixels a side, but the images are 300 x 70"),
    ],
)
def test_a_backbone_that_cannot_be_is_refused(backbone: dict[str, str], shape: Shape, message: str) -> None:
    """Else the mistake would show as a traceback of Keras, after the data were made."""
    with pytest.raises(UserError, match=rf"^cnn\.backbone.*{message}"):
        planned(shape=shape, **backbone)


@pytest.mark.slow
def test_the_table_has_every_model_of_keras() -> None:
    """Else a model that Keras has would be refused, or one that it has no longer would be planned."""
    from benchmarks.survey import models

    assert sorted(table()) == models()


@pytest.mark.slow
@pytest.mark.parametrize("name", [SMALL, "MobileNet", "VGG16"])
def test_the_survey_of_a_model_gives_what_the_table_says(name: str) -> None:
    """Else the table would be of another version of Keras, or of another survey."""
    from benchmarks.survey import survey

    assert json.loads(json.dumps(survey(name))) == table()[name]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "start", "shape"),
    [
        (SMALL, "none", (32, 45, 1)),
        ("MobileNet", "all", (33, 64, 3)),
        ("MobileNetV2", "Conv_1", (47, 50, 3)),
        ("ResNet50", "conv5_block1_1_conv", (61, 35, 3)),
        ("VGG16", "block5_conv1", (40, 33, 3)),
        ("InceptionV3", "none", (75, 98, 3)),
        ("EfficientNetB0", "top_conv", (39, 64, 3)),
        ("DenseNet121", "none", (66, 37, 1)),
        ("NASNetMobile", "none", (32, 75, 3)),
    ],
)
def test_keras_builds_exactly_the_planned_backbone(name: str, start: str, shape: Shape) -> None:
    """Else `plan` would show other shapes or counts than what is trained, on sides that leave pixels over."""
    from pixelproof.network.cnn.saved.saved import check_against_plan

    params = network(name, trainable_from=start)
    model = built(params, shape)
    check_against_plan(model, json.loads(json.dumps(plan_cnn(params, shape, 3).as_json())))


FAMILIES = {  # a small model of each module of keras.applications
    "convnext": "ConvNeXtTiny",
    "densenet": "DenseNet121",
    "efficientnet": "EfficientNetB0",
    "efficientnet_v2": "EfficientNetV2B0",
    "inception_resnet_v2": "InceptionResNetV2",
    "inception_v3": "InceptionV3",
    "mobilenet": "MobileNet",
    "mobilenet_v2": "MobileNetV2",
    "mobilenet_v3": SMALL,
    "nasnet": "NASNetMobile",
    "resnet": "ResNet50",
    "resnet_v2": "ResNet50V2",
    "vgg16": "VGG16",
    "vgg19": "VGG19",
    "xception": "Xception",
}


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_pixels_are_prepared_as_the_models_own_module_does_it(family: str, tmp_path: Path) -> None:
    """Else a backbone would see other pixels than it was trained with, and guess."""
    import keras

    from pixelproof.network.cnn.applications import preprocess

    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3)).astype(np.float32)
    inputs = keras.Input((5, 4, 3))
    model = keras.Model(inputs, keras.ops.copy(preprocess(inputs, network(FAMILIES[family]).backbone)))
    expected = getattr(keras.applications, family).preprocess_input(pixels.copy())
    np.testing.assert_allclose(model.predict_on_batch(pixels), expected, rtol=1e-5, atol=1e-4)
    model.save(tmp_path / "model.keras")
    loaded: Any = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict_on_batch(pixels), model.predict_on_batch(pixels))


TRAIN = Train(epochs=1, batch_size=2)
IMAGES = np.random.default_rng(1).integers(0, 256, (2, 40, 33, 1), dtype=np.uint8)


@pytest.mark.slow
def test_grey_images_reach_the_backbone_in_three_equal_channels() -> None:
    """Else grey photos could have no backbone, or another answer than the same photos saved as RGB."""
    grey, rgb = built(network("VGG16"), (40, 33, 1)), built(network("VGG16"), (40, 33, 3))
    rgb.set_weights(grey.get_weights())
    expected = rgb.predict_on_batch(np.repeat(IMAGES, 3, axis=-1))
    np.testing.assert_allclose(grey.predict_on_batch(IMAGES), expected, rtol=1e-5)


@pytest.mark.slow
def test_a_local_weights_file_is_loaded_frozen_and_saved_with_the_model(tmp_path: Path) -> None:
    """Else transfer learning would begin anew, forget in training what it brought, or need the file for ever."""
    from pixelproof.network.cnn.cnn import CnnLearner
    from pixelproof.network.cnn.saved.saved import load

    source = built(network(), (40, 33, 1)).get_layer("backbone")
    source.save_weights(tmp_path / "mine.weights.h5")
    learner = CnnLearner(
        network(weights=str(tmp_path / "mine.weights.h5")), TRAIN, (40, 33, 1), 3, steps_per_epoch=1, seed=7
    )
    before = [weight.copy() for weight in learner.weights()]
    learner.train_batch(IMAGES, np.array([0, 1]))
    after = learner.weights()
    kept = len(source.get_weights())
    assert all(np.array_equal(*each) for each in zip(source.get_weights(), after[:kept], strict=True))
    assert not np.array_equal(before[-1], after[-1])
    learner.save(tmp_path)
    (tmp_path / "mine.weights.h5").unlink()
    found = load(tmp_path / "model.keras").predict_on_batch(IMAGES)
    np.testing.assert_allclose(found, learner.model.predict_on_batch(IMAGES), rtol=1e-5)


@pytest.mark.slow
def test_a_trained_backbone_keeps_the_averages_of_its_batch_norms() -> None:
    """Else the few photos of a batch would overwrite what the averages know of a million."""
    from pixelproof.network.cnn.cnn import CnnLearner

    learner = CnnLearner(network(trainable_from="all"), TRAIN, (40, 33, 1), 3, steps_per_epoch=1, seed=7)
    backbone = learner.model.get_layer("backbone")
    before = [weight.numpy().copy() for weight in backbone.weights]
    learner.train_batch(IMAGES, np.array([0, 1]))
    moved = {w.name for w, old in zip(backbone.weights, before, strict=True) if not np.array_equal(w.numpy(), old)}
    assert "kernel" in moved
    assert not {"moving_mean", "moving_variance", "gamma", "beta"} & moved


@pytest.mark.slow
@pytest.mark.parametrize("content", ["other model", "no weights"])
def test_a_file_that_holds_other_weights_is_refused(content: str, tmp_path: Path) -> None:
    """Else Keras's traceback would be all that a user sees."""
    path = tmp_path / "wrong.weights.h5"
    if content == "other model":
        built(network("MobileNet"), (40, 33, 1)).get_layer("backbone").save_weights(path)
    else:
        path.write_bytes(b"words")
    with pytest.raises(UserError, match=r"cnn\.backbone\.weights: .* does not hold the weights of MobileNetV3Small"):
        built(network(weights=str(path)), (40, 33, 1))
