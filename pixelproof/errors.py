"""What ends a program early with one message: a user's mistake, and a signal to stop."""

import signal


class UserError(Exception):
    """Bad input. The text says where, what was given, what is expected, and the remedy."""


class Interrupted(KeyboardInterrupt):
    """A signal asked the program to stop, and it has done so in good order. The text says how to continue."""

    def __init__(self, text: str, number: int = signal.SIGINT) -> None:
        super().__init__(text)
        self.number = number
