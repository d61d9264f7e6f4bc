"""What MLflow is told about a training."""
