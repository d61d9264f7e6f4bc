"""What a JPEG file says before its pixels: segments of the camera, the frame's kind, the colour profile."""

import re
from collections.abc import Iterator

SCAN, END = 0xDA, 0xD9
EXIF, PROFILE = b"Exif\0\0", b"ICC_PROFILE\0"
# EXIF's InteroperabilityIndex "R03": DCF cameras say with it, and with no profile, that colours are Adobe RGB.
ADOBE_RGB = (b"\1\0\2\0\4\0\0\0R03\0", b"\0\1\0\2\0\0\0\4R03\0")
SCAN_OR_SEGMENT = re.compile(rb"\xff[\xda\xe1-\xef]")
NEEDED = {0xE0, 0xE1, 0xE2, 0xEE}  # JFIF, EXIF, profile, Adobe's colour transform


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, start, end) of each segment before the first scan; its content is data[start:end]."""
    at, size = 2, len(data)
    while at + 4 <= size:
        if data[at] != 0xFF:
            at = data.find(b"\xff", at)  # junk between segments, which decoders pass over
            if at < 0:
                return
            continue
        marker = data[at + 1]
        if marker in (0xFF, 0x00, 0x01) or 0xD0 <= marker <= 0xD8:  # padding, and markers without content
            at += 1 if marker == 0xFF else 2
            continue
        if marker in (SCAN, END):
            return
        end = at + 2 + (data[at + 2] << 8 | data[at + 3])
        yield marker, at + 4, end
        at = end


def frame_header(data: bytes) -> tuple[int | None, int | None]:
    """Return the marker of the frame, which tells its coding, and the bits of a sample; None where there is none."""
    for marker, start, end in segments(data):
        if (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)) or marker == 0xF7:
            return marker, data[start] if start < min(end, len(data)) else None
    return None, None


def profile_segments(data: bytes) -> tuple[bytes | None, bool]:
    """Return the embedded colour profile, None without one, and whether EXIF says Adobe RGB."""
    first = SCAN_OR_SEGMENT.search(data, 2)
    if first and first[0][1] == SCAN:  # no camera or program has left anything: most photos of the web
        return None, False
    parts: dict[int, bytes] = {}
    adobe = False
    for marker, start, end in segments(data):
        if marker == 0xE2 and data.startswith(PROFILE, start):
            parts.setdefault(data[start + 12] if start + 12 < len(data) else 0, data[start + 14 : end])
        elif marker == 0xE1 and data.startswith(EXIF, start):
            adobe = any(data.find(pattern, start, end) >= 0 for pattern in ADOBE_RGB)
    return b"".join(parts[number] for number in sorted(parts)) if parts else None, adobe


def without_side_segments(data: bytes) -> bytes | None:
    """Return a JPEG without comments and programs' own segments; None for other bytes, or if there are none."""
    if data[:2] != b"\xff\xd8":
        return None
    kept, at, dropped = [], 0, False
    for marker, start, end in segments(data):
        if (0xE0 <= marker <= 0xEF or marker == 0xFE) and not _is_needed(marker, data, start):
            kept.append(data[at : start - 4])
            at, dropped = end, True
    return b"".join([*kept, data[at:]]) if dropped else None


def _is_needed(marker: int, data: bytes, start: int) -> bool:
    if marker == 0xE1:
        return data.startswith(EXIF, start)
    return marker in NEEDED and (marker != 0xE2 or data.startswith(PROFILE, start))
