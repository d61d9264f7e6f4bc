"""The team's server of deploy/compose.yaml without Docker: PostgreSQL, moto as S3 and MLflow, all on 127.0.0.1."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from moto.server import ThreadedMotoServer

from tests.support.environment import environment as clean_environment
from tests.support.project import Project
from tests.support.servers.compose import DEPLOY, SERVICES, filled_in
from tests.support.servers.postgres import free_port, postgres
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Team:
    """A running server: its addresses, what stands in its deploy/.env, its services' environment, MLflow's log."""

    mlflow: str
    s3: str
    values: Mapping[str, str]
    environment: Mapping[str, str]
    log: Path

    @property
    def s3_keys(self) -> dict[str, str]:
        """What boto3 and DVC read."""
        return {
            "AWS_ACCESS_KEY_ID": self.values["S3_ACCESS_KEY"],
            "AWS_SECRET_ACCESS_KEY": self.values["S3_SECRET_KEY"],
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def member(self, name: str, password: str) -> dict[str, str]:
        """What docs/team.md tells a person to set."""
        return {
            "MLFLOW_TRACKING_URI": self.mlflow,
            "MLFLOW_TRACKING_USERNAME": name,
            "MLFLOW_TRACKING_PASSWORD": password,
            **self.s3_keys,
        }


class Clone(Project):
    """A clone of another project's repository, with an empty DVC cache; it trains nothing until it is told to."""

    def __init__(self, origin: Project, root: Path, environment: Mapping[str, str]) -> None:
        subprocess.run(["git", "clone", "--quiet", str(origin.root), str(root)], check=True)
        self.root = root
        self.environment = environment


def command(service: str, values: Mapping[str, str], port: int) -> list[str]:
    """Return a service's command of compose.yaml: at `port`, on 127.0.0.1 alone, with deploy/ where it is here."""
    here = {"/deploy/": f"{DEPLOY}/", "--host=0.0.0.0": "--host=127.0.0.1", "--port=5000": f"--port={port}"}
    written = filled_in(SERVICES[service]["command"], values)
    for there, instead in here.items():
        written = [argument.replace(there, instead) for argument in written]
    return written


@contextmanager
def team_server(programs: Path, folder: Path, values: Mapping[str, str]) -> Iterator[Team]:
    """Run the services of deploy/compose.yaml with `values` as deploy/.env; yield where they are."""
    port = free_port()
    values = {**values, "MLFLOW_HOSTS": f"127.0.0.1:{port}"}
    with postgres(programs, values["POSTGRES_PASSWORD"]) as database, object_store() as s3:
        environment = clean_environment() | filled_in(SERVICES["mlflow"]["environment"], values)
        # only what names a place is another one than in compose.yaml
        environment |= {"PGHOST": "127.0.0.1", "PGPORT": str(database), "MLFLOW_S3_ENDPOINT_URL": s3}
        environment["MLFLOW_AUTH_CONFIG_PATH"] = environment["MLFLOW_AUTH_CONFIG_PATH"].replace("/deploy", str(DEPLOY))
        subprocess.run(command("buckets", values, port), env=environment, check=True)
        team = Team(f"http://127.0.0.1:{port}", s3, values, environment, folder / "mlflow.log")
        with serving(command("mlflow", values, port), team):
            yield team


@contextmanager
def object_store() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@contextmanager
def serving(arguments: list[str], team: Team) -> Iterator[None]:
    """Run MLflow's server until the block ends."""
    with team.log.open("wb") as log:
        server = subprocess.Popen(
            arguments, cwd=team.log.parent, env=team.environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_until_healthy(server, team)
        yield
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)


def wait_until_healthy(server: subprocess.Popen[bytes], team: Team) -> None:
    """Ask as the health check of compose.yaml asks."""
    marker, *check = SERVICES["mlflow"]["healthcheck"]["test"]
    assert marker == "CMD"
    check = [argument.replace("http://127.0.0.1:5000", team.mlflow) for argument in check]
    try:
        wait_until(lambda: subprocess.run(check, env=team.environment, capture_output=True).returncode == 0, server)
    except AssertionError as failed:
        raise AssertionError(f"MLflow's server did not start:\n{team.log.read_text('utf-8')}") from failed
