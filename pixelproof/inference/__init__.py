"""A trained model used: photo files in, answers out, by the pipeline's own decoding and resizing.

Runs without the rest of the project too: each saved model carries a copy of this room and of those below it.
"""
