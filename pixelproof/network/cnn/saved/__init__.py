"""The saved CNN: loading, comparison with its plan, prediction."""
