"""deploy/compose.yaml as the tests read it."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from ruamel.yaml import YAML

from tests.support.imports import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
VARIABLE = re.compile(r"\$\{(\w+):\?[^}]+\}")  # the one form that the file uses: required, with a message

Texts = TypeVar("Texts", dict[str, str], list[str])


def filled_in(texts: Texts, values: Mapping[str, str]) -> Texts:
    """Return the texts with each ${VARIABLE} replaced, as `docker compose` does; KeyError where one has no value."""

    def fill(text: str) -> str:
        return VARIABLE.sub(lambda found: values[found[1]], text)

    if isinstance(texts, dict):
        return {key: fill(text) for key, text in texts.items()}
    return [fill(text) for text in texts]
