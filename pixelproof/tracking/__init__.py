"""Runs: recorded in files, delivered to MLflow, found again, compared and registered."""
