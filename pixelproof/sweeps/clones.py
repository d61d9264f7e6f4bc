"""Clones of the project, one per worker: the project itself is not touched while trials run.

`dvc exp run --temp` and `--queue` stash the workspace and check out others for a moment; killed in that moment they
leave it so, and two that start simultaneously may take each other's experiment. A clone has its own Git repository and
workspace, shares DVC's cache, and Git fetches its finished experiments into the project.
"""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from pixelproof.files import read_json, remove
from pixelproof.params.section import PARAMS
from pixelproof.paths import METRICS, VALIDATION
from pixelproof.repository import git, lock
from pixelproof.repository.cloning import clone_project
from pixelproof.sweeps.experiment import Experiment
from pixelproof.sweeps.space import with_values
from pixelproof.tracking.delivery.kept import ELSEWHERE, FOLDER

VALIDATION_METRICS = (VALIDATION / "cnn.json", VALIDATION / "mlp.json")
NO_RUNS = f":(exclude){FOLDER}"  # no trial reads them, and they become more
FETCHING = threading.Lock()  # Git fetches into one repository one at a time


class Snapshot:
    """The project as it is now: its last commit, and the workspace's changes since.

    Ignored files and photos are left out: the pipeline gets what it needs from DVC's cache.
    """

    def __init__(self, project: Path, folder: Path, source: str) -> None:
        self.project = project
        self.source = source
        self.top = Path(git.run("rev-parse", "--show-toplevel", folder=project))
        self.commit = git.run("rev-parse", "HEAD", folder=project)
        self._changed = folder / "changed"
        names = _changed(project) + _untracked(project, source)
        self._removed = [name for name in names if not (project / name).is_file()]
        remove(self._changed)
        for name in set(names) - set(self._removed):
            (self._changed / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project / name, self._changed / name)

    def restore(self, clone: Path) -> None:
        """Reset a clone's workspace to the snapshot, whatever was done in it."""
        git.run("checkout", "--quiet", "--force", "--detach", self.commit, folder=clone)
        for name in self._removed:
            remove(clone / name)
        if self._changed.is_dir():
            shutil.copytree(self._changed, clone, dirs_exist_ok=True)


class Clone:
    """A worker's copy of the project, in `folder`; it runs one experiment at a time."""

    def __init__(self, snapshot: Snapshot, folder: Path) -> None:
        self._snapshot = snapshot
        self._top = folder
        self.root = clone_project(snapshot.project, snapshot.commit, folder)
        _name_author(snapshot.top, folder)
        snapshot.restore(self.root)
        # What the cache lacks, such as the files of a first evaluation, is not an error: a stage will make it.
        checkout = [sys.executable, "-m", "dvc", "checkout", "--quiet"]
        subprocess.run(checkout, cwd=self.root, capture_output=True, check=False)
        self._link_source()

    def _link_source(self) -> None:
        """Link the photos that are in the project but neither in Git nor in DVC into the clone.

        Never DVC's own outputs: DVC may replace them in the clone, and through a link would replace the project's.
        """
        theirs, ours = self._snapshot.project / self._snapshot.source, self.root / self._snapshot.source
        if theirs.exists() and not ours.exists() and not _is_dvc_output(self._snapshot.project, self._snapshot.source):
            ours.parent.mkdir(parents=True, exist_ok=True)
            ours.symlink_to(theirs)

    def remove(self) -> None:
        """Remove the clone, but not what its links point to."""
        remove(self._top)

    def start(
        self, name: str, stage: str, values: Mapping[str, Any], environment: Mapping[str, str], log: Path
    ) -> Experiment:
        """Start the stage and its dependencies with these params as the DVC experiment `name`."""
        self._snapshot.restore(self.root)
        self._remove_metrics(stage)
        path = self.root / PARAMS
        yaml = YAML()
        yaml.width = 4096
        content = with_values(yaml.load(path.read_text("utf-8")), values, PARAMS)
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(content, file)
        command = [sys.executable, "-m", "dvc", "exp", "run", "--name", name, stage]
        path_variable = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        ours = {"PATH": path_variable, ELSEWHERE: str(self._snapshot.project / FOLDER)}
        with log.open("w") as output:
            process = subprocess.Popen(
                command,
                cwd=self.root,
                env={**os.environ, **environment, **ours},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that Ctrl-C reaches only the sweep, which then stops its trials
            )
        return Experiment(process, log)

    def _remove_metrics(self, stage: str) -> None:
        """Remove the metrics of stages that a trial does not run: in its experiment they would pass for its own."""
        model = stage.partition("@")[2]  # empty for `evaluate`, before which all of them run
        for path in (METRICS, *VALIDATION_METRICS):
            if model and path.stem != model:
                remove(self.root / path)

    def best(self, model: str, metric: str) -> float:
        """Return the metric of the epoch whose weights were kept."""
        folder = self.root / "models" / model
        history = pd.read_csv(folder / "history.csv").set_index("epoch")
        return float(history.loc[read_json(folder / "run.json")["best_epoch"], metric])

    def publish(self, name: str) -> None:
        """Fetch the finished experiment into the project, where `dvc exp show` and `dvc exp apply` find it.

        One of that name that is there already is replaced: its process was killed before it could say so.
        """
        ref = f"refs/exps/*/{name}"
        with FETCHING:
            git.run("fetch", "--quiet", "--no-tags", str(self._top), f"+{ref}:{ref}", folder=self._snapshot.top)


def has_experiments(project: Path, prefix: str) -> bool:
    """Return whether the project has a DVC experiment whose name starts with `prefix`."""
    refs = git.run("for-each-ref", "--format=%(refname)", "refs/exps", folder=project).splitlines()
    return any(ref.rpartition("/")[2].startswith(prefix) for ref in refs)


def _changed(project: Path) -> list[str]:
    """Return the files, relative to the project, that were changed or deleted since the last commit."""
    names = git.run("diff", "-z", "--name-only", "--relative", "HEAD", "--", ".", NO_RUNS, folder=project)
    return [name for name in names.split("\0") if name]


def _untracked(project: Path, source: str) -> list[str]:
    """Return the files that Git neither tracks nor ignores, without the photos."""
    is_inside = (project / source).resolve().is_relative_to(project)
    photos = [f":(exclude){Path(project, source).resolve().relative_to(project)}"] if is_inside else []
    names = git.run("ls-files", "-z", "--others", "--exclude-standard", "--", ".", NO_RUNS, *photos, folder=project)
    return [name for name in names.split("\0") if name]


def _is_dvc_output(project: Path, path: str) -> bool:
    """Return whether a path is an output of a stage or an import."""
    is_output = bool(lock.hashes_of([Path(path).as_posix()], project / lock.LOCK))
    return is_output or (project / f"{path}.dvc").is_file()


def _name_author(project: Path, clone: Path) -> None:
    """Give the clone the author of the project's own Git settings."""
    for key in ("user.name", "user.email"):
        if named := git.ask("config", key, folder=project):
            git.run("config", key, named, folder=clone)
