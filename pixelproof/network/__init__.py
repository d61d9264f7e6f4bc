"""The networks: the layers' arithmetic (pure Python), the Keras CNN, the scikit-learn MLP."""
