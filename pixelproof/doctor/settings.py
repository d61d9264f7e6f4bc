"""The environment's variables, and params.yaml."""

import os
from collections.abc import Iterator, Mapping

from pixelproof.doctor.finding import Finding, well, wrong
from pixelproof.errors import UserError
from pixelproof.params.section import PARAMS
from pixelproof.params.whole import load_params

# Variables that keep the project, its libraries and its installation off the network, or send them through a proxy.
OFFLINE = (
    "DO_NOT_TRACK",
    "DVC_NO_ANALYTICS",
    "HF_HUB_OFFLINE",
    "ITERATIVE_DO_NOT_TRACK",
    "MLFLOW_DISABLE_TELEMETRY",
    "NO_ALBUMENTATIONS_UPDATE",
    "PIP_NO_INDEX",
    "UV_OFFLINE",
)
PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")
BYTECODE = "PYTHONDONTWRITEBYTECODE"


def bytecode(environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    if environment.get(BYTECODE):
        slow = f"{BYTECODE} is set: what is not compiled yet, each start compiles anew, and TensorFlow takes seconds"
        yield wrong("start-up", slow, f"`unset {BYTECODE}`, here and where your shell or container sets it.")
    else:
        yield well("start-up", "Python may keep what it has compiled")


def offline(environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Tell which switches are set, which is no fault. A proxy's address may hold a password: it is not shown."""
    found = [f"{name}={environment[name]}" for name in OFFLINE if environment.get(name)]
    found += [name for name in PROXIES if environment.get(name) or environment.get(name.lower())]
    yield well("offline switches", ", ".join(found) or "none set")


def params() -> Iterator[Finding]:
    try:
        load_params()
    except UserError as mistakes:
        for line in str(mistakes).splitlines():
            remedy = f"Correct the file, or take the last commit's: `git checkout {PARAMS}`."
            yield wrong("params", line, remedy)
    else:
        yield well("params", f"{PARAMS} is valid")
