"""The schema of params.yaml as a whole: every section, and what one asks of another."""

from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, model_validator
from pydantic_core import PydanticCustomError

from pixelproof.errors import UserError
from pixelproof.mistakes import explain
from pixelproof.params.augment import Augment
from pixelproof.params.baselines import Baselines
from pixelproof.params.cnn import Cnn
from pixelproof.params.evaluate import Evaluate
from pixelproof.params.explain import Explain
from pixelproof.params.fetch import Fetch
from pixelproof.params.ingest import Ingest
from pixelproof.params.mlp import Mlp
from pixelproof.params.recipe import too_late
from pixelproof.params.resize import Resize
from pixelproof.params.section import PARAMS, Section, Seed, read_yaml
from pixelproof.params.split import Split
from pixelproof.params.train import Train


class Params(Section):
    """params.yaml as a whole."""

    seed: Seed
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
    baselines: Baselines | None = None  # for `make baselines` alone

    @model_validator(mode="after")
    def reaches_every_change_of_the_learning_rate(self) -> Self:
        epochs = {"cnn": (self.train.epochs, "train.epochs")}
        epochs["mlp"] = (self.mlp.epochs, "mlp.epochs") if self.mlp.epochs else epochs["cnn"]
        for model, schedule in (("cnn", self.cnn.schedule), ("mlp", self.mlp.schedule)):
            if mistake := too_late(schedule, *epochs[model]):
                key, words = mistake
                raise PydanticCustomError("elsewhere", "{words}", {"where": f"{model}.schedule.{key}", "words": words})
        return self


def load_params(path: Path = PARAMS) -> Params:
    """Read and check a whole params file. Raises UserError that names every mistake."""
    return check(read_yaml(path), path)


def check(content: Any, path: Path) -> Params:
    """Return the content of the params file at `path`, checked. Raises UserError that names every mistake."""
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        raise UserError(explain(error, Params, content, path)) from None
