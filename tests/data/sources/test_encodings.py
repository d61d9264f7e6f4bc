"""Names of which nobody says how they are encoded, read as what they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.data.sources.encodings import FALLBACK, decode_names

# A few words of each language's everyday class names, in the encodings that its Windows writes.
NAMES = {
    "cp932": [
        ["猫", "犬"],
        ["テスト", "ソファ", "表", "予約"],
        ["りんご", "みかん"],
        ["ﾃｽﾄ", "ｶﾀｶﾅ"],
        ["東京", "大阪"],
    ],
    "gbk": [["猫", "狗"], ["苹果", "香蕉"], ["正常", "异常"], ["照片", "汽车"]],
    "big5": [["貓", "狗"], ["蘋果", "香蕉"], ["正常", "異常", "照片"]],
    "cp949": [["고양이", "개"], ["사과", "바나나"], ["빨강", "노랑", "쓰레기", "흰색"]],
    "cp866": [["кошки", "собаки"], ["Кошка", "Собака"]],
    "cp1251": [["кошки", "собаки"], ["Кошка", "Собака"]],
    "cp437": [["Café", "Käse"], ["Bär", "Wolf"], ["Müller", "Jäger"], ["niño"], ["Größe"]],
    "cp850": [["São Paulo"], ["Åse", "Øl"], ["forêt", "océan"], ["maçã", "pão"]],
    "cp1252": [["Café", "Käse"], ["Bär", "Wolf"], ["São Paulo"], ["Größe"], ["Åse", "Øl"], ["maçã", "pão"]],
}
CASES = [(encoding, names) for encoding, sets in NAMES.items() for names in sets]


@pytest.mark.parametrize(("encoding", "names"), CASES)
def test_names_in_a_countrys_encoding_are_read(encoding: str, names: list[str]) -> None:
    """Else classes would be called by signs and boxes."""
    paths = [f"{name}/IMG_{number}.jpg" for name in names for number in range(3)]
    assert decode_names([path.encode(encoding) for path in paths])[0] == paths


@pytest.mark.parametrize("names", [names for _, names in CASES])
def test_names_in_utf8_are_read_as_such(names: list[str]) -> None:
    """Else an archive of macOS, or of most programs, would be misread."""
    assert decode_names([name.encode() for name in names]) == (names, "utf-8")


def test_a_name_that_is_utf8_by_chance_does_not_decide() -> None:
    """Else 猫, whose two bytes in GBK are an è in UTF-8, would be read so beside 狗, which cannot be."""
    assert "猫".encode("gbk").decode() == "è"
    assert decode_names(["猫/1.jpg".encode("gbk"), "狗/1.jpg".encode("gbk")]) == (["猫/1.jpg", "狗/1.jpg"], "gbk")


@pytest.mark.parametrize("names", [[b"\xff\xfe\x01", b"a\xb0\xb1"], [bytes([byte]) for byte in range(128, 256)]])
def test_what_looks_like_no_word_is_read_as_the_format_says(names: list[bytes]) -> None:
    """Else rubbish would be given out as some language."""
    assert decode_names(names) == ([name.decode(FALLBACK) for name in names], FALLBACK)


@given(names=st.lists(st.binary(max_size=12), max_size=6), order=st.randoms(use_true_random=False))
def test_any_bytes_are_read_whatever_their_order(names: list[bytes], order: object) -> None:
    """Else one strange name would end the run, or its names would depend on the order of an archive."""
    decoded, encoding = decode_names(names)
    assert decoded == [name.decode(encoding) for name in names]
    shuffled = list(names)
    order.shuffle(shuffled)
    assert decode_names(shuffled)[1] == encoding


def test_many_names_take_no_longer_than_a_few() -> None:
    """Else a million photos would be weighed name by name; what the first thousand folders say, the others do."""
    names = [f"猫/{number}の写真.jpg".encode("cp932") for number in range(20_000)]
    assert decode_names(names)[1] == "cp932"
