"""The paths of the pipeline's files, relative to the project's folder; dvc.yaml has the same ones."""

import os
from pathlib import Path

WORK = Path(".work")  # unfinished work of stages; not an output
NATIVE_OUTPUT = WORK / "native"  # what TensorFlow says of itself, a file for each stage
DOWNLOADS = WORK / "downloads"  # of interrupted transfers, which continue from here
RAW = Path("data/raw")
INGESTED = Path("data/ingested")
MANIFEST = INGESTED / "manifest.parquet"
QUARANTINE = Path("reports/quarantine.csv")
QUARANTINE_SHEET = Path("reports/quarantine.png")
INGEST_PICTURES = Path("reports/ingest")
INGEST_REPORT = Path("reports/ingest.json")
DUPLICATES = Path("reports/duplicates.png")
PLAN = Path("reports/plan")
RESIZED = Path("data/resized")
SPLITS = Path("data/splits.csv")
SPLIT_COUNTS = Path("reports/split.csv")
SPLIT_REPORT = Path("reports/split.json")
SPLIT_CHANGES = Path("reports/split-changes.json")
AUGMENTED = Path("data/augmented")
AUGMENT_DESCRIPTION = AUGMENTED / "augment.json"
AUGMENT_SHEET = Path("reports/augment.png")
MODELS = Path("models")
MLFLOW_MODEL = "mlflow"  # in models/<model>: MLflow's folder of it
KERAS_MODEL = Path("mlflow/data/model.keras")  # in models/cnn; MLflow's folder holds the one copy of the network
SKOPS_MODEL = Path("mlflow/model.skops")  # in models/mlp
SNAPSHOTS = Path("data/snapshots")  # <model>.npz: the weights of a few epochs
FILTERS = Path("models/cnn/filters.npz")  # of the first convolution, before and after the training
PREPROCESSING = "preprocessing.json"  # in MLflow's folder of a model: how photos become its images
METRICS = Path("reports/metrics.json")
PER_CLASS = Path("reports/per_class.csv")
PREDICTED = Path(
    "data/predicted"
)  # <model>/: predictions for the test and validation part; of the CNN also a trace of its layers
ANSWERS = "answers.parquet"
VALID_ANSWERS = "valid.parquet"  # to the validation part
ROBUSTNESS_ANSWERS = "robustness.parquet"  # to corrupted images of the test part
MISTAKES = "mistakes.png"
TRACE = "trace.npz"
EXCITED = "excited.npz"  # which test photos excite each map of the CNN
LEARNED = "learned.npz"  # the weights of a few epochs of the CNN, by layer
FEATURES = "features.npz"  # of the CNN: train (a sample), valid and test, in the order of their tables
UNCERTAINTY = Path("reports/uncertainty.json")
PREDICTIONS = Path("reports/predictions.parquet")
PLOTS = Path("reports/plots")
SUSPECTS = Path("reports/suspects.csv")
MODEL_CARD = Path("reports/model-card.md")
EXPERIMENTS = Path("reports/experiments")
SHUFFLE = EXPERIMENTS / "shuffle"
DEPTH = EXPERIMENTS / "depth"
BASELINES = EXPERIMENTS / "baselines"
EXPLAIN_PAGE = Path("reports/index.html")
EXPLAIN_PICTURES = Path("reports/explain")
RUNS = Path("reports/runs")  # pictures that stages add to MLflow's runs: <model>/ by evaluate, explain/ by explain
RECORDS = Path("reports/records")  # of this commit's runs, for Git: <model>.json, evaluated.json, explained.json
VALIDATION = Path("reports/valid")  # <model>.json: what the best epoch reached on the validation part


def project_root() -> Path:
    """Return the project's folder: under `dvc exp run --temp` or `--queue` the one it was started from."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()
