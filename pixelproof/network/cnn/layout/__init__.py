"""The arithmetic of the CNN's layers: shapes, parameters, receptive fields. No Keras."""
