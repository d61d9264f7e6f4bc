import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from ruamel.yaml import YAML

from pixelproof.data.ingest.contact import CLASSES, PHOTOS, file_stem
from pixelproof.data.ingest.manifest import Inventory
from pixelproof.data.ingest.pictures import write_pictures
from pixelproof.data.ingest.sizes import SIZES
from pixelproof.errors import UserError
from pixelproof.params.ingest import Ingest
from stages import ingest
from tests.support.imports import ROOT
from tests.support.project import shrink
from tests.support.sources import take_inventory


def inventory_of(source: Path) -> Inventory:
    limits = {"min_images_per_class": 1, "min_side_px": 8, "max_quarantined_share": 1.0}
    return take_inventory(source, Ingest.model_validate({"source": str(source), **limits}))


def write(source: Path, folder: Path) -> dict[str, str]:
    """Write all pictures; return a hash of each."""
    inventory = inventory_of(source)
    sheets = folder / "quarantine.png", folder / "duplicates.png"
    write_pictures(inventory, lambda id: (source / id).read_bytes(), folder / "ingest", *sheets)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_all_pictures_are_written_with_the_same_bytes_each_time(source: Path, tmp_path: Path) -> None:
    """Else one would be missing, or DVC would take an unchanged source for a new one."""
    (source / "bars" / "broken.jpg").write_bytes(b"no image")
    first = write(source, tmp_path / "first")
    pictures = {"ingest/contact/bars.png", "ingest/contact/dots.png", "quarantine.png", "duplicates.png"}
    assert set(first) == pictures | {"ingest/classes.csv", "ingest/sizes.csv"}
    assert write(source, tmp_path / "second") == first


def test_the_source_is_left_alone(source: Path, tmp_path: Path) -> None:
    """Nothing of the user's is ever changed."""
    before = {path: path.stat() for path in source.rglob("*")}
    write(source, tmp_path)
    assert {path: path.stat() for path in source.rglob("*")}.keys() == before.keys()
    assert all(path.stat().st_mtime_ns == there.st_mtime_ns for path, there in before.items())


def test_a_class_that_has_gone_loses_its_sheet(source: Path, tmp_path: Path) -> None:
    """Else the sheet of an earlier class would stay among those of today."""
    shutil.copytree(source / "bars", source / "more")
    for path in (source / "more").iterdir():
        Image.open(path).rotate(180).save(path.with_suffix(".png"))
        path.unlink()
    assert "ingest/contact/more.png" in write(source, tmp_path / "out")
    shutil.rmtree(source / "more")
    assert "ingest/contact/more.png" not in write(source, tmp_path / "out")


def test_a_source_without_enough_photos_leaves_the_old_pictures(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a mistake would cost the pictures of the last good run, or show those of a run that failed."""
    yaml = YAML()
    params = yaml.load((ROOT / "params.yaml").read_text("utf-8"))
    shrink(params, str(source))
    yaml.dump(params, tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    ingest.main()
    before = {path: path.read_bytes() for path in Path("reports").rglob("*") if path.is_file()}
    assert Path("reports/quarantine.png") in before
    for path in source.rglob("*.jpg"):
        path.write_bytes(b"no image")
    with pytest.raises(UserError, match="cannot be used"):
        ingest.main()
    assert {path: path.read_bytes() for path in Path("reports").rglob("*") if path.is_file()} == before


def test_ingest_loads_none_of_the_heavy_libraries() -> None:
    """Else every ingest would wait for TensorFlow, or for matplotlib, whose font is used without it."""
    heavy = "{'tensorflow', 'keras', 'mlflow', 'sklearn', 'matplotlib', 'albumentations'}"
    program = f"import sys, stages.ingest, stages.split; sys.exit(str({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "set()"


def test_strange_files_have_their_pictures(odd_files: Path, tmp_path: Path) -> None:
    """Else one of the 84 strange files would stop ingest after it was accepted or refused."""
    written = write(odd_files, tmp_path)
    classes = pd.read_csv(tmp_path / "ingest/classes.csv")
    assert len([name for name in written if name.startswith("ingest/contact/")]) == len(classes) == 5


def test_the_limits_are_those_of_the_docs() -> None:
    """docs/ingest.md names them."""
    page = (ROOT / "docs/ingest.md").read_text("utf-8")
    assert f"{PHOTOS} photos of each class" in page
    assert f"first {CLASSES} classes" in page
    assert f"{SIZES:,} points" in page
    assert f"`Cats & Dogs` becomes `{file_stem('Cats & Dogs')}.png`" in page
