"""How both models are trained: the batches they are fed and the loop around them."""
