"""`pixelproof export --to page`: the classifier alone, as one file for a browser."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pixelproof.cli import app
from tests.support.saved_models import CLASSES, save_cnn, save_mlp

pytestmark = pytest.mark.slow  # TensorFlow takes ten seconds to load


@pytest.mark.parametrize("model", ["cnn", "mlp"])
def test_a_page_is_written_and_its_size_said(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one file is what a person sends to a friend: name and size are what they need to know."""
    (tmp_path / "models" / model).mkdir(parents=True)
    {"cnn": save_cnn, "mlp": save_mlp}[model](tmp_path / "models" / model / "mlflow")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pixelproof.inference.models.start_keras", lambda program: None)  # its threads are set once
    done = CliRunner().invoke(app, ["export", "--to", "page", "--model", model])
    assert done.exit_code == 0, done.output
    assert f"exports/{model}/page.html: 0.1 MB" in done.stdout
    page = (tmp_path / "exports" / model / "page.html").read_text("utf-8")
    assert ", ".join(CLASSES) in page


def test_a_page_has_no_8_bit_integers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option that does nothing would be taken for done."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["export", "--to", "page", "--int8"])
    assert done.exit_code != 0
    assert "none of these has 8-bit integers" in str(done.exception) + done.output
