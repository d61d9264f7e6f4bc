"""What the layers of the trained CNN make of some photos, as data that needs no Keras."""
