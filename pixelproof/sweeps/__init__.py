"""Sweeps: many trainings with other params, the next ones chosen by what the earlier ones reached."""
