"""What a person sees on the terminal: messages, progress bars, and a mistake as one message."""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from pixelproof.errors import UserError

T = TypeVar("T")
CHATTY = {"absl", "alembic", "mlflow"}  # libraries whose notes mean nothing to a user; their errors show


def run(work: Callable[[], None]) -> None:
    """Run a stage: a user's mistake ends it with one message on standard error and exit status 1."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(lambda record: record.levelno >= logging.ERROR or record.name.split(".")[0] not in CHATTY)
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[handler], force=True)
    try:
        work()
    except UserError as mistake:
        logging.getLogger("pixelproof").error("error: %s", mistake)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        logging.getLogger("pixelproof").error("stopped by Ctrl-C; no output is half-written")
        raise SystemExit(130) from None


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


@contextmanager
def transfer(description: str, total: int | None, done: int = 0) -> Iterator[Callable[[int], None]]:
    """Show bytes, rate and time left on standard error; the function that it yields takes how many more are done."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(description, total=total, completed=done)
        yield lambda count: bar.advance(task, count)
