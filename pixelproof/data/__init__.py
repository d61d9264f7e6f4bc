"""Photos to arrays: listing, decoding, duplicates, the image store, splits, augmentation."""
