"""MLflow's model registry and DVC's: which model is the champion, and why."""
