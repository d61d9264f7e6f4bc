"""What is trained: the layers and their arithmetic (pure Python), the Keras CNN, the scikit-learn MLP."""
