import os
import shutil
import signal
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
# A shell lets what it starts in the background ignore Ctrl-C, and so would the programs that tests start and stop.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("no deadline", deadline=None)  # a busy machine is no defect
settings.load_profile("no deadline")

TESTS = Path(__file__).parent
SHARED = TESTS.parents[1] / "shared" / "data"


# Files of tests that take longest, in this order: then workers side by side end at about the same time.
LONGEST = (
    "pipeline/test_edits.py",
    "test_sweep.py",
    "test_queue.py",
    "tracking/history/test_runs_of_commits.py",
    "test_team.py",
    "training_processes/test_kills.py",
    "training_processes/test_limits.py",
    "training_processes/test_continuing.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long; those without any slow test come last."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    rank = {TESTS / file: place for place, file in enumerate(LONGEST)}
    items.sort(key=lambda item: (rank.get(item.path, len(rank)), item.path not in slow))


def pytest_collection_finish() -> None:
    """To find the tests must take seconds: a test that needs TensorFlow imports it when it runs."""
    assert "tensorflow" not in sys.modules, "a module of tests imports TensorFlow, or something that does"


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


@pytest.fixture(scope="session")
def mixed_photos(odd_files: Path, cats_dogs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two classes: odd files, and every tenth real photo."""
    folder = tmp_path_factory.mktemp("mixed")
    for label, paths in (("odd", odd_files.rglob("*.*")), ("real", sorted(cats_dogs.rglob("*.jpg"))[::10])):
        (folder / label).mkdir()
        for path in paths:
            shutil.copy(path, folder / label / f"{path.parent.name} {path.name}")
    return folder
