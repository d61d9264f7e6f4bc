"""What ends a program early with one message: a user's mistake, or a signal."""

import signal


class UserError(Exception):
    """A user's mistake. The message says where, what was given, what is expected, and the remedy."""


class Interrupted(KeyboardInterrupt):
    """A signal asked the program to stop, and it did so cleanly. The message says how to continue."""

    def __init__(self, message: str, number: int = signal.SIGINT) -> None:
        super().__init__(message)
        self.number = number
