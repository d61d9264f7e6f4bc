"""Both networks computed before training, with advice on them."""
