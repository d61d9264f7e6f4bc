"""MLflow's store: where it is, what it says when it refuses, which columns and pages it shows."""
