"""From a folder of labelled photos to a convolutional network you can trust."""

import os

# These libraries contact servers as soon as they are imported or used, unasked.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DVC_NO_ANALYTICS", "1")
# Log messages of no use to a user; real errors are exceptions.
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
# TensorFlow's start-up messages about missing GPUs mean nothing to a user; real errors are exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
