"""File names of which nobody says how they are encoded: which of the encodings of people's computers fits them."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

# In order: of equals, the first is taken. The multi-byte ones are Windows' for Japan, China, Korea and Taiwan.
MULTI_BYTE = ("cp932", "gbk", "cp949", "big5")
# What DOS and Windows write in western and central Europe, in Russian and in Greek.
SINGLE_BYTE = ("cp437", "cp850", "cp1252", "cp866", "cp1251", "cp852", "cp1250", "cp737", "cp1253")
FALLBACK = "cp437"  # what the zip format says; it gives every byte a character of its own
SAMPLE = 1000  # parts of paths that are looked at; the others say the same
CONVINCING = 0.6  # of 1, the mean over the characters beyond ASCII
PLAIN_HANGUL = 1.2  # most Korean text is valid Chinese, too; Chinese that reads as plain Korean is rare
PLAIN_INITIALS, PLAIN_VOWELS, PLAIN_FINALS = "ᄀᄂᄃᄅᄆᄇᄉᄋᄌᄎᄏᄐᄑᄒ", "ᅡᅢᅣᅥᅦᅧᅩᅪᅬᅭᅮᅯᅱᅲᅳᅴᅵ", "ᆨᆫᆯᆷᆸᆺᆼ"
FREQUENT_LATIN = frozenset("äöüßéèêçñáíóúàâôîãåøæ")
LESS_FREQUENT_LATIN = frozenset("ëïõìòùûœąćęłńśźżčďěňřšťůýžőű")
WORDS = re.compile(r"[^\W\d_]+")  # runs of letters
# The lead bytes of the characters that a language uses, by the standard behind its encoding. The rest is rare.
FREQUENT_LEADS = {
    "cp932": (range(0x81, 0x99),),  # JIS X 0208: kana, and kanji of level 1
    "gbk": (range(0xB0, 0xD8),),  # GB 2312: hanzi of level 1; their second byte has its high bit set
    "big5": (range(0xA4, 0xC7),),  # hanzi of level 1
    "cp949": (range(0xB0, 0xC9),),  # KS X 1001: hangul; their second byte has its high bit set
}


def decode_names(names: Sequence[bytes]) -> tuple[list[str], str]:
    """Decode names that one program wrote; return them, and the name of the encoding.

    It is UTF-8 if they all are valid UTF-8: text in other encodings hardly ever is. Else it is the encoding in which
    they look most like words, or FALLBACK where they do in none.
    """
    encoding = "utf-8" if _decoded(names, "utf-8") is not None else _guess(names)
    return [name.decode(encoding) for name in names], encoding


def _guess(names: Sequence[bytes]) -> str:
    pieces = {piece for name in names for piece in name.split(b"/") if not piece.isascii()}
    sample = sorted(pieces)[:SAMPLE]
    scores = {encoding: _score(sample, encoding) for encoding in (*MULTI_BYTE, *SINGLE_BYTE)}
    likely = [encoding for encoding in scores if scores[encoding] >= CONVINCING]
    likely.sort(key=lambda encoding: -scores[encoding])
    return next((encoding for encoding in likely if _decoded(names, encoding) is not None), FALLBACK)


def _decoded(names: Sequence[bytes], encoding: str) -> list[str] | None:
    try:
        return [name.decode(encoding) for name in names]
    except UnicodeDecodeError:
        return None


def _score(names: Sequence[bytes], encoding: str) -> float:
    """Return how much the names look like words in an encoding: about 1 for frequent letters, below 0 for signs."""
    texts = _decoded(names, encoding)
    if texts is None:
        return -1.0
    judge = _multi_byte if encoding in MULTI_BYTE else _single_byte
    points = [point for text in texts for point in judge(text, encoding)]
    return sum(points) / len(points)


def _multi_byte(text: str, encoding: str) -> Iterator[float]:
    for place, character in enumerate(text):
        if not character.isascii():
            beside = text[max(place - 1, 0) : place] + text[place + 1 : place + 2]
            in_word = any(other.isascii() and other.isalpha() for other in beside)  # as where an ä was misread
            yield _frequency(character, encoding) - 0.8 * in_word


def _frequency(character: str, encoding: str) -> float:
    raw = character.encode(encoding)
    if len(raw) == 1:
        return 0.6  # half-width kana
    if unicodedata.category(character).startswith("P"):
        return 0.8
    frequent = any(raw[0] in leads for leads in FREQUENT_LEADS[encoding])
    if encoding in ("gbk", "cp949"):
        frequent = frequent and raw[1] > 0xA0
    if encoding == "cp949":
        return (PLAIN_HANGUL if _is_plain_hangul(character) else 0.5) if frequent else -1.0
    return 1.0 if frequent else -0.5


def _is_plain_hangul(character: str) -> bool:
    """Tell whether a syllable is made as most are: a plain consonant, a vowel, at most one plain consonant."""
    consonant, vowel, *end = list(unicodedata.normalize("NFD", character).ljust(2))
    return consonant in PLAIN_INITIALS and vowel in PLAIN_VOWELS and all(final in PLAIN_FINALS for final in end)


def _single_byte(text: str, encoding: str) -> Iterator[float]:
    letters = 0
    for word in WORDS.findall(text):
        foreign = [character for character in word if not character.isascii()]
        letters += len(foreign)
        for character in foreign:
            yield _letter(character, word, len(foreign))
    others = sum(not character.isascii() for character in text) - letters
    yield from [-1.0] * others  # lines, boxes, signs


def _letter(character: str, word: str, foreign: int) -> float:
    script = unicodedata.name(character).split()[0]
    if script != "LATIN":
        alone = all(unicodedata.name(other).split()[0] == script for other in word)
        return 0.9 if alone and _cased(word) else -1.0
    if not _cased(word) or foreign == len(word) > 1:  # Latin words have ASCII letters, too
        return -1.0
    lower = character.lower()
    return 1.0 if lower in FREQUENT_LATIN else 0.7 if lower in LESS_FREQUENT_LATIN else 0.0


def _cased(word: str) -> bool:
    return word.islower() or word.isupper() or word.istitle() or word.lower() == word.upper()
