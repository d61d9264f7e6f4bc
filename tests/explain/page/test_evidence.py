"""The evidence: tables, photos and charts that say what the reports say."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pixelproof.explain.page import reports as of_reports
from pixelproof.explain.page.charts import BOTTOM, TOP, reliability, robustness_charts
from pixelproof.explain.page.evidence import (
    class_rows,
    confusions,
    evidence,
    sheet,
    shifts,
    shifts_say,
    suspects,
    where_the_mlp_holds_out,
)
from tests.support.reports import ROBUSTNESS, plant, surely

CLASSES = ("NA", "a|b")


def photos(ids: Sequence[str]) -> np.ndarray:
    """Return for each id, such as NA/7.png, an image whose pixels are its number."""
    numbers = [int(Path(id).stem) for id in ids]
    return np.array(numbers, np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 1), np.uint8)


def some_reports() -> of_reports.Reports:
    """Three of forty photos are mistaken, with 90, 70 and 80 %."""
    labels = [0] * 20 + [1] * 20
    shares = surely(labels, 2)
    shares[[3, 5, 30]] = [[0.1, 0.9], [0.3, 0.7], [0.8, 0.2]]
    return plant(labels, shares, surely(labels, 2), CLASSES)


def test_classes_come_with_their_intervals_the_worst_first() -> None:
    """18 of 20 are found: Wilson's interval is 69.9 to 97.2 %."""
    first, second = class_rows(some_reports())
    assert (first.label, first.trained, first.tested) == ("NA", 100, 20)
    assert (first.recall, first.recall_interval) == ("90.0\u00a0%", "69.9 to 97.2\u00a0%")
    assert (first.low, first.high) == (pytest.approx(69.9, abs=0.05), pytest.approx(97.2, abs=0.05))
    assert (second.recall, second.precision) == ("95.0\u00a0%", "90.5\u00a0%")


def test_confusions_are_counted_and_show_their_surest_photos() -> None:
    """The reader looks at the photos to see why."""
    first, second = confusions(some_reports(), photos)
    assert (first.label, first.taken_for, first.count, first.of) == ("NA", "a|b", 2, 20)
    assert [each.id for each in first.examples] == ["NA/3.png", "NA/5.png"]
    assert [each.says for each in first.examples] == ["90.0\u00a0%", "70.0\u00a0%"]
    assert [int(each.image.max()) for each in first.examples] == [3, 5]
    assert (second.count, second.examples[0].id) == (1, "a|b/30.png")


def test_suspects_show_their_photos_and_what_is_said() -> None:
    """At most a dozen: a page is no list."""
    table = pd.DataFrame({"path": [f"NA/{n}.png" for n in range(40)], "label": "NA", "reason": "looks like a|b (99%)"})
    shown = suspects(table, photos)
    assert len(shown) == 12
    assert (shown[7].says, int(shown[7].image.max())) == ("labelled NA: looks like a|b (99%)", 7)
    assert suspects(table.head(0), photos) == []


def test_the_claim_on_shifts_is_made_only_as_far_as_the_intervals_carry_it() -> None:
    """It is the article's point, and must not be claimed of networks of which it is not true."""
    assert shifts_say(ROBUSTNESS).startswith("At every shift of 2 pixels or more the CNN loses less accuracy")
    assert "at 3 pixels 23.0 points less" in shifts_say(ROBUSTNESS)
    undecided = ROBUSTNESS.copy()
    undecided.loc[undecided["level"] == 2, "lost_more_high"] = 0.01
    assert shifts_say(undecided) == (
        "Shifted, the CNN loses less at 3 pixels than the MLP. "
        "At 2 pixels these photos cannot tell which of the two loses less."
    )
    reverse = ROBUSTNESS.copy()
    far = (reverse["kind"] == "shift_px") & (reverse["level"] >= 2)
    reverse.loc[far, "lost_more_low"] = 0.01
    reverse.loc[far, "lost_more_high"] = 0.02
    assert shifts_say(reverse) == "Shifted, the CNN loses more at 2 and 3 pixels than the MLP."
    assert shifts_say(ROBUSTNESS[ROBUSTNESS["kind"] == "none"]) == ""


