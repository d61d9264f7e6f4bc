"""A GPU that is there, and whether Keras sees it."""

import shutil
import subprocess
from collections.abc import Iterator

from pixelproof.doctor.finding import Finding, well, wrong
from pixelproof.doctor.keras_started import started

SECONDS = 10  # for nvidia-smi, which hangs where a driver does
INSTALLATIONS = {
    "tensorflow": "`.venv/bin/python -m pip install 'tensorflow[and-cuda]'`",
    "jax": "`.venv/bin/python -m pip install 'pixelproof[jax]'`",
}


def gpu() -> Iterator[Finding]:
    there, why = installed_gpus()
    if why:
        yield wrong("GPU", f"nvidia-smi fails: {why}", "Repair or update NVIDIA's driver; the CPU is used until then.")
    elif not there:
        yield well("GPU", "none; the CPU trains")
    else:
        yield seen_or_not(there, started().distribution.list_devices(), started().backend.backend())


def installed_gpus() -> tuple[list[str], str]:
    """Return the names of NVIDIA's GPUs, and why they cannot be listed, else "". Without its program there are none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return [], ""
    command = [program, "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], str(error)
    lines = done.stdout.strip().splitlines()
    return (lines, "") if done.returncode == 0 else ([], (lines or [f"status {done.returncode}"])[0])


def seen_or_not(there: list[str], devices: list[str], backend: str) -> Finding:
    seen = [device for device in devices if not device.startswith("cpu")]
    if seen:
        return well("GPU", f"{', '.join(there)}; {backend} sees {', '.join(seen)}")
    remedy = INSTALLATIONS.get(backend, f"Install {backend} for CUDA")
    return wrong(
        "GPU", f"{', '.join(there)} is there, but {backend} does not see it", f"Install CUDA's libraries: {remedy}."
    )
