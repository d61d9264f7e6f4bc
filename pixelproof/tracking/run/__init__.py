"""A run as files: its record, its name and description, where it comes from, its model in MLflow's format."""
