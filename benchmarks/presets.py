"""A preset trained with several seeds: test accuracies with mean and standard deviation, parameters, time.

    python -m benchmarks.presets NAME [--source FOLDER_OR_ARCHIVE] [--split METHOD] [--seeds 7 8 9] [--model mlp]

NAME is one of presets/, or `digits` for params.yaml. Runs all stages as `dvc repro` does, each as a process, in a
temporary project per seed; adds the results to benchmarks/presets.json and writes the table in docs/presets.md.
A seed that was measured with the same params is not measured again. `--model mlp` trains the MLP alone, and leaves the
CNN's results as they are: for a change of the section `mlp`, which changes nothing of those.
"""

import argparse
import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from benchmarks.project import preset_path, write_project
from benchmarks.run import HERE, describe_machine, fill_page
from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.files import read_json, write_json
from pixelproof.params.section import read_yaml

DATA = ("fetch", "ingest", "plan", "resize", "split", "augment")
STAGES = (*DATA, "train_cnn", "train_mlp", "predict_cnn", "predict_mlp", "evaluate")
OF_MLP = (*DATA, "train_mlp", "predict_mlp")
MODELS = {"cnn": "CNN", "mlp": "MLP"}
RESULTS = HERE / "presets.json"
BEGIN, END = "<!-- presets: python -m benchmarks.presets -->", "<!-- end of presets -->"
FIRST_MINUTES = 10


def run_stage(stage: str, project: Path) -> dict[str, float]:
    """Run a stage; return its minutes of elapsed time, and of processor time over all its processes."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", f"stages.{stage}"], cwd=project, env=environment())
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise UserError(f"stage {stage} failed; its message is above.")
    minutes = {"clock": time.perf_counter() - began, "processor": usage.ru_utime + usage.ru_stime}
    return {name: round(seconds / 60, 2) for name, seconds in minutes.items()}


def environment() -> dict[str, str]:
    """Return the environment without the variables of MLflow and DVC."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "DVC_"))}


