"""What every section of params.yaml shares: strictness, the types of its values, and how one section is read.

There are no defaults for what decides a result: params.yaml is the one place. A key that may be left
out (`X | None = None`, or a layer's option) switches a feature off by its absence.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pixelproof.errors import UserError

PARAMS = Path("params.yaml")
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Size = Positive | Annotated[list[Positive], Field(min_length=2, max_length=2)]  # one side, or [height, width]
Padding = Literal["valid", "same"] | Annotated[int, Field(ge=0)]
Activation = Literal["linear", "relu", "elu", "gelu", "leaky_relu", "sigmoid", "silu", "tanh"]
Pair = tuple[int, int]  # (height, width)
# Lower case and no dots, so that `dvc exp run -S cnn.layers.conv1.filters=32` reaches the layer.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


S = TypeVar("S", bound=Section)


def pair(size: Size) -> Pair:
    """Return (height, width) of a size that may be given as one number."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def load_section(kind: type[S], path: Path = PARAMS) -> S:
    """Return one section of a params file; its key is the name of the class in lower case.

    Raises UserError that names every mistake of the whole file: a stage touches nothing while there is one.
    """
    return kind.model_validate(_checked(path)[kind.__name__.lower()])


def load_seed(path: Path = PARAMS) -> int:
    """Return the seed of a params file. Raises UserError as `load_section` does."""
    return int(_checked(path)["seed"])


def _checked(path: Path) -> Any:
    from pixelproof.params.whole import check  # it knows all sections: here a stage would depend on every one of them

    content = read_yaml(path)
    check(content, path)
    return content


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
        raise UserError(f"{path}: line {line} is not valid YAML: {error.problem}") from None
    except YAMLError as error:  # characters that YAML forbids
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text: {error}") from None
