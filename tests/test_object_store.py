"""Photos in a bucket, brought by `dvc import-url`: real DVC against an S3 server on this machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.support.imports import ROOT
from tests.support.photos import photo, write_photos
from tests.support.project import Project

pytestmark = pytest.mark.slow

BUCKET = "bucket"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty S3 server; the keys to it are in the environment."""
    for key in [key for key in os.environ if key.startswith("AWS_")]:
        monkeypatch.delenv(key)
    for key, value in KEYS.items():
        monkeypatch.setenv(key, value)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


def put(endpoint: str, folder: Path) -> None:
    """Put a folder's files into the bucket, below `photos/`."""
    client = boto3.client("s3", endpoint_url=endpoint)
    if BUCKET not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket=BUCKET)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        client.upload_file(str(path), BUCKET, f"photos/{path.relative_to(folder).as_posix()}")


def dvc(project: Project, *arguments: str) -> None:
    done = project.run("dvc", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def ingested(project: Project) -> int:
    """Run the stage; return how many photos it has accepted."""
    command = [sys.executable, "-m", "stages.ingest"]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    accepted: int = json.loads((project.root / "reports/ingest.json").read_text("utf-8"))["accepted"]
    return accepted


def test_photos_of_a_bucket_are_imported_ingested_and_updated(endpoint: str, tmp_path: Path) -> None:
    """The commands of docs/photos.md, on a bucket that gets another photo afterwards."""
    page = (ROOT / "docs/photos.md").read_text("utf-8")
    assert "dvc import-url remote://bucket/photos data/raw/photos" in page
    assert "dvc update data/raw/photos.dvc" in page
    source = write_photos(tmp_path / "source")
    put(endpoint, source)
    project = Project.create(tmp_path / "project")
    project.environment = KEYS
    project.edit(lambda params: params["ingest"].update(source="data/raw/photos", min_images_per_class=10))
    dvc(project, "remote", "add", "bucket", f"s3://{BUCKET}")
    dvc(project, "remote", "modify", "bucket", "endpointurl", endpoint)
    (project.root / "data/raw").mkdir(parents=True)
    dvc(project, "import-url", "remote://bucket/photos", "data/raw/photos")
    assert ingested(project) == 48
    assert (project.root / "data/raw/photos.dvc").is_file(), "Git keeps which photos these are"

    photo("dots", 500).save(source / "dots/new.png")
    put(endpoint, source)
    dvc(project, "update", "data/raw/photos.dvc")
    assert ingested(project) == 49