def measure(preset: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Run the whole pipeline once."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        write_project(project, preset, changes)
        minutes = {stage: run_stage(stage, project) for stage in STAGES}
        metrics = read_json(project / "reports/metrics.json")
        return {model: {**_model_results(project, model, metrics), **minutes[f"train_{model}"]} for model in MODELS} | {
            "minutes": minutes
        }


def measure_mlp(preset: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Train the MLP alone, and let it answer the test part."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        write_project(project, preset, changes)
        minutes = {stage: run_stage(stage, project) for stage in OF_MLP}
        answers = pd.read_parquet(project / "data/predicted/mlp/answers.parquet")
        record = read_json(project / "models/mlp/run.json")
        metrics = {"mlp": {**record, "accuracy": float((answers["predicted"] == answers["label"]).mean())}}
        return {**_model_results(project, "mlp", metrics), **minutes["train_mlp"]}


def _model_results(project: Path, model: str, metrics: Mapping[str, Any]) -> dict[str, float]:
    history = pd.read_csv(project / f"models/{model}/history.csv")
    best = history.set_index("epoch").loc[metrics[model]["best_epoch"]]
    early = history[history["seconds"].cumsum() <= 60 * FIRST_MINUTES]
    return {
        "test_accuracy": metrics[model]["accuracy"],
        "valid_accuracy": float(best["valid_accuracy"]),
        f"valid_accuracy_of_{FIRST_MINUTES}_minutes": float(early["valid_accuracy"].max()) if len(early) else 0.0,
        "parameters": metrics[model]["parameters"],
        "best_epoch": metrics[model]["best_epoch"],
        "epochs": metrics[model]["epochs"],
    }


def markdown(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the table: a row per preset and model, means over the seeds and standard deviations between them."""
    lines = [
        "| preset | model | parameters | test accuracy | seeds | minutes of training |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for preset in dict.fromkeys(result["preset"] for result in results):
        runs = [result for result in results if result["preset"] == preset]
        for model, name in MODELS.items():
            table = pd.DataFrame([run[model] for run in runs])
            spread = f" ± {table['test_accuracy'].std():.4f}" if len(runs) > 1 else ""
            lines.append(
                f"| `{preset}` | {name} | {int(table['parameters'].iloc[0]):,} "
                f"| {table['test_accuracy'].mean():.4f}{spread} | {', '.join(str(run['seed']) for run in runs)} "
                f"| {table['clock'].mean():.1f} ({table['processor'].mean():.1f} of processor time) |"
            )
    machines = "; ".join(dict.fromkeys(result["machine"] for result in results))
    return f"{chr(10).join(lines)}\n\nMean and standard deviation over the seeds. Measured on {machines}.\n"


def measured_anew(results: Sequence[Mapping[str, Any]], preset: str, seed: int, made_of: str, mlp: Any) -> list[Any]:
    """Return the results with another MLP in those of a preset and a seed, which must be there."""
    return [
        {**one, "mlp": mlp, "mlp_made_of": made_of} if (one["preset"], one["seed"]) == (preset, seed) else one
        for one in results
    ]


def known(results: Sequence[Mapping[str, Any]], preset: str, seed: int) -> Mapping[str, Any] | None:
    return next((one for one in results if (one["preset"], one["seed"]) == (preset, seed)), None)


def remeasure_mlp(preset: str, changes: Mapping[str, Any], seeds: Sequence[int], made_of: str) -> list[Any]:
    """Measure the MLP of seeds whose CNN has been measured; return all results. Raises UserError for another seed."""
    results: list[Any] = read_json(RESULTS)
    for seed in seeds:
        before = known(results, preset, seed)
        if before is None:
            raise UserError(f"{preset}, seed {seed}: not in {RESULTS.name} yet. Measure both models first.")
        if before.get("mlp_made_of") == made_of:
            logging.info("%s, seed %d: measured already, see %s", preset, seed, RESULTS.name)
            continue
        results = measured_anew(results, preset, seed, made_of, measure_mlp(preset, {**changes, "seed": seed}))
        write_json(RESULTS, results)
    return results


def measure_both(preset: str, changes: Mapping[str, Any], seeds: Sequence[int], made_of: str) -> list[Any]:
    """Measure both models; return all results, without those of the preset as it was before."""
    results = read_json(RESULTS) if RESULTS.exists() else []
    results = [one for one in results if one["preset"] != preset or one["made_of"] == made_of]
    for seed in seeds:
        if known(results, preset, seed):
            logging.info("%s, seed %d: measured already, see %s", preset, seed, RESULTS.name)
            continue
        context = {"preset": preset, "seed": seed, "made_of": made_of, "machine": describe_machine()}
        results.append({**context, **measure(preset, {**changes, "seed": seed})})
        write_json(RESULTS, results)
    return results


def _hash(*made_of: object) -> str:
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:16]


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a preset with several seeds.")
    parser.add_argument("preset")
    parser.add_argument("--source", type=Path, help="instead of the preset's own ingest.source")
    parser.add_argument("--split", help="instead of the preset's own split.method")
    parser.add_argument("--seeds", nargs="+", type=int, default=[7, 8, 9])
    parser.add_argument("--model", choices=["mlp"], help="train this model alone; the CNN's results stay")
    arguments = parser.parse_args()
    if not preset_path(arguments.preset).is_file():
        raise UserError(f"{preset_path(arguments.preset)}: there is no such preset; `pixelproof preset` lists them.")
    changes: dict[str, Any] = {"split": {"method": arguments.split}} if arguments.split else {}
    if arguments.source:
        changes |= {"fetch": {"dataset": "none"}, "ingest": {"source": str(arguments.source.resolve())}}
    made_of = _hash(
        read_yaml(preset_path(arguments.preset)), arguments.split, arguments.source and arguments.source.name
    )
    run = remeasure_mlp if arguments.model else measure_both
    results = run(arguments.preset, changes, arguments.seeds, made_of)
    table = markdown(results)
    fill_page("presets.md", table, BEGIN, END)
    Console(width=160).print(table)


if __name__ == "__main__":
    console.run(main)
