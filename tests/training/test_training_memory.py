"""How much memory a training takes."""

from pathlib import Path

import pytest

from benchmarks.training_memory import peak, write_noise

pytestmark = pytest.mark.slow

SIDE = 96
MANY = 20_000  # 553 MB, several times what the program itself takes


@pytest.mark.parametrize("fresh", [False, True])
def test_a_training_takes_no_more_memory_for_more_photos(tmp_path: Path, fresh: bool) -> None:
    """Else a set of photos that is larger than the machine's memory could not be trained on."""
    for photos in (200, MANY):
        write_noise(tmp_path / str(photos), photos, SIDE)
    few, many = (peak(tmp_path / str(photos), 6, "mlp", fresh=fresh) for photos in (200, MANY))
    assert many - few < MANY * SIDE**2 * 3 / 4  # a quarter of the images
