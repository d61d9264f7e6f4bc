"""scikit-learn's MLP, trained on the CNN's batches."""
