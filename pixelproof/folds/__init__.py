"""`pixelproof folds`: a training for each fold of the photos, and what they say together."""
