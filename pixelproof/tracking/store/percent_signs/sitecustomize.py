"""What Python imports first where this folder is in PYTHONPATH, as for MLflow's server."""

from pixelproof.tracking.store.percent_signs import allow_percent_signs

allow_percent_signs()