def test_where_the_mlp_holds_out_better_is_told() -> None:
    """A page that named only what speaks for the CNN would be advertising."""
    assert "darkened to 0.2 of their brightness (43.0 points)" in where_the_mlp_holds_out(ROBUSTNESS)
    assert "Nowhere" in where_the_mlp_holds_out(ROBUSTNESS[ROBUSTNESS["kind"] != "brightness"])


def test_shifts_count_what_the_cnn_saves_as_positive() -> None:
    """The table of evaluate has what it loses more."""
    assert shifts(ROBUSTNESS)[1] == ("2 px", "97.0\u00a0%", "90.0\u00a0%", "+5.0", "+2.0 to +8.0")
    assert shifts(ROBUSTNESS)[0].interval == "−1.0 to +3.0"


def test_curves_begin_at_the_photos_as_they_are_and_lie_within_their_bands() -> None:
    """1 is at the top of the frame, 0 at the bottom."""
    shifted, darkened = robustness_charts(ROBUSTNESS)
    assert [tick for _, tick in shifted.ticks] == ["as is", "1", "2", "3"]
    cnn, mlp = darkened.lines
    assert [y for _, y in cnn.points] == pytest.approx([BOTTOM - 98, BOTTOM - 49])
    assert BOTTOM - TOP == 100
    assert mlp.band.split()[-1] == f"{mlp.points[0][0]:.1f},{BOTTOM - 94:.1f}"
    assert "CNN from 98.0\u00a0% to 49.0\u00a0%" in darkened.words


def test_reliability_has_a_point_for_each_tenth() -> None:
    """The least sure fifth was right half of the time."""
    shares = np.repeat([[0.6, 0.4], [0.9, 0.1]], [2, 8], axis=0)
    labels = np.array([0, 1] + [0] * 8)
    points = reliability(shares, labels)
    assert len(points) == 10
    assert sorted(points)[:2] == [(pytest.approx(0.6), 0.0), (pytest.approx(0.6), 1.0)]
    assert len(reliability(shares[:3], labels[:3])) == 3


def test_a_sheet_is_shrunk_to_a_tenth_of_its_file(tmp_path: Path) -> None:
    """A page of cats and dogs would have 4 MB of mistakes alone."""
    noise = np.random.default_rng(0).integers(100, 140, (200, 2200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "sheet.png")
    made = sheet(tmp_path / "sheet.png")
    assert (made["width"], made["height"]) == (1100, 100)
    assert len(made["data"]) < (tmp_path / "sheet.png").stat().st_size / 10
    with urlopen(made["data"]) as data:
        assert Image.open(BytesIO(data.read())).size == (1100, 100)


def test_a_network_without_mistakes_has_evidence_too(tmp_path: Path) -> None:
    """No confusions, no suspects."""
    Image.new("RGB", (10, 10)).save(tmp_path / "sheet.png")
    labels = [0, 1] * 10
    found = evidence(plant(labels, surely(labels, 2), surely(labels, 2), CLASSES), photos, tmp_path / "sheet.png")
    assert found["confusions"] == found["suspects"] == []
    assert found["suspected"] == 0


def test_classes_keep_their_names_and_empty_cells_are_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class may be called NA, or 007; one without test photos has no recall."""
    table = pd.DataFrame(
        {"label": ["NA", "007"], "recall": [0.5, 0.0], "precision": [np.nan, 0.5], "images": [4, 0], "model": "cnn"}
    )
    table.to_csv(tmp_path / "per_class.csv", index=False)
    monkeypatch.setattr(of_reports, "PER_CLASS", tmp_path / "per_class.csv")
    read = of_reports.read_per_class()
    assert read["label"].tolist() == ["NA", "007"]
    assert read["recall"].tolist()[0] == 0.5
    assert np.isnan([read["recall"][1], read["precision"][0]]).all()
    assert read["images"].tolist() == [4, 0]
