"""ICC profiles made of a gamma and primaries, for files that give their colours in numbers.

The format is that of ICC.1:2010 (version 2.4), "three-component matrix-based"; white is adapted to D50 as Bradford's
matrix does (K. Lam, 1985), the one that ICC recommends.
"""

import struct
from functools import lru_cache

import numpy as np

Primaries = tuple[float, float, float, float, float, float, float, float]  # x and y of white, red, green, blue
SRGB: Primaries = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
ADOBE_RGB: Primaries = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
DISPLAY_P3: Primaries = (0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
HEADER = ">I4sI4s4s4s12s4s4sIII8sI3i4s44x"


@lru_cache(64)
def matrix_profile(name: str, primaries: Primaries, gamma: float | None) -> bytes | None:
    """Return a profile of RGB with these primaries and one gamma for all, or with the curve of sRGB.

    None for numbers that describe no colours.
    """
    try:
        columns = _colorants(primaries).T
        curve = _srgb_curve() if gamma is None else b"curv" + struct.pack(">xxxxIH", 1, round(gamma * 256))
    except (struct.error, ValueError, ZeroDivisionError, np.linalg.LinAlgError):
        return None
    text = name.encode("ascii", "replace")
    description = b"desc" + struct.pack(">xxxxI", len(text) + 1) + text + bytes(79)
    tags = {b"desc": description, b"cprt": b"text" + bytes(5), b"wtpt": _xyz(D50)}
    tags |= {key: _xyz(column) for key, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
    return _assembled(tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def _colorants(primaries: Primaries) -> np.ndarray:
    """Return the matrix from linear RGB to XYZ under D50."""
    pairs = zip(primaries[::2], primaries[1::2], strict=True)
    white, *colours = (np.array([x / y, 1, (1 - x - y) / y]) for x, y in pairs)
    matrix = np.stack(colours, 1)
    matrix = matrix * np.linalg.solve(matrix, white)
    gains = (BRADFORD @ D50) / (BRADFORD @ white)
    adapted: np.ndarray = np.linalg.inv(BRADFORD) @ np.diag(gains) @ BRADFORD @ matrix
    return adapted


def _srgb_curve() -> bytes:
    """Return the levels of light that sRGB's 1,024 steps stand for (IEC 61966-2-1)."""
    steps = np.linspace(0, 1, 1024)
    light = np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)
    return b"curv" + struct.pack(">xxxxI", len(steps)) + (light * 65535).round().astype(">u2").tobytes()


def _xyz(values: np.ndarray) -> bytes:
    return b"XYZ " + struct.pack(">xxxx3i", *(round(float(value) * 65536) for value in values))


def _assembled(tags: dict[bytes, bytes]) -> bytes:
    at = 128 + 4 + 12 * len(tags)
    table, content = struct.pack(">I", len(tags)), b""
    for key, value in tags.items():
        table += key + struct.pack(">II", at + len(content), len(value))
        content += value + bytes(-len(value) % 4)
    size = at + len(content)
    white = [round(float(value) * 65536) for value in D50]
    kind = (0x02400000, b"mntr", b"RGB ", b"XYZ ", bytes(12), b"acsp")
    return struct.pack(HEADER, size, b"", *kind, b"", 0, 0, 0, b"", 0, *white, b"") + table + content
