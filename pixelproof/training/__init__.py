"""Training of both models: batches, loop, checkpoints."""
