"""The MLP: scikit-learn's, trained on the CNN's batches."""
