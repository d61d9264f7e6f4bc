"""Images of one size, and which part each belongs to: what training and evaluation read."""
