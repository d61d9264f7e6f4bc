"""The program, of which the other modules of this room are the commands."""

import os
from typing import Annotated

import typer
from rich.console import Console

WIDE = 160  # columns

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.callback()
def _commands() -> None:
    """Plan networks, use models, search for better params, and trace every number to its origin."""


def terminal() -> Console:
    """Return the terminal; output to a file or a pipe gets lines as wide as the tables need."""
    shown = Console()
    return shown if shown.is_terminal or "COLUMNS" in os.environ else Console(width=WIDE)
