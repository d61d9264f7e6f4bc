import numpy as np
import pytest

from pixelproof.explain.page.article import Design
from pixelproof.explain.page.contents import turning_point
from pixelproof.explain.page.diagrams import diagram, log_scale
from pixelproof.explain.page.walk import answer, pixel_matrices, planned_layers
from pixelproof.explain.pictures.drawing import write_sheets
from pixelproof.explain.pictures.sheets import all_sheets, enlarge
from pixelproof.explain.tracing.photos import Shown
from pixelproof.explain.tracing.traced import TracedLayer


def photo(height: int, width: int, channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)


def test_a_small_grey_photo_is_written_out_whole_and_a_large_one_in_part() -> None:
    """A table of 300 by 300 numbers would be unreadable."""
    assert [(name, values.shape) for name, values in pixel_matrices(photo(28, 28, 1))] == [("grey", (28, 28))]
    assert [name for name, _ in pixel_matrices(photo(90, 70, 3))] == ["red", "green", "blue"]
    assert {values.shape for _, values in pixel_matrices(photo(90, 70, 3))} == {(10, 10)}


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 9, 3), (28, 28, 1), (31, 17, 3)])
def test_photos_of_every_size_have_all_sheets(shape: tuple[int, int, int], tmp_path) -> None:
    """A tiny photo has no room for a window of 5 pixels, and must not break the page."""
    large = enlarge(photo(*shape))
    assert min(large.shape[:2]) >= 8
    sheets = all_sheets(large, [], seed=7)
    write_sheets(sheets, tmp_path)
    assert {path.stem for path in tmp_path.glob("*.png")} == {sheet.name for sheet in sheets}
    assert [sheet.name for sheet in sheets] == ["pixels", "cases", "filters", "strides", "padding", "poolings"]


def test_pooling_on_the_sheet_halves_the_photo() -> None:
    """That is what the sheet is there to show."""
    sheets = {sheet.name: sheet for sheet in all_sheets(photo(28, 20, 3), [], seed=7)}
    assert [each.size for each in sheets["poolings"].pictures] == ["28 × 20", *["14 × 10"] * 3, "7 × 5"]
    assert [each.size for each in sheets["strides"].pictures] == ["26 × 18", "13 × 9", "9 × 6"]
    assert [each.size for each in sheets["padding"].pictures] == ["26 × 18", "28 × 20", "30 × 22"]


def test_the_other_order_has_the_same_pixels() -> None:
    """Else another picture would be shown, and not the same one in another order."""
    shown, shuffled = all_sheets(photo(9, 9, 3), [], seed=7)[0].pictures
    assert sorted(shown.pixels.reshape(-1, 3).tolist()) == sorted(shuffled.pixels.reshape(-1, 3).tolist())
    assert shown.pixels.tolist() != shuffled.pixels.tolist()


def test_the_loss_is_that_of_the_photo_that_the_network_is_least_sure_of() -> None:
    """Cross-entropy of the true class: ln 4 where it was given a quarter."""
    shares = np.array([[0.9, 0.1], [0.75, 0.25]], np.float32)
    said = answer(Shown(["a", "b"], photo(2, 2, 1)[np.newaxis].repeat(2, 0), np.array([0, 1]), shares), ["cat", "dog"])
    assert (said["label"], said["predicted"]) == ("dog", "cat")
    assert (said["written"].probability, said["written"].loss) == ("0.25", "1.3863")
    assert said["guess"] == pytest.approx(np.log(2))


def test_layers_within_layers_are_found_in_the_plan() -> None:
    """A block of layers has formulas too."""
    plan = {"layers": [{"name": "a"}, {"name": "b", "layers": [{"name": "c"}]}]}
    assert [entry["name"] for entry in planned_layers(plan)] == ["a", "b", "c"]


def test_the_diagram_draws_a_bow_around_what_a_shortcut_passes_by() -> None:
    """Else a residual network would look like a plain one."""
    layers = [
        TracedLayer(str(n), "Add", inputs, np.zeros((1, 4)), None, 0) for n, inputs in enumerate([[], [0], [1, 0]])
    ]
    links = [box.links for box in diagram(layers)["boxes"]]
    assert [[path.split()[3] for path in each] for each in links] == [[], ["V"], ["C", "V"]]


def test_bars_of_a_logarithmic_scale_grow_by_the_same_step_for_ten_times_as_many() -> None:
    """On a linear one 219,801 beside 27,000,201 is no bar at all."""
    scale = log_scale([20_000, 200_000, 1_000_000])
    assert scale.first == 10_000
    assert scale.shares[1] - scale.shares[0] == pytest.approx(scale.step)
    assert scale.shares[2] == pytest.approx(100)
    assert scale.shares[0] == pytest.approx(50 * np.log10(2))
    assert log_scale([1000]).shares == pytest.approx([100])


def test_the_turning_point_is_the_first_rise() -> None:
    """The page says from which block on depth costs parameters."""
    designs = [Design("", "", count, "") for count in (9, 5, 7, 8)]
    assert turning_point(designs) == {"block": 3, "more": 2}
    assert turning_point(designs[:2]) is None
