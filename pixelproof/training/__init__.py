"""How both models are trained: the batches and the loop."""
