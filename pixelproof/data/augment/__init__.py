"""Augmented views of the training images: written before training, or drawn during it."""
