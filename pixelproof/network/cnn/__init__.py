"""The CNN in Keras: building, training steps, saving and loading."""
