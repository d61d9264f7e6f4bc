"""deploy/ fits together: what compose.yaml names is there, and what it takes from deploy/.env is in .env.example."""

import configparser
import re
from typing import Annotated, Literal

import pytest
from packaging.requirements import Requirement
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tests.support.imports import ROOT
from tests.support.servers.compose import COMPOSE, DEPLOY, SERVICES, VARIABLE, filled_in

EXAMPLE = dict(
    line.split("=", 1) for line in (DEPLOY / ".env.example").read_text("utf-8").splitlines() if "=" in line[:40]
)


class Strict(BaseModel):
    """Compose refuses keys that it does not know, and a number or yes/no where it wants a text."""

    model_config = ConfigDict(extra="forbid", strict=True)


Duration = Annotated[str, StringConstraints(pattern=r"^(\d+h)?(\d+m)?(\d+s)?$")]


class Healthcheck(Strict):
    test: Annotated[list[str], Field(min_length=2)]
    interval: Duration
    timeout: Duration
    retries: int
    start_period: Duration = "0s"


class Build(Strict):
    context: str
    dockerfile: str


class Dependency(Strict):
    condition: Literal["service_healthy", "service_completed_successfully"]


class Service(Strict):
    image: Annotated[str, StringConstraints(pattern=r"^[\w./-]+(:[\w.-]+)?$")]
    build: Build | None = None
    restart: Literal["no", "unless-stopped"]
    command: list[str] = []
    environment: dict[str, str]
    ports: list[Annotated[str, StringConstraints(pattern=r"^\$\{LISTEN:\?[^}]+\}:\d+:\d+$")]] = []
    volumes: list[Annotated[str, StringConstraints(pattern=r"^[\w.]+:/[\w/]+(:ro)?$")]]
    depends_on: dict[str, Dependency] = {}
    healthcheck: Healthcheck | None = None


class Compose(Strict):
    name: str
    services: dict[str, Service]
    volumes: dict[str, dict[str, str]]


FILE = Compose.model_validate(COMPOSE)


def test_every_service_that_stays_has_a_health_check_and_every_other_is_waited_for() -> None:
    """Else `docker compose up --wait` would call a server ready that is not, or MLflow start without its bucket."""
    for name, service in FILE.services.items():
        condition = {other.depends_on[name].condition for other in FILE.services.values() if name in other.depends_on}
        if service.restart == "no":
            assert condition == {"service_completed_successfully"}, name
        else:
            assert service.healthcheck is not None, name
            assert condition <= {"service_healthy"}, name


def test_services_wait_for_services_that_exist() -> None:
    """Compose refuses a file that names another."""
    assert {name for service in SERVICES.values() for name in service.get("depends_on", {})} <= SERVICES.keys()


def test_images_name_a_version_unless_they_are_built_here() -> None:
    """Else another day's `docker compose up` would start another program on the same data."""
    for service in FILE.services.values():
        assert service.build is not None or re.search(r":\d", service.image), service.image


def test_what_a_volume_names_is_declared_or_a_folder_here() -> None:
    """Compose refuses a volume that is not declared; a declared one that nobody mounts keeps nothing."""
    sources = {volume.split(":")[0] for service in FILE.services.values() for volume in service.volumes}
    assert sources - {"."} == FILE.volumes.keys()


def test_every_variable_is_in_the_example_and_the_other_way_round() -> None:
    """Else a person who fills in the example would be refused, or fill in what does nothing."""
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    lines = [line.partition("#")[0] if line.lstrip().startswith("#") else line for line in text.splitlines()]
    used = {found[1] for line in lines for found in VARIABLE.finditer(line)}
    assert used == EXAMPLE.keys()
    assert sum(line.count("${") for line in lines) == sum(len(VARIABLE.findall(line)) for line in lines)


def test_the_example_holds_no_secret_and_git_ignores_the_real_one() -> None:
    """A password in Git is everyone's; a default one is never changed."""
    assert {name for name in EXAMPLE if name.endswith(("PASSWORD", "SECRET_KEY")) and EXAMPLE[name]} == set()
    assert "/deploy/.env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_no_password_stands_in_a_command() -> None:
    """Every user of the machine can read the commands of running programs."""
    values = {name: f"<{name}>" for name in EXAMPLE}
    arguments = [text for service in SERVICES.values() for text in filled_in(service.get("command", []), values)]
    assert not [text for text in arguments if "PASSWORD>" in text or "KEY>" in text]


def test_files_named_in_containers_are_here() -> None:
    """A misspelt path would show only when the container starts."""
    texts = [
        text
        for service in SERVICES.values()
        for text in (*service["environment"].values(), *service.get("command", []))
    ]
    named = {text.removeprefix("/deploy/") for text in texts if text.startswith("/deploy/")}
    assert named == {"buckets.py", "basic_auth.ini"}
    assert all((DEPLOY / name).is_file() for name in named)


def test_users_lie_in_the_database_of_the_runs() -> None:
    """MLflow's own default is a file in the container, which goes with the container."""
    config = configparser.ConfigParser()
    config.read(DEPLOY / "basic_auth.ini", "utf-8")
    store = f"--backend-store-uri={config['mlflow']['database_uri']}"
    assert store in SERVICES["mlflow"]["command"]


def test_ports_of_servers_and_health_checks_agree() -> None:
    """Else a healthy server would be called ill, or answer where nobody asks."""
    published = {
        port for service in FILE.services.values() for port in re.findall(r":(\d+):\1$", "\n".join(service.ports))
    }
    assert published == {"5000", "8333"}
    assert "--port=5000" in SERVICES["mlflow"]["command"]
    for name, port in (("mlflow", "5000"), ("s3", "8333")):
        assert f"127.0.0.1:{port}/" in " ".join(SERVICES[name]["healthcheck"]["test"])


@pytest.fixture(scope="module")
def installed() -> list[str]:
    """What the Dockerfile installs beside the lock's constraints."""
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    line = next(line for line in text.splitlines() if "--constraints requirements.lock" in line)
    return [str(Requirement(word.strip('"'))) for word in line.partition("requirements.lock ")[2].split()]


def test_the_image_holds_only_what_the_lock_pins(installed: list[str]) -> None:
    """What the lock does not name would come in whichever version is new that day, without a hash."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    for requirement in installed:
        assert re.search(rf"^{Requirement(requirement).name}==", lock, re.MULTILINE), requirement
    assert re.search("^flask-wtf==", lock, re.MULTILINE), "what mlflow[auth] adds"
