import pytest

from pixelproof.data.ingest.facts import Facts
from pixelproof.data.ingest.notes import notes


def facts(**changes: object) -> Facts:
    usual = {"format": "JPEG", "mode": "RGB", "width": 40, "height": 30, "orientation": 1, "frames": 1}
    return Facts(**(usual | {"transparent": False, "pixels_sha256": ""} | changes))


@pytest.mark.parametrize("path", ["cats/1.jpg", "cats/1.JPG", "cats/1.jpeg"])
def test_an_ordinary_photo_needs_no_note(path: str) -> None:
    """A note on every photo would be read on none."""
    assert notes(path, facts()) == []


@pytest.mark.parametrize(
    ("path", "changes", "note"),
    [
        ("cats/1.png", {}, "wrong suffix: JPEG"),
        ("cats/1.jpg", {"format": "PNG"}, "wrong suffix: PNG"),
        ("cats/1", {}, "no suffix: JPEG"),
        ("cats/1.jpg", {"mode": "CMYK"}, "CMYK"),
        ("cats/1.jpg", {"mode": "L"}, "greyscale"),
        ("cats/1.gif", {"format": "GIF", "mode": "P"}, "palette"),
        ("cats/1.png", {"format": "PNG", "remarks": ["more than 8 bits, scaled"]}, "more than 8 bits, scaled"),
        ("cats/1.gif", {"format": "GIF", "frames": 7}, "first of 7 frames"),
        ("cats/1.jpg", {"format": "MPO", "frames": 2}, "first of 2 frames"),
        ("cats/1.png", {"format": "PNG", "transparent": True}, "transparent, over RGB (255, 255, 255)"),
        ("cats/1.jpg", {"orientation": 6}, "turned upright (EXIF 6)"),
        ("my cats/1.jpg", {}, "spaces or letters beyond ASCII in its path"),
        ("cats/é.jpg", {}, "spaces or letters beyond ASCII in its path"),
    ],
)
def test_what_is_unusual_is_said_in_one_note(path: str, changes: dict[str, object], note: str) -> None:
    """A person who looks for trouble begins with the notes."""
    assert notes(path, facts(**changes)) == [note]
