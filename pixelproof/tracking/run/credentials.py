"""Addresses without the passwords and tokens that may stand in them: what is recorded or shown is read by others."""

import re

USER = re.compile(r"(https?://)[^/\s]+@")  # a name alone may be a token there
PASSWORD = re.compile(r"(\w[\w+.-]*://[^/\s:@]*):[^/\s]*@")
QUERY = re.compile(r"([?&][\w.-]*(?:token|key|secret|password|signature|sig|auth|credential)[\w.-]*=)[^&\s#'\"]+", re.I)


def without_credentials(text: str) -> str:
    """Return a text with every address in it without its user (http), password, and parts of the query that are secret.

    What remains of `https://ada:1234@host/a.zip?token=5678&v=2` is `https://host/a.zip?token=***&v=2`.
    """
    return QUERY.sub(r"\1***", PASSWORD.sub(r"\1@", USER.sub(r"\1", text)))
