from base64 import b64decode
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixelproof.explain.page.page import TEMPLATES, number, picture, script


def test_modules_become_one_script_each_in_its_own_scope(tmp_path: Path) -> None:
    """A page opened from a file can load no other; two modules may use one name for different things."""
    (tmp_path / "b.js").write_text("export const two = 2;\nconst one = 1;\n")
    (tmp_path / "page.js").write_text('import { two } from "./b.js";\nconst one = two;\nexport function* three() {}\n')
    made = script(tmp_path)
    assert made.index('modules["b.js"]') < made.index('modules["page.js"]')
    assert 'const { two } = modules["b.js"];' in made
    assert "return { three };" in made
    assert "import " not in made
    assert "export " not in made


def test_every_script_file_is_part_of_the_page() -> None:
    """A file that nothing imports would be dead code."""
    made = script(TEMPLATES / "js") + script(TEMPLATES / "js", "alone.js")
    assert [path.name for path in (TEMPLATES / "js").glob("*.js") if f'modules["{path.name}"] =' not in made] == []


def test_a_photo_is_embedded_bit_by_bit() -> None:
    """The page shows pixels, so they must not be compressed with losses."""
    photo = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    data = b64decode(picture(photo).removeprefix("data:image/png;base64,"))
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(data))), photo)


def test_a_large_photo_is_shrunk_by_a_whole_number() -> None:
    """Hundreds of photos of 300 pixels would make the page too large; the mean of each block is what is left."""
    photo = np.repeat(np.arange(0, 250, 50, dtype=np.uint8), 2)[np.newaxis, :, np.newaxis].repeat(4, 0)
    data = b64decode(picture(photo, 5).removeprefix("data:image/png;base64,"))
    assert np.asarray(Image.open(BytesIO(data))).tolist() == [[0, 50, 100, 150, 200]] * 2


def test_a_signed_map_is_white_at_zero_blue_below_and_orange_above() -> None:
    """The legend on the page says so."""
    data = b64decode(picture(np.array([[-1.0, 0.0, 1.0]])).removeprefix("data:image/png;base64,"))
    below, zero, above = np.asarray(Image.open(BytesIO(data)))[0].astype(int)
    assert below[2] > below[0]
    assert zero.min() == zero.max()
    assert above[0] > above[2]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (219801, "219,801"),
        (0.98765432, "0.9877"),
        (-3, "−3"),
        (0.04, "0.04"),
        (1173.2, "1,173"),
        (255, "255"),
        (0, "0"),
    ],
)
def test_numbers_are_written_as_people_write_them(value: float, text: str) -> None:
    """219801 is hard to read, and so are 17 digits."""
    assert number(value) == text
