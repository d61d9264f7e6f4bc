"""From a folder of labelled photos to a convolutional network you can trust."""

import os

# These libraries call out to the network as soon as they are imported or used; nobody asked them to.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DVC_NO_ANALYTICS", "1")
# Notes of no use to a user; what goes wrong is an exception.
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
# TensorFlow's start-up notes about absent GPUs say nothing to a user; real errors are Python exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
