"""Photos in the forms that programs hand over."""

import base64
from pathlib import Path

import pytest

from pixelproof.inference.given import given_photos
from tests.support.photos import encoded, picture

PNG = encoded(picture(), "PNG")
TEXT = base64.b64encode(PNG).decode()
LINES = base64.encodebytes(PNG).decode()


@pytest.mark.parametrize("item", [PNG, bytearray(PNG), memoryview(PNG), TEXT, LINES, f"data:image/png;base64,{TEXT}"])
def test_bytes_and_text_are_the_photo(item: object) -> None:
    """Each of these is what some client sends."""
    (photo,) = given_photos([item])
    assert photo.read() == PNG


def test_a_path_is_read_when_it_is_its_turn(tmp_path: Path) -> None:
    """Else a list of many photos would fill the memory."""
    path = tmp_path / "a photo.png"
    path.write_bytes(b"before")
    of_path, of_text = given_photos([path, str(path)])
    path.write_bytes(PNG)
    assert of_path.read() == of_text.read() == PNG
    assert of_path.name == of_text.name == str(path)


@pytest.mark.parametrize("item", ["nothere.jpg", "a" * 5000 + "!", "x\0y", None, 7, 1.5])
def test_what_is_no_photo_fails_when_it_is_read(item: object) -> None:
    """Else one bad entry would cost the answers to all others."""
    (photo,) = given_photos([item])
    with pytest.raises(OSError, match=r"base64|expected a path"):
        photo.read()
