"""Images of one size, and which part each belongs to: what a training and an evaluation read."""
