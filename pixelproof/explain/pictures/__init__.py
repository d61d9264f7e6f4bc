"""Convolution, filters and pooling by hand, and sheets of pictures of them."""
