"""The one exception for a user's mistake; whoever starts a program turns it into one message."""


class UserError(Exception):
    """Bad input. The text says where, what was given, what is expected, and the remedy."""
