"""Terminal output: messages, progress bars, and a user's mistake as one message."""

import gc
import logging
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from pixelproof.errors import Interrupted, UserError

T = TypeVar("T")
# libraries whose log messages mean nothing to a user; their errors are shown
CHATTY = {"absl", "alembic", "mlflow", "tensorflow"}


def run(work: Callable[[], None]) -> None:
    """Run a stage; a user's mistake ends it with one message on standard error and exit status 1.

    A signal also ends it with a message, and with the status that shells use: 130 for Ctrl-C, 143 for SIGTERM.
    """
    gc.freeze()
    gc.enable()  # stages/__init__.py has disabled it while libraries were imported
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(lambda record: record.levelno >= logging.ERROR or record.name.split(".")[0] not in CHATTY)
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[handler], force=True)
    warnings.filterwarnings("ignore", ".*tasks which were still being processed")  # joblib's advice after Ctrl-C
    try:
        work()
    except UserError as mistake:
        logging.getLogger("pixelproof").error("error: %s", mistake)
        raise SystemExit(1) from None
    except Interrupted as stop:
        logging.getLogger("pixelproof").error("%s", stop)
        raise SystemExit(128 + stop.number) from None
    except KeyboardInterrupt:
        logging.getLogger("pixelproof").error("stopped by Ctrl-C; no output is half-written")
        raise SystemExit(130) from None


class _Rate(ProgressColumn):
    """Items per second."""

    def __init__(self, unit: str = "/s") -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}{self.unit}", style="progress.data.speed")


def progress(items: Iterable[T], description: str, total: int, done: int = 0) -> Iterator[T]:
    """Yield the items while a bar on standard error shows count, share, rate, elapsed and remaining time.

    `done` of the `total` items were done before.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=4) as bar:
        yield from bar.track(items, total=total, completed=done, description=description)


def drain_with_progress(counts: Iterable[int], description: str, total: int, done: int = 0) -> None:
    """Consume `counts`, the number of items done each time, with a bar as in `progress`."""
    if done:
        logging.info("%s: continues after %s of %s", description, f"{done:,}", f"{total:,}")
    for _ in progress((1 for count in counts for _ in range(count)), description, total, done):
        pass


@contextmanager
def transfer(description: str, total: int | None, done: int = 0) -> Iterator[Callable[[int], None]]:
    """Show bytes, rate and remaining time on standard error; call the yielded function with numbers of new bytes."""
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


def has_terminal() -> bool:
    """Return whether standard error is a terminal, on which a bar can be drawn."""
    return Console(stderr=True).is_terminal


@contextmanager
def training_bar(description: str, images: int, done: int) -> Iterator[Callable[[int, str], None]]:
    """Show the progress of a training run: status, images per second, and the most time that it can still take.

    Call the yielded function with the number of images done and a status text. Without a terminal it does nothing.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TextColumn("{task.fields[status]}"),
        _Rate(" images/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=4, disable=not has_terminal()) as bar:
        task = bar.add_task(description, total=images, completed=done, status="")
        yield lambda done, status: bar.update(task, completed=done, status=status)
