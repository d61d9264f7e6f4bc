"""`pixelproof export`, on small models, and what is done with what it wrote."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pixelproof.cli import app
from pixelproof.errors import UserError
from pixelproof.inference.classifier import Classifier, Photo
from pixelproof.inference.models import open_model
from tests.support.exports import CLASSES, write_parts
from tests.support.saved_models import SHAPE, save_cnn, save_mlp

pytestmark = pytest.mark.slow  # TensorFlow takes ten seconds to load

LAYERS: dict[str, Any] = {
    "conv": {"kind": "conv", "filters": 4, "kernel": 3, "activation": "relu"},
    "norm": {"kind": "batch_norm"},
    "flatten": {"kind": "flatten"},
}
EXACT, SMALL = ("onnx", "litert", "saved_model"), ("onnx-int8", "litert-int8")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project that has exported its CNN to everything; it is the working folder."""
    import keras

    root = tmp_path_factory.mktemp("project")
    for model in ("cnn", "mlp"):
        (root / "models" / model).mkdir(parents=True)
    images = write_parts(root)
    keras.utils.set_random_seed(7)
    save_cnn(root / "models/cnn/mlflow", layers=LAYERS)
    save_mlp(root / "models/mlp/mlflow")
    for number, image in enumerate(images):
        Image.fromarray(image).save(root / f"{number:02d}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        # TensorFlow, which has saved the models in this process, takes its number of threads only once.
        patch.setattr("pixelproof.inference.models.start_keras", lambda program: None)
        done = CliRunner().invoke(app, ["export", "--to", ",".join(EXACT), "--int8"])
        assert done.exit_code == 0, done.output
        (root / "shown.txt").write_text(done.stdout, "utf-8")
        yield root


def shares(classifier: Classifier) -> np.ndarray:
    """Return what a classifier answers to the photos of the test part, (n, classes)."""
    answers = list(classifier.answer(Photo(path.name, path.read_bytes) for path in sorted(Path().glob("*.png"))))
    return np.array([[answer.probabilities[label] for label in CLASSES] for answer in answers if answer.probabilities])


@pytest.mark.parametrize("target", EXACT)
def test_predict_answers_by_an_export_as_by_the_model(project: Path, target: str) -> None:
    """Else `--model EXPORT` would be another model, and its proof about something else."""
    own, model = shares(open_model(f"exports/cnn/{target}", "test")), shares(open_model("cnn", "test"))
    np.testing.assert_allclose(own, model, atol=1e-4)
    proof = json.loads(Path(f"exports/cnn/{target}/proof.json").read_text("utf-8"))
    assert proof["largest_difference"] == pytest.approx(np.abs(own - model).max(), abs=1e-6)
    assert proof["same_class"] == (own.argmax(axis=1) == model.argmax(axis=1)).sum() == proof["images"] == len(own)
    truth = np.arange(10, 24) % 3
    assert proof["export"]["accuracy"] == pytest.approx((own.argmax(axis=1) == truth).mean())


@pytest.mark.parametrize("target", SMALL)
def test_8_bits_are_near_and_say_what_they_lose(project: Path, target: str) -> None:
    """Else a range of 0 to 1 taken for 0 to 255, or a statement made up, would pass."""
    own, model = shares(open_model(f"exports/cnn/{target}", "test")), shares(open_model("cnn", "test"))
    assert 0 < np.abs(own - model).max() < 0.1
    changed = int((own.argmax(axis=1) != model.argmax(axis=1)).sum())
    assert f"{target}: {changed} of 14 images get another class; it " in Path("shown.txt").read_text("utf-8")


def test_the_description_is_what_the_files_say(project: Path) -> None:
    """Else a program written by it would not run."""
    import onnxruntime

    about = json.loads(Path("exports/cnn/onnx/export.json").read_text("utf-8"))
    session = onnxruntime.InferenceSession(f"exports/cnn/onnx/{about['file']}")
    (taken,), (given,) = session.get_inputs(), session.get_outputs()
    assert (taken.name, taken.type, taken.shape[1:]) == (about["input"]["name"], "tensor(uint8)", list(SHAPE))
    assert (given.name, given.type, given.shape[1:]) == (about["output"]["name"], "tensor(float)", [len(CLASSES)])
    assert isinstance(taken.shape[0], str), "not for any number of photos"
    assert about["preprocessing"]["classes"] == CLASSES
    report = json.loads(Path("reports/exports/cnn.json").read_text("utf-8"))
    assert sorted(report["exports"]) == sorted((*EXACT, *SMALL))


@pytest.mark.parametrize("target", ["onnx", "litert", "litert-int8"])
def test_the_script_answers_a_photo_by_the_runtime_alone(project: Path, target: str) -> None:
    """Else whoever got the folder would need this project, or see another class."""
    script, photo = f"exports/cnn/{target}/use.py", project / "03.png"
    heavy = "{'pixelproof', 'keras', 'tensorflow', 'sklearn', 'pandas', 'mlflow'}"
    program = (
        f"import runpy, sys; sys.argv[1:] = [{str(photo)!r}]; runpy.run_path({script!r}); "
        f"sys.exit(str({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    label, share = done.stdout.split()
    expected = shares(open_model("cnn", "test"))[3]
    assert label == CLASSES[expected.argmax()]
    assert float(share) == pytest.approx(expected.max(), abs=0.05 if target in SMALL else 1e-3)


def test_predict_by_onnx_loads_no_framework(project: Path) -> None:
    """Else one photo would wait for seconds of imports that nothing uses."""
    program = (
        "import sys; sys.argv[1:] = ['predict', '--model', 'exports/cnn/onnx', '03.png']\n"
        "from pixelproof.cli import app; app(standalone_mode=False)\n"
        "print('heavy:', {'keras', 'tensorflow', 'sklearn', 'pandas', 'mlflow', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("03.png: "), done.stderr
    assert "heavy: set()" in done.stdout


def test_a_missing_library_is_one_message_with_the_remedy(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a person without the extra would see a traceback."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"onnxruntime is not installed.*pip install 'pixelproof\[export\]'"):
        open_model("exports/cnn/onnx", "test")
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    done = CliRunner().invoke(app, ["export", "--out", "missing"])
    assert str(done.exception).startswith("tf2onnx is not installed")
    assert not Path("missing/onnx").exists()


def test_a_broken_description_is_one_message(project: Path, tmp_path: Path) -> None:
    """Else a folder that was copied by halves would end in a traceback."""
    (tmp_path / "export.json").write_text('{"format": "onnx"}', "utf-8")
    with pytest.raises(UserError, match=r"export\.json: not the description of an export"):
        open_model(str(tmp_path), "test")


def test_the_mlp_goes_to_onnx(project: Path) -> None:
    """Else scikit-learn would be needed wherever the baseline answers."""
    done = CliRunner().invoke(app, ["export", "--model", "mlp", "--int8", "--out", "elsewhere"])
    assert done.exit_code == 0, done.output
    own, model = shares(open_model("elsewhere/onnx", "test")), shares(open_model("mlp", "test"))
    np.testing.assert_allclose(own, model, atol=1e-5)
    assert np.abs(shares(open_model("elsewhere/onnx-int8", "test")) - model).max() < 0.1


def test_without_a_test_part_nothing_is_said_of_accuracy(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a model from elsewhere would get an accuracy on noise."""
    (tmp_path / "given").mkdir()
    save_mlp(tmp_path / "given/mlflow", classes=["one", "two", "three"])
    done = CliRunner().invoke(app, ["export", "--model", str(tmp_path / "given"), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    proof = json.loads((tmp_path / "out/onnx/proof.json").read_text("utf-8"))
    assert proof["export"]["accuracy"] is None
    assert proof["same_class"] == proof["images"] > 100
    assert "no proof of accuracy" in proof["tested_on"]
    refused = CliRunner().invoke(app, ["export", "--model", str(tmp_path / "given"), "--int8"])
    assert "need photos of the training part" in str(refused.exception)
