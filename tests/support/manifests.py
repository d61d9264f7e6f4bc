"""Manifests made for a test, as tables."""

import pandas as pd
from hypothesis import settings
from hypothesis import strategies as st

from pixelproof.params.split import Split

SHARES = st.floats(0.1, 0.3)


SEEDS = st.integers(0, 2**32 - 1)


# per class: the size of each of its groups of copies
CLASS_SIZES = st.lists(st.lists(st.integers(1, 2), min_size=25, max_size=35), min_size=1, max_size=3)


quick = settings(max_examples=12)


def stratified(valid: float = 0.2, test: float = 0.2) -> Split:
    return Split(method="stratified", valid_share=valid, test_share=test)


def table(classes: list[list[int]]) -> pd.DataFrame:
    rows = [
        (f"{label}/{group}-{copy}.jpg", str(label), f"{label}x{group}")
        for label, sizes in enumerate(classes)
        for group, size in enumerate(sizes)
        for copy in range(size)
    ]
    return pd.DataFrame(rows, columns=["id", "label", "group"])


def parts(splits: pd.DataFrame) -> dict[str, str]:
    return dict(zip(splits["id"], splits["part"], strict=True))
