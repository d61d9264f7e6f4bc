import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.photos import write_photos
from tests.support.prepared import Prepared

# Containers often set this; DVC, TensorFlow and MLflow would be compiled anew by each of some hundred processes, which
# takes as long as all that they do.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

settings.register_profile("no deadline", deadline=None)  # a busy machine is no defect
settings.load_profile("no deadline")

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long: then processes side by side end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Projects to copy, made once for all of xdist's workers."""
    own = tmp_path_factory.getbasetemp()
    return Prepared(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder of two class folders with 24 small JPEG photos each."""
    return write_photos(tmp_path / "photos")


@pytest.fixture(scope="session")
def cats_dogs() -> Path:
    """2,002 real photos; they may not be copied into the project, so they are looked for beside it."""
    folder = SHARED / "cats_dogs"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: the photos carry no licence that would let the project contain them")
    return folder


@pytest.fixture(scope="session")
def parted_archives() -> Path:
    """A folder with cats_dogs_128px.zip and fashion_mnist.zip, which give their parts; see `cats_dogs`."""
    if not (SHARED / "cats_dogs_128px.zip").is_file():
        pytest.skip(f"{SHARED} does not hold cats_dogs_128px.zip, which may not be copied into the project")
    return SHARED


@pytest.fixture(scope="session")
def odd_files() -> Path:
    """84 strange image files; see `cats_dogs`."""
    folder = SHARED / "odd"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: the files carry no licence that would let the project contain them")
    return folder
