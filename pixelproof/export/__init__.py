"""Trained models for other programs: the files, how to use them, and the proof that they answer the same."""
