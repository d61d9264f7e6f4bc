"""Sheets of pictures with words: PNG files laid out in rows."""
