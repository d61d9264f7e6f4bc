"""DVC's cache: where it is, and the files in it. DVC itself, which takes a second to load, is not."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import platformdirs
from configobj import ConfigObj, ConfigObjError

from pixelproof.errors import UserError

APPLICATION = ("dvc", "iterative")  # as DVC names itself to platformdirs
HERE = Path()


class Cache:
    """DVC's cache of the project in or above `project`, by all that DVC itself looks at."""

    def __init__(self, project: Path = HERE) -> None:
        self.folder = cache_folder(project)

    def path(self, md5: str) -> Path:
        """Return where the content of this hash lies, if the cache has it."""
        return self.folder / "files" / "md5" / md5[:2] / md5[2:]

    def files(self, md5: str) -> dict[str, Path]:
        """Return the files of a folder, by their paths in it; none where the cache lacks the folder.

        Whether the cache has a file of it is another question.
        """
        return {name: self.path(own) for name, own in self.hashes(md5).items()}

    def hashes(self, md5: str) -> dict[str, str]:
        """Return the hash of each file of a folder, by their paths in it; none where the cache lacks the folder."""
        listed = self.path(md5)
        entries = json.loads(listed.read_text("utf-8")) if listed.is_file() else []
        return {entry["relpath"]: entry["md5"] for entry in entries}

    def stages_that_ran(self) -> Iterator[str]:
        """Yield what DVC's run cache has of each stage that ever ran here, in the form of a stage of a dvc.lock."""
        for path in sorted(self.folder.glob("runs/*/*/*")):
            if path.is_file() and not path.name.startswith("."):
                yield path.read_text("utf-8", errors="replace")


def cache_folder(project: Path = HERE) -> Path:
    """Return the absolute path of the cache, which need not exist. Raises UserError if DVC's settings are broken.

    Of DVC's four levels of settings the last one that names a folder counts: the machine's, the user's, the
    project's, and what of the project's is this copy's alone.
    """
    home = _dvc_folder(project.resolve())
    folder = home / "cache"
    for settings in _settings(home):
        named = _named_folder(settings)
        if named:
            # DVC, too, leaves symlinks as they are
            folder = Path(os.path.normpath(settings.parent.absolute() / Path(named).expanduser()))
    return folder


def _dvc_folder(start: Path) -> Path:
    return next((up / ".dvc" for up in (start, *start.parents) if (up / ".dvc").is_dir()), start / ".dvc")


def _settings(home: Path) -> Iterator[Path]:
    """Yield DVC's files of settings, each of which overrules those before."""
    yield Path(os.environ.get("DVC_SYSTEM_CONFIG_DIR") or platformdirs.site_config_dir(*APPLICATION), "config")
    yield Path(os.environ.get("DVC_GLOBAL_CONFIG_DIR") or platformdirs.user_config_dir(*APPLICATION), "config")
    yield home / "config"
    yield home / "config.local"


def _named_folder(settings: Path) -> str | None:
    try:
        content = ConfigObj(str(settings), encoding="utf-8")
    except (ConfigObjError, UnicodeDecodeError) as error:
        raise UserError(f"{settings}: DVC cannot read these settings: {error}. Correct the file.") from None
    sections = {str(name).lower(): section for name, section in content.items()}
    cache = {str(key).lower(): value for key, value in sections.get("cache", {}).items()}
    return cache.get("dir")
