"""The CNN in Keras: built, trained step by step, saved and loaded."""
