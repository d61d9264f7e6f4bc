"""How a CNN works, step by step, on the user's own photos and the network that was just trained."""
