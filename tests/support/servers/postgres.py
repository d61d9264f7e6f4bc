"""A PostgreSQL server of the tests' own, on 127.0.0.1."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def postgres_programs() -> Path | None:
    """Return the folder of the newest PostgreSQL server's programs; Debian keeps it out of PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found and (program := shutil.which("initdb")):
        return Path(program).resolve().parent
    return max(found, key=lambda folder: int(folder.parent.name), default=None)


class Cluster:
    """A PostgreSQL cluster in a folder, and the user that runs it: it refuses to run as root."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._as_root = os.getuid() == 0
        self._own(folder)

    def _own(self, path: Path) -> None:
        if self._as_root:
            shutil.chown(path, "postgres", "postgres")

    def create(self, password: str) -> None:
        """Make the cluster, with the superuser `mlflow`."""
        secret = self._folder / "password"
        secret.write_text(password, "utf-8")
        self._own(secret)
        self.call("initdb", "--username=mlflow", "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync")

    def call(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs on the cluster."""
        command = [str(self._programs / program), f"--pgdata={self._folder / 'data'}", *arguments]
        with tempfile.TemporaryFile() as output:  # no pipe: the server would keep it open
            done = subprocess.run(
                command,
                cwd=self._folder,
                stdout=output,
                stderr=output,
                check=False,
                **({"user": "postgres", "group": "postgres", "extra_groups": []} if self._as_root else {}),
            )
            output.seek(0)
            assert done.returncode == 0, output.read().decode("utf-8", "replace")


@contextmanager
def postgres(programs: Path, password: str) -> Iterator[int]:
    """Run PostgreSQL with the user `mlflow` and an empty database of that name; yield its port."""
    # Not in pytest's folder, which no other user may enter.
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        cluster, port = Cluster(programs, Path(name)), free_port()
        cluster.create(password)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        cluster.call("pg_ctl", "--wait", f"--log={Path(name) / 'log'}", f"--options={options}", "start")
        try:
            create_database(port, password)
            yield port
        finally:
            cluster.call("pg_ctl", "--wait", "--mode=fast", "stop")


def create_database(port: int, password: str) -> None:
    connection = psycopg2.connect(host="127.0.0.1", port=port, user="mlflow", password=password, dbname="postgres")
    connection.autocommit = True  # CREATE DATABASE runs in no transaction
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE mlflow")
    connection.close()
