"""deploy/serve.Dockerfile and serve.yaml, as far as they can be checked without Docker."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from typing import Any

import pytest
import requests
from packaging.requirements import Requirement
from ruamel.yaml import YAML

from tests.support.environment import environment
from tests.support.imports import ROOT
from tests.support.photos import encoded, picture
from tests.support.saved_models import save_cnn, save_mlp
from tests.support.servers.compose import DEPLOY
from tests.support.servers.postgres import free_port
from tests.support.waiting import wait_until

DOCKERFILE = (DEPLOY / "serve.Dockerfile").read_text("utf-8").replace("\\\n", " ")
SERVICE: dict[str, Any] = YAML(typ="safe").load((DEPLOY / "serve.yaml").read_text("utf-8"))["services"]["serve"]
INSTALLED = DOCKERFILE.partition("--constraints requirements.lock")[2].partition("\n")[0].split()
# Runs the server as where nothing is installed but these packages, by refusing the others' modules.
RESTRICTED = """
import sys
refused = set(sys.argv.pop(1).split(","))
class Refuses:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError(f"the image has no {name}", name=name)
sys.meta_path.insert(0, Refuses())
from pixelproof.cli import main
main()
"""


def arguments(instruction: str) -> list[str]:
    """Return the command of an instruction, which must be in the form that needs no shell."""
    found = re.findall(rf"^\s*(?:HEALTHCHECK.*)?{instruction} (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert len(found) == 1, instruction
    command: list[str] = json.loads(found[0])
    return command


def closure(names: list[str]) -> set[str]:
    """Return the packages with all that they require, by their normal names, as far as installed here."""
    waiting, found = list(names), set()
    while waiting:
        name = re.sub("[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:  # for another system, or what only an extra brings
            continue
        found.add(name)
        parsed = (Requirement(text) for text in requires)
        waiting += [each.name for each in parsed if not each.marker or each.marker.evaluate({"extra": ""})]
    return found


def absent_modules() -> set[str]:
    """Return the modules of packages that are installed here and not in the image."""
    inside = closure(INSTALLED)
    owners = {
        module: {re.sub("[-_.]+", "-", name).lower() for name in names}
        for module, names in packages_distributions().items()
    }
    return {module for module, names in owners.items() if not names & inside and "pixelproof" not in names}


def test_the_image_holds_only_what_the_lock_pins() -> None:
    """What the lock does not name would come in whichever version is new that day, without a hash."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert [name for name in INSTALLED if not re.search(rf"^{re.escape(name)}==", lock, re.MULTILINE)] == []
    assert {"dvc", "mlflow", "albumentations", "matplotlib"} & closure(INSTALLED) == set()


@pytest.fixture(scope="module", params=["cnn", "mlp"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the server that the image's command starts on a copied model, with the image's packages alone."""
    folder = tmp_path_factory.mktemp("image")
    save = {"cnn": lambda: save_cnn(folder / "saved", layers=CONVOLVES), "mlp": lambda: save_mlp(folder / "saved")}
    shutil.copytree(save[request.param](), folder / "model")
    port = free_port()
    options = [text.replace("8000", str(port)) for text in arguments("ENTRYPOINT")[3:]]
    options = [text.replace("/model", str(folder / "model")).replace("0.0.0.0", "127.0.0.1") for text in options]
    command = [sys.executable, "-c", RESTRICTED, ",".join(absent_modules()), *options]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: healthy(port) or process.poll() is not None)
            assert process.poll() is None, (folder / "log").read_text("utf-8")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


CONVOLVES = {"conv": {"kind": "conv", "filters": 2, "kernel": 3}, "flatten": {"kind": "flatten"}}


def healthy(port: int) -> bool:
    """Ask as the image's health check asks."""
    _, *check = (text.replace("8000", str(port)) for text in arguments("CMD"))
    return subprocess.run([sys.executable, *check], capture_output=True, check=False).returncode == 0


@pytest.mark.slow
def test_its_packages_are_enough_to_answer_and_to_explain(served: str) -> None:
    """A missing one would show only when a container starts, or at its first photo."""
    for image_format in ("JPEG", "PNG", "WEBP", "TIFF"):
        photo = encoded(picture(), image_format)
        for path in ("predict", "explain"):
            response = requests.post(f"{served}/{path}", data=photo, timeout=60)
            assert response.status_code == 200, response.text
    assert requests.get(f"{served}/", timeout=60).status_code == 200


def test_it_runs_as_its_own_user_and_without_a_shell() -> None:
    """As root, whoever breaks out of a decoder would own the container; a shell would swallow SIGTERM."""
    last_stage = DOCKERFILE.rpartition("\nFROM ")[2].splitlines()
    assert [line for line in last_stage if line.startswith("USER ")] == ["USER serve"]
    assert arguments("ENTRYPOINT")[:4] == ["/opt/serve/bin/python", "-m", "pixelproof", "serve"]
    assert arguments("CMD")[0] == "/opt/serve/bin/python"


def test_what_it_copies_is_sent_to_docker_and_nothing_else() -> None:
    """Photos, models and passwords have no place in an image."""
    patterns = (DEPLOY / "serve.Dockerfile.dockerignore").read_text("utf-8").split()
    sent = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    assert patterns[0] == "*"
    assert {name for names in copied for name in names.split()} == sent
    assert all((ROOT / name).exists() for name in sent)
    assert any(fnmatch("pixelproof/server/__pycache__", pattern) for pattern in patterns[1:])


def test_the_service_mounts_the_model_read_only_where_the_command_looks() -> None:
    """And listens where the image does; by default on this machine alone."""
    assert SERVICE["build"] == {"context": "..", "dockerfile": "deploy/serve.Dockerfile"}
    (volume,), (port,) = SERVICE["volumes"], SERVICE["ports"]
    source, target, mode = re.fullmatch(r"\$\{MODEL:-(.*?)\}:(.*):(.*)", volume).groups()  # type: ignore[union-attr]
    assert (Path(source), mode) == (Path("../models/cnn/mlflow"), "ro")
    assert f"--model={target}" in arguments("ENTRYPOINT")
    assert port == "${LISTEN:-127.0.0.1}:8000:8000"
    assert "--port=8000" in arguments("ENTRYPOINT")
    assert SERVICE["read_only"]
    assert SERVICE["tmpfs"] == ["/tmp"]
