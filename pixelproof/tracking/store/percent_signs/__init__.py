"""A % in the path of the environment: MLflow 3.17 gives its own folder to alembic, which takes % for a sign of its own.

MLflow escapes it in the addresses of databases alone.
"""

import importlib.util
from pathlib import Path
from typing import Any

STARTUP = Path(__file__).parent  # in PYTHONPATH, the sitecustomize there lets other programs start so, too


def is_needed() -> bool:
    found = importlib.util.find_spec("mlflow")
    return found is not None and "%" in str(found.origin)


def allow_percent_signs() -> None:
    """Let MLflow find its own tables' descriptions in whatever folder this project is."""
    if not is_needed():
        return
    from mlflow.store.db import utils

    utils._get_alembic_config = _alembic_config


def _alembic_config(db_url: str, alembic_dir: str | None = None) -> Any:
    """Do what MLflow's function of the same name does, with both values escaped."""
    from alembic.config import Config
    from mlflow.store.db import utils

    root = utils._get_package_dir()  # type: ignore[no-untyped-call]  # MLflow gives it no types
    folder = Path(alembic_dir or Path(root) / "store/db_migrations")
    config = Config(str(folder / "alembic.ini"))
    for key, value in {"script_location": str(folder), "sqlalchemy.url": db_url}.items():
        config.set_main_option(key, value.replace("%", "%%"))
    return config
