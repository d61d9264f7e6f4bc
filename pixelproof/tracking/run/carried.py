"""What a saved model carries to answer photos wherever it is: its preprocessing, and a copy of the code for photos.

The code is copied by its path, not imported, and is no dependency of a training: an edit of it that changes pixels
changes data/resized and so trains again, and without one the older copy gives the same answers.
"""

import ast
import hashlib
import json
import lzma
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pixelproof
from pixelproof.files import write_json
from pixelproof.paths import PREPROCESSING

PACKAGE = Path(pixelproof.__file__).parent
# Below pixelproof/. What these import of the project is among them; of packages, what REQUIREMENTS names.
CARRIED = (
    "data/photos",
    "inference/classifier.py",
    "inference/given.py",
    "inference/preprocessing.py",
    "inference/pyfunc.py",
    "network/cnn/saved/mirroring.py",
    "network/cnn/saved/saved.py",
    "network/mlp/saved.py",
    "paths.py",
)
REQUIREMENTS = ("numpy", "opencv-python-headless", "pandas", "pillow", "simplejpeg", "tifffile")
FOLDER, ENTRY, ARCHIVE = "code", "photo_model", "pixelproof.json.xz"  # in a model's folder
OWN_IMPORT = re.compile(r"^(\s*from )pixelproof\b", re.MULTILINE)


def add_preprocessing(folder: Path, preprocessing: Mapping[str, Any]) -> str:
    """Write into a model's folder how it reads photos, preprocessing.json and code/; return the module to load it by.

    The copy has a name of its own, by its content: so it is used beside this project in one process, and beside other
    models with other versions of it.
    """
    write_json(folder / PREPROCESSING, preprocessing)
    sources = {path: (PACKAGE / path).read_text("utf-8") for path in carried_files()}
    loader = (PACKAGE / "inference" / f"{ENTRY}.py").read_text("utf-8")
    version = hashlib.sha256("".join([loader, *sources.values()]).encode()).hexdigest()[:8]
    package, entry = Path(f"pixelproof_{version}"), f"{ENTRY}_{version}"
    code = folder / FOLDER
    code.mkdir()
    (code / f"{entry}.py").write_text(_bare(_renamed(loader, str(package))), "utf-8")
    copied = {(package / path).as_posix(): _bare(_renamed(source, str(package))) for path, source in sources.items()}
    (code / ARCHIVE).write_bytes(lzma.compress(json.dumps(copied).encode(), preset=9))
    return entry


def _renamed(source: str, package: str) -> str:
    return OWN_IMPORT.sub(rf"\g<1>{package}", source)


def _bare(source: str) -> str:
    """Return code without comments and docstrings, which are half of it; a small network is not much larger."""
    module = ast.parse(source)
    for node in ast.walk(module):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body[:1] = [] if len(node.body) > 1 or isinstance(node, ast.Module) else [ast.Pass()]
    return ast.unparse(module) + "\n"


def carried_files() -> list[Path]:
    """Return the copied files by their paths in the package, with the `__init__.py` of each folder on the way."""
    modules = [
        path.relative_to(PACKAGE)
        for name in CARRIED
        for path in ((PACKAGE / name).rglob("*.py") if (PACKAGE / name).is_dir() else [PACKAGE / name])
    ]
    folders = {parent for module in modules for parent in module.parents}
    return sorted({*modules, *(folder / "__init__.py" for folder in folders)})
