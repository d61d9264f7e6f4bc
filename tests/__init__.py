"""Tests; they mirror the library, and `support` is what they share."""
