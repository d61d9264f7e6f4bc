"""What a person sees on the terminal: messages, progress bars, and a mistake as one message."""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from pixelproof.errors import UserError

T = TypeVar("T")


def run(work: Callable[[], None]) -> None:
    """Run a stage: a user's mistake ends it with one message on standard error and exit status 1."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for chatty in ("absl", "alembic", "mlflow", "grain"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    try:
        work()
    except UserError as mistake:
        logging.getLogger("pixelproof").error("error: %s", mistake)
        raise SystemExit(1) from None


def progress(items: Iterable[T], description: str, total: int) -> Iterator[T]:
    """Yield the items while a bar on standard error shows count, share, time spent and time left."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield from bar.track(items, total=total, description=description)
