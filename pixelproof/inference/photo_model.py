"""MLflow's way into a saved model, which lies beside a copy of the code that it was trained with.

This file is copied as well, under a name that has the version of that code: `mlflow.pyfunc.load_model` imports it.
"""

import json
import lzma
import sys
from collections.abc import Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

ARCHIVE = "pixelproof.json.xz"  # beside the copy of this file: its modules' sources by their paths


class CopiedCode(MetaPathFinder, InspectLoader):
    """Imports modules from an archive; no two archives have a module of the same name."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        self._sources: dict[str, str] = json.loads(lzma.decompress(archive.read_bytes()))

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        path = self._path(fullname)
        return spec_from_loader(fullname, self, origin=str(self._archive / path)) if path in self._sources else None

    def is_package(self, fullname: str) -> bool:
        return self._path(fullname).endswith("/__init__.py")

    def get_source(self, fullname: str) -> str:
        return self._sources[self._path(fullname)]

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_source(fullname), str(self._archive / self._path(fullname)))

    def _path(self, fullname: str) -> str:
        path = fullname.replace(".", "/")
        package = f"{path}/__init__.py"
        return package if package in self._sources else f"{path}.py"


def _load_pyfunc(path: str) -> Any:
    """Return the model in a folder, by the copied code."""
    sys.meta_path.append(CopiedCode(Path(__file__).with_name(ARCHIVE)))  # for what is imported later as well
    from pixelproof.inference.pyfunc import PhotoModel

    return PhotoModel.open(Path(path))
