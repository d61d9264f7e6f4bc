"""Experiments outside the pipeline: shuffled pixels, depth, the learning-rate range test."""
