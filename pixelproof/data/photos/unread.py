"""Formats of pictures that are not read: how a file shows its own, and what to do with it."""

import re

from pixelproof.data.photos.jpeg_segments import frame_header

CONVERT = "save it as JPEG or PNG"
HEIC = f"HEIC, as iPhones write it: install the extra `heic` (docs/ingest.md says how), or {CONVERT}"
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
BRANDS = {  # of the ISO base media file format (ISO/IEC 14496-12), at byte 8
    b"crx ": "Canon's raw format CR3",
    b"qt  ": "a QuickTime film",
    **dict.fromkeys((b"isom", b"iso2", b"mp41", b"mp42", b"avc1", b"M4V ", b"3gp4", b"3gp5"), "an MP4 film"),
}
SIGNATURES = [
    (rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (rb"8BP[SB]", "Photoshop's PSD"),
    (rb"%PDF-", "PDF"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "PostScript"),
    (rb"\0\0[\x01\x02]\0[\x01-\x40]\0", "a Windows icon (ICO)"),
    (rb"icns", "an icon of macOS (ICNS)"),
    (rb"v/1\x01", "OpenEXR"),
    (rb"#\?(RADIANCE|RGBE)", "Radiance HDR"),
    (rb"(?s).{128}DICM", "DICOM"),
    (rb"SIMPLE  =", "FITS"),
    (rb"II\xbc\x01|II\xbc\x00", "JPEG XR"),
    (rb"FUJIFILMCCD-RAW", "Fujifilm's raw format RAF"),
    (rb"II(RO|RS|U\0)", "a camera's raw format"),
    (rb"(?s)II\*\0.{4}CR\x02", "Canon's raw format CR2"),
    (rb"gimp xcf", "GIMP's XCF"),
    (rb"MM\0\+", "BigTIFF with the highest byte first"),
    (rb"qoif", "QOI"),
    (rb"DDS ", "DDS"),
    (rb"BPG\xfb", "BPG"),
    (rb"\x8aMNG", "MNG"),
    (rb"AT&TFORM", "DjVu"),
    (rb"(?s)(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]", "SVG"),
]
KNOWN = [(re.compile(pattern), name) for pattern, name in SIGNATURES]
BEGINNING = 4096  # bytes in which a format shows itself


def name_unread(data: bytes) -> str | None:
    """Return the name of a format that is known but not read, and what to do; None for any other bytes."""
    if data[4:8] == b"ftyp":
        return _media(data)
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    name = next((name for pattern, name in KNOWN if pattern.match(data[:BEGINNING])), None)
    return name and f"{name}: {CONVERT}"


def _media(data: bytes) -> str | None:
    size = min(int.from_bytes(data[:4], "big"), BEGINNING)
    compatible = {data[at : at + 4] for at in range(16, size, 4)}
    if data[8:12] in HEIC_BRANDS and not compatible & {b"avif", b"avis"}:
        return HEIC
    film = BRANDS.get(data[8:12])
    return film and f"{film}: {CONVERT if 'raw' in film else 'save single pictures of it as JPEG or PNG'}"


def _jpeg(data: bytes) -> str | None:
    """Name the kinds of JPEG that few programs read, by their frame header (ITU-T T.81, B.2.2)."""
    marker, precision = frame_header(data)
    if marker in (0xC3, 0xC7, 0xCB, 0xCF):
        return f"lossless JPEG: {CONVERT} of the usual kind"
    if marker == 0xF7:
        return f"JPEG-LS: {CONVERT} of the usual kind"
    if precision not in (None, 8):
        return f"JPEG of {precision} bits: save it as JPEG of 8 bits, or as PNG"
    return None
