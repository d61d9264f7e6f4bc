"""The CNN's layers as arithmetic: shapes, parameters, receptive fields. No Keras."""
