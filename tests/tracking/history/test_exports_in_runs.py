"""What exports proved, in the run of their model: at once, and by `sync` where MLflow was away."""

from pathlib import Path

import pytest

from pixelproof.export.proof import Measured, Proof
from pixelproof.tracking.run.record import write_record
from tests.support.runs import a_record, everything

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load

RUN = "1" * 32
PROOF = Proof(
    "the test part",
    200,
    1e-6,
    200,
    Measured(0.98, 2000, {"1": 0.5, "32": 4.0}),
    Measured(0.98, 9000, {"1": 1, "32": 6}),
)


def test_a_run_shows_its_exports_and_a_new_store_gets_them_too(root: Path) -> None:
    """Else nobody could see in MLflow what was sent out, or not after MLflow's database was lost."""
    from pixelproof.export.origin import add_to_run
    from pixelproof.tracking.history.sync import sync

    write_record(a_record(RUN), root / "runs" / RUN)
    add_to_run(RUN, "mlp", {"onnx": PROOF})
    stored = everything(f"sqlite:///{root / 'mlflow.db'}")[RUN]
    assert [point[2] for point in stored["curves"]["export/onnx/accuracy"]] == [0.98]
    assert [point[2] for point in stored["curves"]["export/onnx/ms_for_32"]] == [4.0]
    (table,) = stored["artifacts"]
    assert table.startswith("exported-")
    assert "onnx,1.0e-06,200 of 200,0.9800,2.0 kB" in (root / "runs" / RUN / table).read_text("utf-8")
    other = f"sqlite:///{root / 'other.db'}"
    assert list(sync(other)) == ["1 run: 1 made"]
    assert everything(other)[RUN] == stored


def test_a_model_of_no_known_run_is_told(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else an export of a folder from elsewhere would fail at its very end, or say nothing."""
    from pixelproof.export.origin import add_to_run, run_of

    caplog.set_level("INFO")
    assert run_of("given", root / "given") is None
    add_to_run(None, "given", {"onnx": PROOF})
    add_to_run("2" * 32, "given", {"onnx": PROOF})
    assert [record.getMessage()[:37] for record in caplog.records] == ["MLflow: no run of this model is recor"] * 2
    assert not (root / "runs").exists()
