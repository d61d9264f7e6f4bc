import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.data.sheets.lettering import CUT, MISSING, Font

FONT = Font(11)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)


@given(TEXTS, st.integers(20, 300))
def test_any_name_fits_its_place(text: str, width: int) -> None:
    """Else the name of one tile would run into the next one's, or a strange character would stop ingest."""
    assert FONT.width(FONT.shortened(text, width)) <= width


@given(TEXTS)
def test_a_name_that_fits_stays_whole(text: str) -> None:
    """Else short names would lose letters for nothing."""
    drawable = FONT.drawable(text)
    assert FONT.shortened(text, FONT.width(drawable)) == drawable


def test_a_long_name_keeps_both_ends_and_as_much_as_fits() -> None:
    """Else names that differ in their last number would look the same."""
    name = "IMG_20231104_from_a_phone_with_a_long_name_0001.jpg"
    short = FONT.shortened(name, 120)
    head, tail = short.split(CUT)
    assert name.startswith(head)
    assert name.endswith(tail)
    assert len(head) - len(tail) in (0, 1)
    one_more = name[: len(head) + 1] + CUT + tail if len(head) == len(tail) else head + CUT + name[-len(tail) - 1 :]
    assert FONT.width(one_more) > 120


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("猫の写真.jpg", MISSING * 4 + ".jpg"),
        ("고양이", MISSING * 3),
        ("tab\tand\nnew line\0", f"tab{MISSING}and{MISSING}new line{MISSING}"),
        ("Ёлки éü ñ ß Ωμέγα", "Ёлки éü ñ ß Ωμέγα"),
        ("e\u0301", "\u00e9"),  # as macOS writes file names
        ("\udcff", MISSING),  # a byte that is no UTF-8, as Python reads it
        ("", ""),
    ],
)
def test_what_the_font_lacks_is_shown_as_such(text: str, drawn: str) -> None:
    """Else a character would vanish without a trace, or break a line in two."""
    assert FONT.drawable(text) == drawn


def test_arabic_and_hebrew_are_drawn_without_a_word_of_warning() -> None:
    """Else names in these scripts would stop ingest; they take another layout engine."""
    assert FONT.drawing("قطط") is not FONT.drawing("cats")
    assert 0 < FONT.width(FONT.shortened("صور القطط الجميلة " * 5, 100)) <= 100
    assert FONT.drawable("חתולים") == "חתולים"


@given(TEXTS, st.integers(1, 4))
def test_wrapped_lines_fit_and_are_no_more_than_asked_for(text: str, lines: int) -> None:
    """Else a long reason would run over the tile below."""
    wrapped = FONT.wrapped(text, 90, lines)
    assert len(wrapped) <= lines
    assert all(FONT.width(line) <= 90 for line in wrapped)


def test_words_are_kept_whole_and_in_order() -> None:
    """Else a reason could not be read."""
    reason = "no known image format; the file begins with something else"
    assert " ".join(FONT.wrapped(reason, 150, 9)) == reason
    assert len(FONT.wrapped(reason, 150, 9)) > 1
    first, last = FONT.wrapped(reason, 150, 2)
    assert reason.startswith(first + " ")
    assert CUT in last
    assert last.endswith("else")
