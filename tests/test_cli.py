import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from imports import ROOT
from ruamel.yaml import YAML

from pixelproof.cli import main
from pixelproof.data.store import StoreWriter, view_path

PROGRAM = Path(sys.executable).with_name("pixelproof")


class Done(NamedTuple):
    """How a run of the program ended."""

    status: int
    stdout: str
    stderr: str


Program = Callable[..., Done]


@pytest.fixture
def pixelproof(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """The program, run in a folder on a wide terminal; in this process, which saves half a second each time."""
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(logging.root, "handlers", [])  # the program sets up its own
    monkeypatch.setattr(logging.root, "level", logging.WARNING)

    def run(folder: Path, *arguments: str) -> Done:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["pixelproof", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        assert isinstance(end.value.code, int)
        return Done(end.value.code, *capsys.readouterr())

    return run


def installed(folder: Path, *arguments: str) -> Done:
    """Run the program as it is installed, in a process of its own."""
    done = subprocess.run([PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def said(done: Done) -> str:
    """Return the one message of a program that has refused something."""
    assert done.status == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")
    return done.stderr


def write_params(path: Path, **changes: Any) -> Path:
    """Write the project's params with other values; `cnn_head="sigmoid"` stands for cnn.head."""
    params = YAML(typ="safe").load((ROOT / "params.yaml").read_text("utf-8"))
    for name, value in changes.items():
        section, _, key = name.partition("_")
        params[section][key] = value
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(params, file)
    return path


ARTICLE = {
    "conv": {"kind": "conv", "filters": 10, "kernel": 5, "activation": "relu"},
    "pool": {"kind": "max_pool", "size": 2},
    "flatten": {"kind": "flatten"},
}


@pytest.fixture
def article(tmp_path: Path) -> Path:
    """A folder with the article's network in params.yaml."""
    write_params(
        tmp_path / "params.yaml",
        resize_height_px=300,
        resize_width_px=300,
        resize_colour="rgb",
        cnn_layers=ARTICLE,
        cnn_head="sigmoid",
        mlp_hidden=[50],
    )
    return tmp_path


def test_plan_prints_both_networks_as_json(article: Path) -> None:
    """Else scripts could not ask what a network costs: the names and numbers are agreed."""
    done = installed(article, "plan", "--params", "params.yaml", "--json", "--classes", "2")
    assert (done.status, done.stderr) == (0, "")
    plans = json.loads(done.stdout)
    assert set(plans) == {"cnn", "mlp"}
    for plan in plans.values():
        assert {"parameters", "trainable", "layers"} <= set(plan)
        assert all({"name", "kind", "output_shape", "parameters"} <= set(layer) for layer in plan["layers"])
    assert [layer["name"] for layer in plans["cnn"]["layers"]] == ["conv", "pool", "flatten", "output"]
    assert plans["cnn"]["layers"][0]["output_shape"] == [296, 296, 10]
    assert (plans["cnn"]["parameters"], plans["mlp"]["parameters"]) == (219_801, 13_500_101)


def test_plan_prints_a_table_of_the_arithmetic(pixelproof: Program, article: Path) -> None:
    """Else a reader of the article would not see its formula with the numbers put in."""
    done = pixelproof(article, "plan", "--classes", "2")
    assert (done.status, done.stderr) == (0, "")
    for text in (
        "219,801 parameters",
        "(300 - 5 + 2*0)/1 + 1 = 296",
        "(5*5*3 + 1)*10 = 760",
        "296 x 296 x 10",
        "65,712,000",  # multiply-adds of the convolution
        "213.9",  # MiB of its outputs at 64 images
        "6 x 6",  # what an output of the pooling sees
        "219,801, 219,801 trainable",
    ):
        assert text in done.stdout


def test_plan_prints_what_an_mlp_would_hold_and_what_looks_wrong(pixelproof: Program, article: Path) -> None:
    """Else the article's question would stay open, and a network that is nearly all dense would look like any."""
    shown = pixelproof(article, "plan", "--classes", "2").stdout
    for text in ("270,001", "13,500,101", "27,000,201", "none fits"):
        assert text in shown
    words = " ".join(shown.split())
    assert "cnn: output holds 219,041 of the 219,801 parameters." in words
    assert "cnn: each output of pool, the last conv or pool layer, sees 6 x 6 of the image's 300 x 300 pixels" in words


def test_plan_gives_the_same_as_json(pixelproof: Program, article: Path) -> None:
    """Else scripts would not learn what people read."""
    plans = json.loads(pixelproof(article, "plan", "--json", "--classes", "2").stdout)
    assert [len(plan["warnings"]) for plan in plans.values()] == [2, 0]
    assert plans["mlp"]["budgets"][0] == {"what": "no hidden layer", "hidden": [], "parameters": 270_001}
    convolution = plans["cnn"]["layers"][0]
    assert convolution["inputs"] == ["input"]
    assert convolution["receptive_field"] == [5, 5]
    assert convolution["activation_bytes"] == 296 * 296 * 10 * 4


def test_plan_warns_of_too_few_photos_by_the_reports(pixelproof: Program, tmp_path: Path) -> None:
    """Else nobody would see, before the training, that a network can learn its few photos by heart."""
    write_params(tmp_path / "params.yaml")
    (tmp_path / "reports").mkdir()
    report = {"source": "data/raw/digits", "classes": {"1": 25, "2": 25}}
    (tmp_path / "reports/ingest.json").write_text(json.dumps(report), "utf-8")
    words = " ".join(pixelproof(tmp_path, "plan").stdout.split())
    assert "mlp: 78,601 parameters are trained on 35 photos of 27,440 pixel values in all" in words


def test_plan_takes_the_number_of_classes(pixelproof: Program, tmp_path: Path) -> None:
    """Else a network could not be planned before its photos are there."""
    write_params(tmp_path / "params.yaml")
    done = pixelproof(tmp_path, "plan", "--json", "--classes", "7")
    assert {model: plan["layers"][-1]["output_shape"] for model, plan in json.loads(done.stdout).items()} == {
        "cnn": [7],
        "mlp": [7],
    }


def test_plan_takes_the_classes_of_the_last_ingest_of_the_same_source(pixelproof: Program, article: Path) -> None:
    """Else the number would have to be given although the pipeline knows it."""
    assert "the number of classes is not known" in said(pixelproof(article, "plan"))
    (article / "reports").mkdir()
    report = {"source": "data/raw/digits", "classes": {"cat": 9, "dog": 9}}
    (article / "reports/ingest.json").write_text(json.dumps(report), "utf-8")
    assert "219,801 parameters" in pixelproof(article, "plan").stdout


@pytest.mark.parametrize(
    ("changes", "arguments", "message"),
    [
        ({"cnn_head": "sigmod"}, (), "params.yaml: cnn.head: "),
        ({"cnn_filters": 3}, (), "params.yaml: cnn.filters: unknown key"),
        ({"resize_width_px": 3}, ("--classes", "2"), "cnn.layers.pool"),
        ({"cnn_head": "sigmoid"}, ("--classes", "3"), "cnn.head: sigmoid tells two classes apart"),
    ],
)
def test_a_mistake_in_the_params_ends_with_one_message(
    pixelproof: Program, tmp_path: Path, changes: dict[str, Any], arguments: tuple[str, ...], message: str
) -> None:
    """Else a user would be shown a traceback."""
    write_params(tmp_path / "params.yaml", **changes)
    assert message in said(pixelproof(tmp_path, "plan", *arguments))


def test_a_params_file_that_is_not_there_ends_with_one_message(tmp_path: Path) -> None:
    """Else running in the wrong folder would give a traceback."""
    assert said(installed(tmp_path, "plan")).startswith("error: params.yaml: No such file or directory.")


def test_fewer_than_two_classes_are_refused(pixelproof: Program, article: Path) -> None:
    """Else a network with nothing to tell apart would be planned."""
    done = pixelproof(article, "plan", "--classes", "1")
    assert done.status == 2
    assert "--classes" in done.stderr
    assert "Traceback" not in done.stderr


MODEL = {
    "accuracy": 0.9,
    "accuracy_low": 0.8,
    "accuracy_high": 0.95,
    "macro_f1": 0.89,
    "log_loss": 0.3,
    "parameters": 1234,
    "multiply_adds": 5678,
    "best_epoch": 3,
    "train_seconds": 12.3,
}
METRICS = {
    "cnn": MODEL,
    "mlp": MODEL | {"accuracy": 0.7},
    "comparison": {
        "images": 50,
        "accuracy_difference": 0.2,
        "mcnemar_p": 0.002,
        "only_cnn_right": 11,
        "only_mlp_right": 1,
        "confidence": 0.95,
    },
}


@pytest.fixture
def evaluated(tmp_path: Path) -> Path:
    """A folder in which an evaluation has run."""
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/metrics.json").write_text(json.dumps(METRICS), "utf-8")
    return tmp_path


def test_results_prints_the_last_comparison(pixelproof: Program, evaluated: Path) -> None:
    """Else the table of `dvc repro` could not be seen again."""
    done = pixelproof(evaluated, "results")
    assert (done.status, done.stderr) == (0, "")
    assert "test accuracy" in done.stdout
    assert "0.9000" in done.stdout
    assert "more than chance explains" in " ".join(done.stdout.split())


def test_results_prints_markdown_for_the_readme(pixelproof: Program, evaluated: Path) -> None:
    """Else the README's table would have to be written by hand; nothing may be wrapped or coloured."""
    lines = pixelproof(evaluated, "results", "--markdown").stdout.splitlines()
    assert lines[0] == "|  | CNN (Keras) | MLP (scikit-learn) |"
    assert lines[2] == "| test accuracy | 0.9000 | 0.7000 |"
    assert lines[-2] == ""
    assert lines[-1].startswith("On the same 50 test images")
    assert lines[-1].endswith("more than chance explains.")


def test_results_can_be_read_from_another_file(pixelproof: Program, evaluated: Path) -> None:
    """Else the results of another experiment could not be shown."""
    (evaluated / "reports/metrics.json").rename(evaluated / "other.json")
    assert "0.9000" in pixelproof(evaluated, "results", "--metrics", "other.json").stdout


def test_without_results_the_way_to_them_is_named(pixelproof: Program, tmp_path: Path) -> None:
    """Else the first thing a user may try would end in a traceback."""
    assert said(pixelproof(tmp_path, "results")) == (
        "error: reports/metrics.json: there are no results yet. Run `make repro` first.\n"
    )


def test_a_broken_report_ends_with_one_message(pixelproof: Program, evaluated: Path) -> None:
    """Else a merge conflict in the report, or one of another version, would give a traceback."""
    (evaluated / "reports/metrics.json").write_text("<<<<<<< HEAD\n", "utf-8")
    assert "reports/metrics.json" in said(pixelproof(evaluated, "results"))


def test_without_a_command_the_commands_are_listed(pixelproof: Program, tmp_path: Path) -> None:
    """Else a user would not learn what the program can do."""
    shown = pixelproof(tmp_path, "--help")
    assert shown.status == 0
    assert "plan" in shown.stdout
    assert "results" in shown.stdout


def test_the_program_starts_without_heavy_libraries() -> None:
    """Else `pixelproof plan` would take ten seconds instead of less than one."""
    script = (
        "import sys\n"
        "from pixelproof.cli import app\n"
        "app(['plan', '--params', 'presets/article.yaml'], standalone_mode=False)\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'pandas', 'numpy', 'sklearn', 'matplotlib', 'albumentations'}\n"
        "print('heavy:', heavy & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "219,801 parameters" in done.stdout
    assert done.stdout.splitlines()[-1] == "heavy: set()"


def write_views(folder: Path) -> None:
    """Write one augmented view of 40 small images, light ones and dark ones, as the stage `augment` does."""
    light = np.arange(40) % 2
    images = (light[:, None, None, None] * 120 + np.random.default_rng(0).integers(0, 130, (40, 28, 28, 1))).astype(
        "u1"
    )
    index = pd.DataFrame({"id": [str(place) for place in range(40)], "label": np.array(["dark", "light"])[light]})
    StoreWriter(view_path(folder, 0), index, (28, 28, 1), ["dark", "light"], {}).write(0, images)


@pytest.mark.parametrize("model", ["mlp", pytest.param("cnn", marks=pytest.mark.slow)])
def test_find_lr_suggests_a_rate_from_the_projects_own_batches(pixelproof: Program, tmp_path: Path, model: str) -> None:
    """Else the command would not work on what `dvc repro` has made."""
    write_params(tmp_path / "params.yaml", train_batch_size=16)
    write_views(tmp_path / "data/augmented")
    done = pixelproof(tmp_path, "find-lr", "--model", model, "--steps", "60")
    assert done.status == 0
    suggestion = float(re.findall(rf"{model}\.learning_rate: the loss falls most steeply at (\S+);", done.stdout)[0])
    curve = pd.read_csv(tmp_path / "reports/find-lr/curve.csv")
    assert curve["learning_rate"][0] == 1e-6
    assert 1e-5 < suggestion < curve["learning_rate"].max()
    assert (tmp_path / "reports/find-lr/find-lr.png").is_file()


def test_find_lr_says_what_must_run_first(pixelproof: Program, tmp_path: Path) -> None:
    """Else a fresh clone would show a traceback."""
    write_params(tmp_path / "params.yaml")
    message = said(pixelproof(tmp_path, "find-lr"))
    assert "data/augmented: there are no stored views to train on. Run `dvc repro augment` first." in message


@pytest.mark.parametrize(("low", "high"), [("1", "0.1"), ("0", "1"), ("1e-3", "inf"), ("nan", "1")])
def test_find_lr_refuses_rates_that_do_not_grow(pixelproof: Program, tmp_path: Path, low: str, high: str) -> None:
    """Else the curve would run backwards, or the arithmetic fail."""
    write_params(tmp_path / "params.yaml")
    assert "expected two rates above 0" in said(pixelproof(tmp_path, "find-lr", "--low", low, "--high", high))
