"""Projects in which something has run already: made once for all the tests, and copied for each test that needs one."""

import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from pixelproof.tracking.store.moved import follow_folder
from tests.support.photos import photo
from tests.support.project import Project, stages_in

SHOWN = ".dvc/tmp/shown.txt"  # what the terminal showed while a project was made; Git ignores the folder


class Prepared:
    """Makes projects in a folder that all of xdist's workers share, where no test changes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ready_to_train(self, root: Path) -> Project:
        """Copy a project to `root`: the stages before the training have run; Git knows none of their outputs."""
        return self.made("ready-to-train", run_before_training).copied_to(root)

    def whole(self, root: Path) -> Project:
        """Copy a project to `root` whose whole pipeline has run, by real `dvc repro`."""
        return self.made("whole", self._run_all).copied_to(root)

    def made(self, name: str, make: Callable[[Path], object]) -> Project:
        """Return a project that must not be changed; `make` fills its folder where no worker has done so before."""
        root, beside = self.folder / name, self.folder / f"{name}.partial"
        with FileLock(self.folder / f"{name}.lock"):
            if not root.exists():
                shutil.rmtree(beside, ignore_errors=True)  # a worker has failed in it
                make(beside)
                beside.rename(root)
                follow_folder(root)
        return Project(root)

    def _run_all(self, root: Path) -> None:
        run(self.ready_to_train(root))


def run_before_training(root: Path) -> None:
    """Among the photos are copies of others, and one photo in both classes."""
    project = Project.tiny(root)
    photos = root / "photos"
    for number in range(6):  # the very file again, and the same pixels in another file
        shutil.copy(photos / f"bars/bars{number:03d}.jpg", photos / f"bars/again{number}.jpg")
        photo("dots", number).save(photos / f"dots/lossless{number}.png")
        photo("dots", number).save(photos / f"dots/lossless{number}.bmp")
    for label in ("bars", "dots"):
        photo("bars", 99).save(photos / label / "both.png")
    run(project, "fetch", "augment")


def shown(project: Project) -> str:
    """Return what the terminal showed while a copied project was made."""
    known = project.root / SHOWN
    return known.read_text("utf-8") if known.exists() else ""


def stages_run(project: Project) -> list[str]:
    """Return the stages that ran to make a copied project, in order."""
    return stages_in(shown(project))


def run(project: Project, *targets: str) -> None:
    text = shown(project) + project.repro_shown(*targets)
    (project.root / SHOWN).write_text(text, encoding="utf-8")
