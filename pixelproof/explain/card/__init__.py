"""The model card: what the CNN is for, how it was made, how good it is and where it fails, on one page of text."""
