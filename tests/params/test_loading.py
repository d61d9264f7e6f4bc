"""What loads, and what a person reads where a file is no params file at all."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from pixelproof.params.whole import Params, load_params
from tests.support.params import ROOT, changed, complaint_about, good

PRESETS = sorted((ROOT / "presets").glob("*.yaml"))


def test_the_real_params_load() -> None:
    """Else no stage would start."""
    assert load_params(ROOT / "params.yaml").seed >= 0


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_every_preset_loads(preset: Path) -> None:
    """Else a preset would be stale, and copying it over params.yaml would stop the pipeline."""
    assert list(load_params(preset).cnn.layers)


def test_layers_keep_the_order_of_the_file(tmp_path: Path) -> None:
    """Else the network would be another one than the one written down."""
    path = tmp_path / "settings.yaml"
    content = good()
    content["cnn"]["layers"] = dict(reversed(content["cnn"]["layers"].items()))
    path.write_text(json.dumps(content), "utf-8")
    assert list(load_params(path).cnn.layers) == ["flatten", "pool1", "relu1", "conv1"]


def test_loaded_params_cannot_be_changed() -> None:
    """Else a stage could use other values than the file shows."""
    params = Params.model_validate(good())
    with pytest.raises(ValidationError, match="frozen"):
        params.seed = 8


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed: 7\nseed: 8\n", "duplicate key"),
        ("seed: 7\ncnn: [\n", "is not valid YAML"),
        ("seed: 7\n\t- b\n", "line 2"),
        ("a: *nothing\n", "undefined alias"),
        ("a: !!python/object:os.system x\n", "could not determine a constructor"),
        ("a: 1\n---\nb: 2\n", "line"),
        ("", "the file: "),
        ("- a\n- b\n", "the file: "),
        ("just words\n", "the file: "),
        ("seed: 7\x00\n", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_settings_file_is_refused_in_words(text: str, words: str, tmp_path: Path) -> None:
    """Else a traceback would meet whoever mistypes a bracket."""
    path = tmp_path / "settings.yaml"
    path.write_text(text, "utf-8")
    assert words in complaint_about(path)


def test_a_key_that_is_a_number_is_refused_by_name(tmp_path: Path) -> None:
    """Else a key such as `1:` would end in a traceback."""
    path = tmp_path / "settings.yaml"
    path.write_text(json.dumps(good())[:-1] + ", 1: 2}", "utf-8")
    assert complaint_about(path).startswith("1: ")


def test_a_file_that_is_no_utf_8_is_refused_in_words(tmp_path: Path) -> None:
    """Else an editor's other encoding would end in a traceback."""
    path = tmp_path / "settings.yaml"
    path.write_bytes("seed: 7  # café".encode("latin-1"))
    assert "not UTF-8 text" in complaint_about(path)


def test_a_missing_file_is_refused_with_a_remedy(tmp_path: Path) -> None:
    """Else someone in the wrong folder would see a traceback."""
    assert "Run from the project's folder" in complaint_about(tmp_path / "settings.yaml")


def test_numbers_are_read_as_dvc_reads_them(tmp_path: Path) -> None:
    """Else `1e-3` would be text, as YAML 1.1 has it, and be refused."""
    path = tmp_path / "settings.yaml"
    content = changed(("cnn.learning_rate", "LEARNING_RATE"))
    path.write_text(json.dumps(content).replace('"LEARNING_RATE"', "1e-3"), "utf-8")
    assert load_params(path).cnn.learning_rate == 0.001


@pytest.mark.parametrize("number", [".inf", "-.inf", ".nan"])
@pytest.mark.parametrize("key", ["cnn.learning_rate", "mlp.l2", "split.test_share", "augment.transforms.move.p"])
def test_numbers_without_a_value_are_refused(key: str, number: str, tmp_path: Path) -> None:
    """Else a training would run for hours and give NaN, or a report would be no JSON."""
    path = tmp_path / "settings.yaml"
    path.write_text(json.dumps(changed((key, "NUMBER"))).replace('"NUMBER"', number), "utf-8")
    assert complaint_about(path).startswith(f"{key}: ")


def test_whole_numbers_do_for_fractions() -> None:
    """Else `l2: 0` would have to be written `0.0`."""
    assert Params.model_validate(changed(("mlp.l2", 0))).mlp.l2 == 0


def test_loading_params_loads_no_heavy_library() -> None:
    """Else a mistyped key would show only after ten seconds of imports."""
    code = (
        "import sys; from pixelproof.params.whole import load_params; load_params();"
        "print(sorted({'tensorflow', 'keras', 'numpy', 'pandas', 'mlflow', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


SHA256 = "0123456789abcdefABCDEF" + "0" * 42
