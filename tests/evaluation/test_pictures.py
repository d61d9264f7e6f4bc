from io import BytesIO

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from pixelproof.evaluation.pictures import confusion_figure, reliability_figure

LABELS = np.array([0, 0, 0, 1, 1, 1, 1])
PREDICTED = np.array([0, 0, 1, 1, 1, 1, 0])


def drawn(classes: list[str]) -> Figure:
    """A figure of seven images of the first two classes; five are right."""
    probabilities = np.eye(len(classes))[PREDICTED]
    return confusion_figure(probabilities, LABELS, classes, "cnn: test images by class")


def test_each_cell_has_its_count() -> None:
    """Else the picture would show other mistakes than the model made: rows are the true classes."""
    (axes,) = drawn(["cat", "dog"]).axes
    assert [text.get_text() for text in axes.texts] == ["2", "1", "1", "3"]
    assert axes.get_xlabel() == "Predicted label"
    assert axes.get_ylabel() == "True label"
    assert axes.get_title() == "cnn: test images by class"


def test_a_class_that_never_occurs_has_its_row_and_column() -> None:
    """Else the names would stand beside the wrong rows."""
    (axes,) = drawn(["cat", "dog", "owl"]).axes
    assert [text.get_text() for text in axes.texts] == ["2", "1", "0", "1", "3", "0", "0", "0", "0"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog", "owl"]


@pytest.mark.parametrize(("classes", "inches"), [(2, 3.7), (10, 8.5), (16, 12.0), (40, 12.0)])
def test_the_figure_grows_with_the_classes_up_to_a_limit(classes: int, inches: float) -> None:
    """Else many classes would be unreadable, or the picture as large as a wall."""
    figure = drawn([str(number) for number in range(classes)])
    assert tuple(figure.get_size_inches()) == pytest.approx((inches, inches))


@pytest.mark.parametrize(("names", "rotation"), [(["cat", "dog"], 0), (["cat", "horse"], 90)])
def test_long_names_are_written_upwards(names: list[str], rotation: float) -> None:
    """Else they would run into each other."""
    (axes,) = drawn(names).axes
    assert {label.get_rotation() for label in axes.get_xticklabels()} == {rotation}


def test_the_figure_can_be_saved_without_a_screen() -> None:
    """Else logging it to MLflow would fail on a server."""
    picture = BytesIO()
    drawn(["cat", "dog"]).savefig(picture, format="png", dpi=50)
    assert Image.open(picture).size == (185, 185)


def test_a_calibrated_model_lies_on_the_diagonal() -> None:
    """Else the diagram would say of a good model that it is too sure."""
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.5, 1, 20_000)
    labels = (rng.random(20_000) >= sure).astype(np.int64)  # class 0 with the probability that is said
    axes = reliability_figure({"cnn": np.stack([sure, 1 - sure], axis=1)}, labels).axes[0]
    said, right = axes.lines[1].get_data()
    assert np.abs(np.asarray(said) - np.asarray(right)).max() < 0.03
    assert axes.get_legend().get_texts()[0].get_text() == "CNN"
