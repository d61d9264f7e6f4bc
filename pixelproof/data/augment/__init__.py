"""Altered views of the training images: written before the training, or drawn while it runs."""
