"""Sweeps: many training runs with different params, chosen by the results of earlier ones."""
