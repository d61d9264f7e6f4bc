"""From photos to arrays: sources, decoding, duplicates, the image store, splits, augmentation."""
