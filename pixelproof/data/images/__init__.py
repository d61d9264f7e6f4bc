"""Images of one size, and the part that each belongs to: the input of training and evaluation."""
