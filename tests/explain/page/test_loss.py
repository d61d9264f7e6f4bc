from math import log, log1p

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.explain.page.loss import plain, written_loss


@given(st.floats(1e-7, 1))
def test_the_loss_is_true_as_printed(probability: float) -> None:
    """`−ln 0.99999 = 0.000014641` is false; the logarithm of what is printed must be what is printed."""
    written = written_loss(probability)
    lacking = written.probability.removeprefix("(1 − ").removesuffix(")")
    printed = -log1p(-float(lacking)) if lacking != written.probability else -log(float(lacking))
    assert float(written.loss) == pytest.approx(printed, rel=5.1e-5, abs=1e-12)
    assert float(written.loss) == pytest.approx(-log(probability), rel=1e-3, abs=1e-9)


@pytest.mark.parametrize(
    ("probability", "text", "loss"),
    [(0.99998536, "(1 − 0.00001464)", "0.00001464"), (1, "1", "0"), (0, "0.0000001", "16.118")],
)
def test_probabilities_near_the_ends_are_written_in_full(probability: float, text: str, loss: str) -> None:
    """There rounding does the most harm."""
    written = written_loss(probability)
    assert (written.probability, written.loss) == (text, loss)


def test_numbers_are_written_without_exponent() -> None:
    """1.4e-05 is a computer's way to write."""
    assert [plain(value) for value in (0, 0.25, 12, 1.4641e-5, 123456.7)] == [
        "0",
        "0.25",
        "12",
        "0.000014641",
        "123457",
    ]
