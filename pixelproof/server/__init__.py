"""`pixelproof serve`: a trained model answers photos over HTTP."""
