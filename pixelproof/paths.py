"""Where each stage's files are, below the project's folder; dvc.yaml names the same."""

from pathlib import Path

WORK = Path(".work")  # not an output: work that a stage has begun
DOWNLOADS = WORK / "downloads"  # a transfer that broke off is continued from here
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
METRICS = Path("reports/metrics.json")
PER_CLASS = Path("reports/per_class.csv")
PREDICTED = Path(
    "data/predicted"
)  # <model>/: its answers to the test part, and of the CNN what each layer makes of some photos
ANSWERS = "answers.parquet"
TRACE = "trace.npz"
PREDICTIONS = Path("reports/predictions.parquet")
PLOTS = Path("reports/plots")
SHUFFLE = Path("reports/shuffle")
DEPTH = Path("reports/depth")
EXPLAIN_PAGE = Path("reports/index.html")
EXPLAIN_PICTURES = Path("reports/explain")
RUNS = Path("reports/runs")  # what stages add to MLflow's runs: <model>/ by evaluate, explain/ by explain
