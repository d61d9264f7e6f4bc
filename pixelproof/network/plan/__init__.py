"""Both networks computed before anything is trained, and advice on them."""
