"""The photos' own faults: labels that look wrong, near copies in two classes, bad pictures, and odd ones out."""
