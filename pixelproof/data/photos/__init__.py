"""Bytes of an image file to pixels: opening, colour modes, decoding."""
