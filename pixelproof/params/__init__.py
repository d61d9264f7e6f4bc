"""The schema of params.yaml (every key, its type, its range) and its one loader.

There are no defaults for what decides a result: params.yaml is the one place. A key that may be left
out (`X | None = None`, or a layer's option) switches a feature off by its absence.
"""

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pixelproof.errors import UserError
from pixelproof.mistakes import explain
from pixelproof.params.base import Section
from pixelproof.params.data import Augment, Fetch, Ingest, Resize, Split
from pixelproof.params.network import Cnn, Mlp
from pixelproof.params.recipe import too_late
from pixelproof.params.training import Evaluate, Explain, Train

PARAMS = Path("params.yaml")


class Params(Section):
    """params.yaml as a whole."""

    seed: Annotated[int, Field(ge=0, lt=2**32)]
    fetch: Fetch
    ingest: Ingest
    resize: Resize
    split: Split
    augment: Augment
    cnn: Cnn
    mlp: Mlp
    train: Train
    evaluate: Evaluate
    explain: Explain

    @model_validator(mode="after")
    def reaches_every_change_of_the_learning_rate(self) -> Self:
        for model, schedule in (("cnn", self.cnn.schedule), ("mlp", self.mlp.schedule)):
            if mistake := too_late(schedule, self.train.epochs):
                key, words = mistake
                raise PydanticCustomError("elsewhere", "{words}", {"where": f"{model}.schedule.{key}", "words": words})
        return self


def load_params(path: Path = PARAMS) -> Params:
    """Read and check a whole params file. Raises UserError that names every mistake."""
    content = read_yaml(path)
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        raise UserError(explain(error, Params, content, path)) from None


def read_yaml(path: Path) -> Any:
    """Return the content of a settings file, read as DVC reads it (YAML 1.2: `1e-3` is a number, `no` a word).

    Raises UserError if it cannot be read.
    """
    try:
        return YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}. Run from the project's folder, or name the file.") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(f"{path}: line {line} is not YAML that can be read: {error.problem}") from None
    except YAMLError as error:  # characters that YAML forbids
        raise UserError(f"{path}: not YAML that can be read: {' '.join(str(error).split())}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: this is no UTF-8 text: {error}") from None
