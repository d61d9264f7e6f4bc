"""Where each stage's files are, below the project's folder; dvc.yaml names the same."""

from pathlib import Path

DOWNLOADS = Path(".work/downloads")  # not an output: a transfer that broke off is continued from here
RAW = Path("data/raw")
INGESTED = Path("data/ingested")
MANIFEST = INGESTED / "manifest.parquet"
QUARANTINE = Path("reports/quarantine.csv")
INGEST_REPORT = Path("reports/ingest.json")
PLAN = Path("reports/plan")
RESIZED = Path("data/resized")
SPLITS = Path("data/splits.csv")
SPLIT_REPORT = Path("reports/split.json")
AUGMENTED = Path("data/augmented")
AUGMENT_SHEET = Path("reports/augment.png")
MODELS = Path("models")
METRICS = Path("reports/metrics.json")
PER_CLASS = Path("reports/per_class.csv")
PREDICTIONS = Path("reports/predictions.parquet")
PLOTS = Path("reports/plots")
EXPLAIN_PAGE = Path("reports/index.html")
EXPLAIN_PICTURES = Path("reports/explain")
